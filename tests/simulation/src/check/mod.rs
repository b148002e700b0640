//! The invariant checker.
//!
//! It compares three sources: the changes in the store, the events of processes, and the calls of tasks. The changes in
//! the store determine which fire times each process has consumed, and a simple model of the job's definition
//! (`policy`) determines the expected result for each; everything else must be consistent with that.

mod events;
mod final_state;
mod policy;
mod retries;
mod runs;
mod store;
mod violation;

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{Fence, HistoryRecord, JobId, NodeId, RunId, Timestamp};

use self::policy::Policy;
use crate::script::Script;

pub(crate) use self::retries::RetryChecker;
pub(crate) use self::store::Delivery;
pub use self::violation::Violation;

/// The maximum clock error, relative to the time since the last comparison with the store's clock.
const DRIFT: f64 = 0.06;

/// The maximum delay of a request in microseconds.
const MAX_REQUEST_DELAY: i64 = 1_600_000;

/// A process and the start of its scheduler.
pub(crate) type Session = (usize, usize);

#[derive(Debug)]
pub(crate) struct InvariantChecker {
    lease: i64,
    drifts: Vec<bool>,
    /// When each machine's clock was last set.
    jumped: Vec<Option<i64>>,
    /// Until when a lease on each machine may seem valid because of that.
    lease_prolonged: Vec<i64>,
    jobs: BTreeMap<JobId, JobState>,
    /// The number of jobs added so far.
    incarnation: u32,
    claims: BTreeMap<(JobId, i64), ClaimState>,
    /// The commits that had no response at least once.
    unconfirmed: BTreeSet<(JobId, Fence)>,
    consumed: Vec<ConsumedFireTimes>,
    runs: BTreeMap<RunId, RunState>,
    processes: BTreeMap<usize, ProcessState>,
    /// The completion of each attempt, from events.
    completions: BTreeMap<(RunId, u32), Completion>,
    starts: BTreeMap<(RunId, u32), usize>,
    history: BTreeMap<(RunId, u32), HistoryRecord>,
    /// Counts for the report.
    pub(crate) counts: Counts,
}

/// Counts of events.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Fire times that were consumed.
    pub consumed: usize,
    /// Runs that started.
    pub starts: usize,
    /// Attempts after the first.
    pub again: usize,
    /// Fire times that were skipped.
    pub skipped: usize,
}

#[derive(Debug)]
struct JobState {
    incarnation: u32,
    policy: Policy,
    /// The highest value since the job was added.
    max_instances: u32,
    paused: bool,
    exists: bool,
    /// When a user last changed or removed the job.
    changed: Option<i64>,
}

/// A claim by a process.
#[derive(Clone, Copy, Debug)]
struct ClaimState {
    at: Timestamp,
    session: Session,
    /// The policy in the claimed definition, by which the process plans.
    policy: Policy,
    /// The fire time whose run may start under the claim, as an index into the consumed ones.
    under_claim: Option<usize>,
}

/// The fire times that one commit has consumed, or the fire time whose run may start under a claim.
#[derive(Debug)]
struct ConsumedFireTimes {
    job: JobId,
    fence: i64,
    incarnation: u32,
    /// The first of the fire times.
    first: i64,
    session: Session,
    policy: Policy,
    /// Whether the response to the first attempt of the commit was lost.
    was_unconfirmed: bool,
    /// Fire times whose runs have not been submitted.
    unsubmitted_runs: Vec<i64>,
    /// Fire times whose runs have not been reported as completed.
    incomplete_runs: Vec<i64>,
    /// Skipped fire times that have not been reported.
    unreported_skips: Vec<i64>,
    rerun: bool,
    at: i64,
    /// The attempt of the runs.
    attempt: u32,
    /// The run that was started under the claim, before the commit.
    started_under_claim: Option<RunId>,
}

