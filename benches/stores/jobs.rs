//! The jobs of all stores.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::{
    BackgroundScheduler, Clock, IntervalTrigger, IntoJobStore, NewJob, SystemClock, Timestamp, task,
};

use crate::ACTIVE_JOBS;
use crate::measure::{median, stopwatch};

/// The number of jobs of a bulk add.
const BULK_SIZE: usize = 10_000;

/// The number of jobs that are added individually.
const SINGLE_ADDS: usize = 200;

/// The number of runs of [`count`].
pub(crate) static FIRED: AtomicU64 = AtomicU64::new(0);

/// The task of all jobs.
#[task]
pub(crate) async fn count() {
    FIRED.fetch_add(1, Ordering::Relaxed);
}

/// The performance of adding jobs.
pub(crate) struct AddPerformance {
    /// The duration of adding one job, with its own commit.
    pub(crate) add: Duration,
    /// The jobs per second of bulk adds.
    pub(crate) bulk: f64,
}

/// Fills a store with `total` jobs: [`ACTIVE_JOBS`] are due a hundred times per second, far more often than a scheduler
/// can run them, the others tomorrow and from then on every second.
pub(crate) fn fill(
    store: impl IntoJobStore,
    total: usize,
) -> Result<AddPerformance, Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().job_store("default", store).build()?;
    scheduler.start_paused()?;
    // Jobs of an earlier run, if the server was already running.
    scheduler.remove_all_jobs()?;
    let now = SystemClock.now();
    let job = |index: usize| job(index, now);
    let mut single = Vec::with_capacity(SINGLE_ADDS);
    for index in 0..SINGLE_ADDS {
        let (started, job) = (stopwatch(), job(index));
        scheduler.add_jobs([job])?;
        single.push(started.elapsed());
    }
    let mut rates = Vec::new();
    for first in (SINGLE_ADDS..total).step_by(BULK_SIZE) {
        let jobs: Vec<_> = (first..total.min(first + BULK_SIZE)).map(job).collect();
        let (started, count) = (stopwatch(), jobs.len());
        scheduler.add_jobs(jobs)?;
        rates.push(count as f64 / started.elapsed().as_secs_f64());
    }
    scheduler.shutdown()?;
    Ok(AddPerformance { add: median(single), bulk: median(rates) })
}

/// Returns a job that is not due before tomorrow.
pub(crate) fn due_tomorrow(index: usize) -> NewJob {
    job(ACTIVE_JOBS + index, SystemClock.now())
}

fn job(index: usize, now: Timestamp) -> NewJob {
    let active = index < ACTIVE_JOBS;
    let interval = Duration::from_millis(if active { 10 } else { 1_000 });
    let wait = Duration::from_secs(if active { 0 } else { 86_400 });
    // In random order, as in practice: jobs with similar times are not adjacent in the tables.
    let scattered = Duration::from_micros(fastrand::u64(..1_000_000));
    let start = now.saturating_add(wait).saturating_add(scattered);
    let trigger = IntervalTrigger::every(interval).start_date(start);
    NewJob::builder(count()).id(format!("job-{index:07}")).trigger(trigger).build()
}
