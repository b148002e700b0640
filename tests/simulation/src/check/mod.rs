//! Looks at all that happens, and says when it should not have.
//!
//! Three sources are compared: what is changed in the store, what processes tell as events, and what the jobs' work
//! sees. The store's part says which run times have been used up by whom, and what a plain reading of the job's
//! definition expects of each (`policy`); all the rest must follow from it.

mod end;
mod events;
mod policy;
mod runs;
mod store;
mod violation;

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{Fence, HistoryEntry, JobId, NodeId, RunId, Timestamp};

use self::policy::Policy;
use crate::script::Script;

pub(crate) use self::store::How;
pub use self::violation::Violation;

/// How far clocks may lead astray at most, relative to the time since they were compared.
const DRIFT: f64 = 0.06;

/// How long a call is on its way to the store at most, in microseconds.
const ON_ITS_WAY: i64 = 1_600_000;

/// A start of a process's scheduler.
pub(crate) type Session = (usize, usize);

#[derive(Debug)]
pub(crate) struct Check {
    lease: i64,
    drifts: Vec<bool>,
    /// When each machine's clock was last set.
    jumped: Vec<Option<i64>>,
    jobs: BTreeMap<JobId, JobState>,
    /// Counts the jobs that were ever added.
    born: u32,
    /// When, and by which start of a process, each job was claimed.
    claims: BTreeMap<(JobId, i64), (Timestamp, Session)>,
    /// The commits that were sent without an answer at least once.
    doubted: BTreeSet<(JobId, Fence)>,
    uses: Vec<Use>,
    runs: BTreeMap<RunId, RunState>,
    processes: BTreeMap<usize, ProcessState>,
    /// How each attempt has ended, as events tell it.
    ends: BTreeMap<(RunId, u32), End>,
    begins: BTreeMap<(RunId, u32), usize>,
    history: BTreeMap<(RunId, u32), HistoryEntry>,
    /// What is known of how the check itself was used.
    pub(crate) counts: Counts,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Run times that were used up.
    pub uses: usize,
    /// Runs that began.
    pub begins: usize,
    /// Attempts after the first.
    pub again: usize,
    /// Run times that were passed over.
    pub skipped: usize,
}

#[derive(Debug)]
struct JobState {
    born: u32,
    policy: Policy,
    /// The most it has ever been since it was added.
    max_instances: u32,
    paused: bool,
    is_there: bool,
    /// When a user changed or removed it last.
    changed: Option<i64>,
}

/// Run times that a commit has used up.
#[derive(Debug)]
struct Use {
    job: JobId,
    fence: i64,
    born: u32,
    session: Session,
    policy: Policy,
    /// Nobody has heard whether it was carried out, at first.
    in_doubt: bool,
    /// Those to be run that have not been started.
    unstarted: Vec<i64>,
    /// Those to be run that have not been told the end of.
    unended: Vec<i64>,
    /// Those passed over that nobody has been told of.
    untold: Vec<i64>,
    rerun: bool,
    at: i64,
}

/// A run that is, or was, recorded in the store.
#[derive(Clone, Debug)]
struct RunState {
    job: JobId,
    place: RunPlace,
    /// Outside of the schedule.
    unscheduled: bool,
    /// When it was recorded as it is, or its end was told.
    since: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RunPlace {
    Recorded {
        node: NodeId,
        attempt: u32,
    },
    Cleared,
    /// Removed with its job, by a user.
    Removed,
}

#[derive(Clone, Debug)]
struct End {
    process: usize,
    kind: punctual_core::OutcomeKind,
}

#[derive(Debug, Default)]
struct ProcessState {
    /// Submitted and not ended, as its events tell.
    active: Vec<Active>,
    /// The most that were active of a job since it was claimed last.
    peaks: BTreeMap<JobId, usize>,
    /// Users who are waiting for a run outside of the schedule.
    run_now: BTreeMap<JobId, usize>,
    is_dead: bool,
    /// The sessions that were shut down, or were about to be.
    last_shutdown: Option<usize>,
}

#[derive(Clone, Debug)]
struct Active {
    run: RunId,
    attempt: u32,
    job: JobId,
    time: i64,
    /// The use that it comes from; none outside of the schedule.
    of: Option<usize>,
    begun: bool,
    worked: bool,
}

fn broken<T>(rule: &'static str, text: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { rule, text: text.into() })
}

impl Check {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            lease: i64::from(script.lease) * 1_000,
            drifts: script.machines.iter().map(|machine| machine.drift > 0).collect(),
            jumped: vec![None; script.machines.len()],
            jobs: BTreeMap::new(),
            born: 0,
            claims: BTreeMap::new(),
            doubted: BTreeSet::new(),
            uses: Vec::new(),
            runs: BTreeMap::new(),
            processes: BTreeMap::new(),
            ends: BTreeMap::new(),
            begins: BTreeMap::new(),
            history: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// A clock is set.
    pub(crate) fn jumped(&mut self, machine: usize, now: Timestamp) {
        self.jumped[machine] = Some(now.as_micros());
    }

    /// A process is killed.
    pub(crate) fn died(&mut self, process: usize) {
        let process = self.processes.entry(process).or_default();
        process.is_dead = true;
        process.active.clear();
    }

    /// A user waits for a run outside of the schedule, or does so no more.
    pub(crate) fn run_now(&mut self, process: usize, job: &JobId, waits: bool) {
        let waiting =
            self.processes.entry(process).or_default().run_now.entry(job.clone()).or_default();
        *waiting = if waits { *waiting + 1 } else { waiting.saturating_sub(1) };
        self.note_peak(process, job);
    }

    /// A scheduler is about to shut down.
    pub(crate) fn shuts_down(&mut self, session: Session) {
        self.processes.entry(session.0).or_default().last_shutdown = Some(session.1);
    }

    /// By how much a process may take it to be later than it is.
    fn early(&self, machine: usize, now: i64) -> i64 {
        // What was known of the time holds as long as an answer leaves it possible, so it may be wrong by as much as
        // a question is on its way.
        let drift = (self.lease as f64 / 2.0 * DRIFT) as i64 + ON_ITS_WAY;
        let drift = if self.drifts[machine] { drift } else { 0 };
        let recently = self.jumped[machine].is_some_and(|at| now - at < 2 * self.lease);
        drift + if recently { self.lease / 2 } else { 0 }
    }

    /// How many runs of a job a process has, or may be about to have.
    fn active(&self, process: usize, job: &JobId) -> usize {
        let Some(process) = self.processes.get(&process) else { return 0 };
        let active = process.active.iter().filter(|active| active.job == *job).count();
        active + process.run_now.get(job).copied().unwrap_or(0)
    }

    fn note_peak(&mut self, process: usize, job: &JobId) {
        let active = self.active(process, job);
        let peaks = &mut self.processes.entry(process).or_default().peaks;
        let peak = peaks.entry(job.clone()).or_default();
        *peak = active.max(*peak);
    }
}
