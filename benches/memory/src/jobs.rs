//! Schedulers, triggers and jobs of all kinds of work.

use std::error::Error;
use std::time::Duration;

use punctual::{
    BackgroundScheduler, Clock, IntervalTrigger, JobContext, NewJob, SchedulerError, SystemClock,
    TriggerError, task,
};

/// The number of jobs of one call of `add_jobs`, where the call itself is not measured.
const BATCH: usize = 1_000;

/// The task of jobs that are not due.
#[task]
pub(crate) async fn rest() {}

/// Returns a started scheduler with the default store (in memory) and executor (tokio).
pub(crate) fn started() -> Result<BackgroundScheduler, SchedulerError> {
    BackgroundScheduler::builder().timezone("UTC").start()
}

/// Returns the trigger of jobs that are not due: every hour from next year on. All jobs get clones of it.
pub(crate) fn next_year() -> Result<IntervalTrigger, TriggerError> {
    let start = SystemClock.now().saturating_add(Duration::from_secs(365 * 86_400));
    IntervalTrigger::hours(1).start_date(start).build()
}

/// Returns an id of ten bytes; `prefix` has three.
pub(crate) fn id(prefix: &str, index: usize) -> String {
    format!("{prefix}-{index:06}")
}

pub(crate) fn ids(prefix: &str, jobs: usize) -> Vec<String> {
    (0..jobs).map(|index| id(prefix, index)).collect()
}

/// Returns the index in the [`id`] of the job that is running.
pub(crate) fn index(context: &JobContext) -> Option<usize> {
    context.job_id().as_str().get(4..)?.parse().ok()
}

/// Returns a job that is not due.
pub(crate) fn armed(index: usize, trigger: &IntervalTrigger) -> NewJob {
    NewJob::builder(rest()).id(id("job", index)).trigger(trigger.clone()).build()
}

/// Adds jobs that are not due, in batches, so that no list of all of them is ever in memory.
pub(crate) fn fill(scheduler: &BackgroundScheduler, jobs: usize) -> Result<(), Box<dyn Error>> {
    let trigger = next_year()?;
    for first in (0..jobs).step_by(BATCH) {
        let batch = first..jobs.min(first + BATCH);
        scheduler.add_jobs(batch.map(|index| armed(index, &trigger)))?;
    }
    Ok(())
}
