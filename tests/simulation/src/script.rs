//! What a simulation does: data that a seed decides, that can be printed, and of which parts can be left out.

use punctual_core::Coalesce;

/// All that happens to a few schedulers on one store. Times are milliseconds since the beginning.
#[derive(Clone, Debug)]
pub struct Script {
    /// Decides what the script leaves open: how long each call takes, and which ones fail.
    pub(crate) seed: u64,
    /// How long a node's lease lasts.
    pub(crate) lease: u32,
    /// After which time what has failed is tried again.
    pub(crate) retry: u32,
    /// How often the store is asked for changes.
    pub(crate) poll: u32,
    /// Whether the store has a clock; if not, those of the processes agree.
    pub(crate) store_clock: bool,
    /// The machines. All of them run at the beginning.
    pub(crate) machines: Vec<Machine>,
    /// What happens when, in this order.
    pub(crate) steps: Vec<(u32, Step)>,
    /// From when on nothing goes wrong any more.
    pub(crate) heal_at: u32,
}

/// A machine on which one process runs at a time.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// How far its clock is ahead of the store's at the beginning.
    pub(crate) ahead: i32,
    /// How many more microseconds per second its clock shows.
    pub(crate) drift: i32,
    /// Whether its processes have the machine's name as their identity.
    pub(crate) named: bool,
    /// How often its calls of the store go wrong.
    pub(crate) line: Line,
    /// How often its executor does not do as it should.
    pub(crate) executor: Executor,
}

/// Of a thousand calls, how many go wrong in which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Line {
    /// Nothing is done, and an error returned.
    pub(crate) refused: u16,
    /// Everything is done, and an error returned.
    pub(crate) lost: u16,
    /// An error is returned, and everything done later.
    pub(crate) late: u16,
    /// A batch is carried out in part, and an error returned.
    pub(crate) part: u16,
    /// It takes long.
    pub(crate) slow: u16,
}

/// Of a thousand runs, how many are treated in which way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Executor {
    /// They are refused.
    pub(crate) refused: u16,
    /// They wait for long before they begin.
    pub(crate) slow: u16,
    /// They are dropped before they begin, and so reported as lost.
    pub(crate) dropped: u16,
    /// They go on until they are asked to end.
    pub(crate) endless: u16,
}

/// Something that happens.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// The process dies without a word.
    Kill { machine: usize },
    /// A process is started, if none is there.
    Start { machine: usize },
    /// The process does nothing for so long, and then goes on.
    Stop { machine: usize, time: u32 },
    /// The scheduler is shut down, with so much patience, and its process ends.
    Shutdown { machine: usize, wait: u32 },
    /// The scheduler is shut down and started again in the same process.
    Restart { machine: usize, wait: u32 },
    /// The scheduler runs no jobs.
    Pause { machine: usize },
    /// The scheduler runs jobs again.
    Resume { machine: usize },
    /// The machine's clock is set.
    Jump { machine: usize, by: i32 },
    /// For so long the calls of one machine, or of all, go wrong.
    Outage { machine: Option<usize>, how: Outage, time: u32 },
    /// A user of that machine's scheduler does something with a job.
    User { machine: usize, job: usize, what: User },
}

/// What becomes of calls during an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// Nothing is done, and an error returned at once.
    Refused,
    /// Nothing is done, and an error returned after a while.
    Silent,
    /// Everything is done, and an error returned after a while.
    Deaf,
    /// An error is returned after a while, and everything done when the outage is over.
    Stalled,
}

/// What users do.
#[derive(Clone, Debug)]
pub(crate) enum User {
    /// The job is added, in place of another of its name if there is one.
    Add { job: Job, replace: bool, paused: bool },
    /// The job is removed.
    Remove,
    /// Its next run time is taken away.
    Pause,
    /// It gets its next run time back.
    Resume,
    /// A run is started outside of the schedule.
    RunNow,
    /// It is made due.
    MakeDue,
    /// It gets another trigger, and the schedule that follows.
    Reschedule { every: u32, first: u32 },
    /// How its runs are started is changed.
    Modify { grace: Option<u32>, max_instances: u32, coalesce: Coalesce },
}

/// A job as it is added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// The time between two run times.
    pub(crate) every: u32,
    /// The first of them.
    pub(crate) first: u32,
    /// How many runs there are at most.
    pub(crate) max_runs: Option<u32>,
    /// By how much runs are moved at random.
    pub(crate) jitter: u32,
    /// How late a run may begin.
    pub(crate) grace: Option<u32>,
    /// What becomes of several run times.
    pub(crate) coalesce: Coalesce,
    /// How many runs may be under way.
    pub(crate) max_instances: u32,
    /// Whether a run is run again after its process died.
    pub(crate) rerun: bool,
    /// How long a run takes.
    pub(crate) takes: u32,
    /// Whether it ends with an error.
    pub(crate) fails: bool,
}

impl Script {
    /// The job of a user's step by its number.
    pub(crate) fn job_name(job: usize) -> String {
        format!("job-{job}")
    }
}
