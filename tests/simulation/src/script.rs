//! The script of a simulation: data that a seed determines, that can be printed, and whose parts can be removed.

use punctual_core::Coalesce;

/// The events on a few schedulers that share one store. Times are milliseconds since the start.
#[derive(Clone, Debug)]
pub struct Script {
    /// Determines everything that the script does not specify: the delays of calls, and which ones fail.
    pub(crate) seed: u64,
    /// The duration of a node's lease.
    pub(crate) lease: u32,
    /// The retry interval.
    pub(crate) retry: u32,
    /// The poll interval.
    pub(crate) poll: u32,
    /// Whether the store has a clock; if not, the clocks of the machines agree.
    pub(crate) store_clock: bool,
    /// The machines; each starts with a running process.
    pub(crate) machines: Vec<Machine>,
    /// The steps with their times, in order.
    pub(crate) steps: Vec<(u32, Step)>,
    /// The start of the fault-free phase.
    pub(crate) faults_until: u32,
    /// Whether the jobs have retry policies: then `RetryChecker` checks what happens.
    pub(crate) has_retries: bool,
    /// Whether nothing fails except runs that return an error.
    pub(crate) is_calm: bool,
}

/// A machine on which one process runs at a time.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    /// The offset of its clock from the store's clock at the start.
    pub(crate) ahead: i32,
    /// The drift of its clock in microseconds per second.
    pub(crate) drift: i32,
    /// Whether its processes have the machine's name as their identity.
    pub(crate) has_identity: bool,
    /// The fault rates of its store calls.
    pub(crate) call_faults: CallFaultRates,
    /// The fault rates of its executor.
    pub(crate) executor: ExecutorFaultRates,
}

/// Fault rates of store calls, per thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallFaultRates {
    /// The call is not applied and returns an error.
    pub(crate) refused: u16,
    /// The call is applied and returns an error.
    pub(crate) lost: u16,
    /// The call returns an error and is applied later.
    pub(crate) late: u16,
    /// A batch is applied in part, and the call returns an error.
    pub(crate) part: u16,
    /// The call takes long.
    pub(crate) slow: u16,
}

/// Fault rates of runs, per thousand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ExecutorFaultRates {
    /// The executor rejects the run.
    pub(crate) refused: u16,
    /// The run starts after a long delay.
    pub(crate) slow: u16,
    /// The run is dropped before it starts, and is therefore reported as lost.
    pub(crate) dropped: u16,
    /// The run continues until it is cancelled.
    pub(crate) endless: u16,
}

/// A step of the script.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Kills the process.
    Kill { machine: usize },
    /// Starts a process, unless one is running.
    Start { machine: usize },
    /// Suspends the process for this time.
    Stop { machine: usize, time: u32 },
    /// Shuts the scheduler down with this timeout, and ends its process.
    Shutdown { machine: usize, wait: u32 },
    /// Shuts the scheduler down and starts it again in the same process.
    Restart { machine: usize, wait: u32 },
    /// Pauses the scheduler.
    Pause { machine: usize },
    /// Resumes the scheduler.
    Resume { machine: usize },
    /// Sets the machine's clock forward or back.
    Jump { machine: usize, by: i32 },
    /// Makes the calls of one machine, or of all machines, fail for this time.
    Outage { machine: Option<usize>, how: Outage, time: u32 },
    /// A user of that machine's scheduler performs an action on a job.
    User { machine: usize, job: usize, what: UserAction },
}

/// The outcome of calls during an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outage {
    /// The call is not applied and returns an error immediately.
    Refused,
    /// The call is not applied and returns an error after the timeout.
    RequestLost,
    /// The call is applied and returns an error after the timeout.
    ResponseLost,
    /// The call returns an error after the timeout and is applied at the end of the outage.
    RequestDelayed,
}

/// An action of a user.
#[derive(Clone, Debug)]
pub(crate) enum UserAction {
    /// Adds the job, or replaces the job with the same id.
    Add { job: Job, replace: bool, paused: bool },
    /// Removes the job.
    Remove,
    /// Pauses the job.
    Pause,
    /// Resumes the job.
    Resume,
    /// Starts a run outside of the schedule.
    RunNow,
    /// Makes the job due.
    MakeDue,
    /// Gives the job a new trigger.
    Reschedule { every: u32, first: u32 },
    /// Starts another attempt of each dead letter of the job.
    RetryDeadLetters,
    /// Changes the execution options of the job.
    Modify { grace: Option<u32>, max_instances: u32, coalesce: Coalesce },
}

/// A job to be added.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    /// The time between two fire times.
    pub(crate) every: u32,
    /// The first fire time.
    pub(crate) first: u32,
    /// The maximum number of runs.
    pub(crate) max_runs: Option<u32>,
    /// The maximum jitter.
    pub(crate) jitter: u32,
    /// The misfire grace time.
    pub(crate) grace: Option<u32>,
    /// The policy for several due fire times.
    pub(crate) coalesce: Coalesce,
    /// The maximum number of concurrent runs.
    pub(crate) max_instances: u32,
    /// Whether an interrupted run is run again.
    pub(crate) rerun: bool,
    /// The duration of a run.
    pub(crate) takes: u32,
    /// Whether its runs return an error.
    pub(crate) fails: bool,
    /// Its retry policy.
    pub(crate) retry: Option<Retry>,
}

/// The retry policy of a job, and which attempts fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    /// The delay before each attempt.
    pub(crate) delay: u32,
    /// The maximum number of attempts.
    pub(crate) max_attempts: u32,
    /// The first attempt that does not fail.
    pub(crate) succeeds_at: u32,
}

impl Script {
    /// Returns the id of the job with this number.
    pub(crate) fn job_name(job: usize) -> String {
        format!("job-{job}")
    }
}
