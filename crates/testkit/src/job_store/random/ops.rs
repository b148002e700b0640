//! Operations as plain data: what is played to a store and to the model.
//!
//! They name fences and batches by their place in what has happened, so that a sequence still makes sense when
//! some of its operations are left out.

use std::fmt;

/// Jobs, tasks, nodes, keys.
pub(super) type Name = &'static str;

/// Seconds after the beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct At(pub(super) i64);

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.0)
    }
}

/// Which tasks pass; all of them when there is no list.
pub(super) type Tasks = Option<&'static [Name]>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Add(Vec<New>),
    Update(Change),
    Remove(Vec<Name>),
    List {
        after: Option<(Option<At>, Name)>,
        limit: usize,
    },
    Claim {
        node: Name,
        now: At,
        limit: usize,
        lease: u64,
        tasks: Tasks,
    },
    /// Sends a batch; or, with `later`, makes it and leaves it to an [`Op::Deliver`].
    Commit {
        commits: Vec<Guarded>,
        ended: Vec<Ended>,
        later: bool,
    },
    /// Delivers the batch that was made so many before the latest, once more if it was sent.
    Deliver {
        back: usize,
    },
    Renew {
        node: Name,
        now: At,
        until: At,
        tasks: Tasks,
    },
    /// Takes over until nothing is left.
    TakeOver {
        node: Name,
        now: At,
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
        since: At,
        until: At,
        limit: usize,
    },
    ForgetBefore {
        before: At,
        limit: usize,
    },
    ForgetBeyond {
        jobs: Vec<Name>,
        keep: usize,
        limit: usize,
    },
    /// Shuts the store down and starts it again.
    Restart,
    /// Opens the store anew, where it outlives the process.
    Reopen,
    /// Goes on with another store on the same jobs, where they can be shared.
    Switch,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct New {
    pub(super) job: Name,
    pub(super) task: Name,
    pub(super) definition: u8,
    pub(super) schedule: Option<ScheduleSpec>,
}

/// A schedule: the run time, and how long after it the job is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ScheduleSpec {
    pub(super) next: At,
    pub(super) delay: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) job: Name,
    /// How far from the job's revision the expected one is.
    pub(super) revision_off: i64,
    pub(super) definition: Option<(Name, u8)>,
    pub(super) schedule: Option<Option<ScheduleSpec>>,
    pub(super) expected: Option<Expected>,
    pub(super) restart: bool,
}

/// The run time that an update expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expected {
    TheOneItHas,
    None,
    At(At),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Guarded {
    pub(super) job: Name,
    pub(super) fence: FenceOf,
    pub(super) action: Action,
}

/// Which fence a commit names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FenceOf {
    /// One that the job has had: so many before the latest.
    Job { back: usize },
    /// One that the run of the commit has had: so many before the latest.
    Run { back: usize },
    /// One that nothing has: the smallest or the largest.
    Nobody { large: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Advance {
        to: ScheduleSpec,
        fire_count: u64,
        start: Vec<NewRun>,
    },
    Finish {
        start: Vec<NewRun>,
    },
    Postpone {
        due: At,
    },
    BringForward {
        due: At,
    },
    Start {
        runs: Vec<NewRun>,
    },
    Clear {
        run: u8,
    },
    /// Its fence is so much larger than the one that the commit names.
    Retry {
        run: u8,
        node: Name,
        attempt: u32,
        fence_plus: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NewRun {
    pub(super) run: u8,
    pub(super) node: Name,
    pub(super) scheduled: At,
    pub(super) fence: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    pub(super) job: Name,
    pub(super) run: u8,
    pub(super) attempt: u32,
    pub(super) finished: At,
    pub(super) error: Option<u8>,
}