/// A run that is, or was, recorded in the store.
#[derive(Clone, Debug)]
struct RunState {
    job: JobId,
    record: RecordState,
    /// Whether the run is outside of the schedule.
    unscheduled: bool,
    /// When the record last changed, or the completion was reported.
    since: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum RecordState {
    Recorded {
        node: NodeId,
        attempt: u32,
    },
    Cleared,
    /// Removed by a user together with its job.
    Removed,
}

#[derive(Clone, Debug)]
struct Completion {
    process: usize,
    kind: punctual_core::OutcomeKind,
}

#[derive(Debug, Default)]
struct ProcessState {
    /// Runs that were submitted and have not completed, from events.
    active: Vec<Active>,
    /// Runs that a shutdown has reported as lost while they were executing. They count for `max_instances` after the next
    /// start, until the process has received the reports of their ends.
    outlasting: Vec<Active>,
    /// The highest number of active runs of a job since its last claim.
    peaks: BTreeMap<JobId, usize>,
    /// The number of users that wait for a run outside of the schedule.
    run_now: BTreeMap<JobId, usize>,
    was_killed: bool,
    /// The last session that was shut down or was about to be.
    last_shutdown: Option<usize>,
}

#[derive(Clone, Debug)]
struct Active {
    run: RunId,
    attempt: u32,
    job: JobId,
    time: i64,
    /// The commit that the run comes from; `None` outside of the schedule.
    of: Option<usize>,
    started: bool,
    worked: bool,
}

fn violated<T>(rule: &'static str, text: impl Into<String>) -> Result<T, Violation> {
    Err(Violation { rule, text: text.into() })
}

impl InvariantChecker {
    pub(crate) fn new(script: &Script) -> Self {
        Self {
            lease: i64::from(script.lease) * 1_000,
            drifts: script.machines.iter().map(|machine| machine.drift > 0).collect(),
            jumped: vec![None; script.machines.len()],
            lease_prolonged: vec![i64::MIN; script.machines.len()],
            jobs: BTreeMap::new(),
            incarnation: 0,
            claims: BTreeMap::new(),
            unconfirmed: BTreeSet::new(),
            consumed: Vec::new(),
            runs: BTreeMap::new(),
            processes: BTreeMap::new(),
            completions: BTreeMap::new(),
            starts: BTreeMap::new(),
            history: BTreeMap::new(),
            counts: Counts::default(),
        }
    }

    /// A clock was set.
    pub(crate) fn jumped(&mut self, machine: usize, by: i64, now: Timestamp) {
        self.jumped[machine] = Some(now.as_micros());
        self.lease_prolonged[machine] = now.as_micros() + self.lease + by.min(0).abs();
    }

    /// Returns whether the leases of a machine may seem valid for longer than they are: by as much as its clock was set
    /// back, until the next comparison with the store's clock.
    fn seems_leased(&self, machine: usize, now: Timestamp) -> bool {
        now.as_micros() < self.lease_prolonged[machine]
    }

    /// A process was killed.
    pub(crate) fn killed(&mut self, process: usize) {
        let process = self.processes.entry(process).or_default();
        process.was_killed = true;
        process.active.clear();
    }

    /// A user has begun or stopped waiting for a run outside of the schedule.
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

    /// Returns by how much a process may believe that it is later than it is.
    fn early(&self, machine: usize, now: i64) -> i64 {
        // An estimate is kept as long as responses are consistent with it, so its error can be as large as the delay of
        // a request.
        let drift = (self.lease as f64 / 2.0 * DRIFT) as i64 + MAX_REQUEST_DELAY;
        let drift = if self.drifts[machine] { drift } else { 0 };
        let recently = self.jumped[machine].is_some_and(|at| now - at < 2 * self.lease);
        drift + if recently { self.lease / 2 } else { 0 }
    }

    /// Returns how many runs of a job a process has or may be about to start.
    fn active(&self, process: usize, job: &JobId) -> usize {
        let Some(process) = self.processes.get(&process) else { return 0 };
        let active = process.active.iter().chain(&process.outlasting);
        let active = active.filter(|active| active.job == *job).count();
        active + process.run_now.get(job).copied().unwrap_or(0)
    }

    fn note_peak(&mut self, process: usize, job: &JobId) {
        let active = self.active(process, job);
        let peaks = &mut self.processes.entry(process).or_default().peaks;
        let peak = peaks.entry(job.clone()).or_default();
        *peak = active.max(*peak);
    }
}
