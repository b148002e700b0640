//! Operations on a store and on the model, as plain data.
//!
//! They refer to fences and batches by relative positions, so that a sequence remains valid when some of its operations
//! are removed.

use std::fmt;

/// Name of a job, task, node or key.
pub(super) type Name = &'static str;

/// An instant: seconds after [`at`](crate::job_store::builders::at)`(0)`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Offset(pub(super) i64);

impl fmt::Debug for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// The tasks of a filter; `None` for all tasks.
pub(super) type Tasks = Option<&'static [Name]>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add(Vec<JobSpec>),
    Update(UpdateSpec),
    Remove(Vec<Name>),
    List {
        after: Option<(Option<Offset>, Name)>,
        limit: usize,
    },
    Claim {
        node: Name,
        now: Offset,
        limit: usize,
        lease: u64,
        tasks: Tasks,
    },
    /// Creates a batch and sends it, unless `later` is set: then only an [`Op::Deliver`] sends it.
    Commit {
        commits: Vec<CommitSpec>,
        history: Vec<HistorySpec>,
        later: bool,
    },
    /// Sends the batch that was created `back` batches before the latest, also if it has been sent already.
    Deliver {
        back: usize,
    },
    Renew {
        node: Name,
        now: Offset,
        until: Offset,
        tasks: Tasks,
    },
    /// Takes over until no runs and claims of expired nodes are left.
    TakeOver {
        node: Name,
        /// Whether the node takes over only its own runs and claims.
        own: bool,
        /// Whether it then knows its runs with an even number.
        knows: bool,
        /// Whether it then has renewed its lease since.
        late: bool,
        now: Offset,
        limit: usize,
        tasks: Tasks,
    },
    NextWakeup {
        tasks: Tasks,
    },
    SetMetadata {
        key: Name,
        value: u8,
    },
    ReadHistory {
        job: Option<Name>,
        failed: bool,
        since: Offset,
        until: Offset,
        limit: usize,
    },
    ForgetBefore {
        before: Offset,
        limit: usize,
    },
    ForgetBeyond {
        jobs: Vec<Name>,
        keep: usize,
        limit: usize,
    },
    /// Shuts the store down and starts it again.
    Restart,
    /// Reopens the store, if it is persistent.
    Reopen,
    /// Continues with another store on the same jobs, if they can be shared.
    Switch,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct JobSpec {
    pub(super) job: Name,
    pub(super) task: Name,
    pub(super) definition: u8,
    pub(super) schedule: Option<ScheduleSpec>,
}

/// A schedule: the run time, and the delay of `due_at` in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScheduleSpec {
    pub(super) next: Offset,
    pub(super) delay: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct UpdateSpec {
    pub(super) job: Name,
    /// Difference of the expected revision from that of the job.
    pub(super) revision_off: i64,
    pub(super) definition: Option<(Name, u8)>,
    pub(super) schedule: Option<Option<ScheduleSpec>>,
    pub(super) expected: Option<Expected>,
    pub(super) fire_count: Option<u64>,
}

/// The expected run time of an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    Current,
    None,
    At(Offset),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitSpec {
    pub(super) job: Name,
    pub(super) fence: FenceOf,
    pub(super) action: Action,
}

/// The fence of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FenceOf {
    /// A fence of the job: `back` fences before the latest.
    Job { back: usize },
    /// A fence of the run of the commit: `back` fences before the latest.
    Run { back: usize },
    /// A fence that was never used: the smallest or the largest.
    Unused { large: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Advance {
        to: ScheduleSpec,
        fire_count: u64,
        start: Vec<RunSpec>,
    },
    Finish {
        start: Vec<RunSpec>,
    },
    Postpone {
        due: Offset,
    },
    BringForward {
        due: Offset,
    },
    Start {
        runs: Vec<RunSpec>,
    },
    Clear {
        run: u8,
    },
    /// The fence of the new attempt is larger by `fence_plus` than that of the commit.
    Retry {
        run: u8,
        node: Name,
        attempt: u32,
        fence_plus: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RunSpec {
    pub(super) run: u8,
    pub(super) node: Name,
    pub(super) scheduled: Offset,
    pub(super) fence: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistorySpec {
    pub(super) job: Name,
    pub(super) run: u8,
    pub(super) attempt: u32,
    pub(super) finished: Offset,
    pub(super) error: Option<u8>,
}
