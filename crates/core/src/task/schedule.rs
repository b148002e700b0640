//! Schedules that are declared with tasks.

use std::time::Duration;

/// A schedule that `#[task(cron = "..")]` or `#[task(every = "..")]` declares. The method `add_tasks` of a scheduler adds a
/// job for it.
///
/// ```
/// use std::time::Duration;
///
/// use punctual_core::{DeclaredTrigger, TaskSchedule};
///
/// let schedule = TaskSchedule::every(Duration::from_secs(10)).id("heartbeat");
/// assert_eq!(schedule.trigger, DeclaredTrigger::Every(Duration::from_secs(10)));
/// assert_eq!(schedule.job_id, Some("heartbeat"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskSchedule {
    /// When the job runs.
    pub trigger: DeclaredTrigger,
    /// The id of the job; `None` stands for the name of the task.
    pub job_id: Option<&'static str>,
}

/// The trigger of a [`TaskSchedule`]. It is exhaustive: no scheduler may ignore a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeclaredTrigger {
    /// At the times of a line of a crontab, in the time zone of the scheduler.
    Cron(&'static str),
    /// At a fixed interval of elapsed time, from the time at which the job is added.
    Every(Duration),
}

impl TaskSchedule {
    /// A schedule by a line of a crontab.
    #[must_use]
    pub const fn cron(line: &'static str) -> Self {
        Self { trigger: DeclaredTrigger::Cron(line), job_id: None }
    }

    /// A schedule by an interval.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { trigger: DeclaredTrigger::Every(interval), job_id: None }
    }

    /// Sets the id of the job.
    #[must_use]
    pub const fn id(mut self, id: &'static str) -> Self {
        self.job_id = Some(id);
        self
    }
}
