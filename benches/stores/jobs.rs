//! The jobs that all stores are filled with.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::{
    BackgroundScheduler, Clock, IntervalTrigger, IntoJobStore, NewJob, SystemClock, Timestamp, task,
};

use crate::FEW;
use crate::measure::{median, stopwatch};

/// How many jobs are added at once.
const CHUNK: usize = 10_000;

/// How many jobs are added one by one.
const ONE_BY_ONE: usize = 200;

/// How often [`count`] has run.
pub(crate) static FIRED: AtomicU64 = AtomicU64::new(0);

/// What all jobs do.
#[task]
pub(crate) async fn count() {
    FIRED.fetch_add(1, Ordering::Relaxed);
}

/// How quick jobs were added.
pub(crate) struct Filling {
    /// One, with its own commit.
    pub(crate) add: Duration,
    /// Many at once: so many per second.
    pub(crate) bulk: f64,
}

/// Fills an empty store with `total` jobs: [`FEW`] are due a hundred times per second, far more often than
/// anybody can run them, the others tomorrow and from then on every second.
pub(crate) fn fill(store: impl IntoJobStore, total: usize) -> Result<Filling, Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().job_store("default", store).build()?;
    scheduler.start_paused()?;
    // Of an earlier run, on a server that stays.
    scheduler.remove_all_jobs()?;
    let now = SystemClock.now();
    let job = |index: usize| job(index, now);
    let mut single = Vec::with_capacity(ONE_BY_ONE);
    for index in 0..ONE_BY_ONE {
        let (begun, job) = (stopwatch(), job(index));
        scheduler.add_jobs([job])?;
        single.push(begun.elapsed());
    }
    let mut rates = Vec::new();
    for first in (ONE_BY_ONE..total).step_by(CHUNK) {
        let jobs: Vec<_> = (first..total.min(first + CHUNK)).map(job).collect();
        let (begun, count) = (stopwatch(), jobs.len());
        scheduler.add_jobs(jobs)?;
        rates.push(count as f64 / begun.elapsed().as_secs_f64());
    }
    scheduler.shutdown()?;
    Ok(Filling { add: median(single), bulk: median(rates) })
}

/// A job that is not due before tomorrow.
pub(crate) fn of_tomorrow(index: usize) -> NewJob {
    job(FEW + index, SystemClock.now())
}

fn job(index: usize, now: Timestamp) -> NewJob {
    let active = index < FEW;
    let interval = Duration::from_millis(if active { 10 } else { 1_000 });
    let wait = Duration::from_secs(if active { 0 } else { 86_400 });
    // In no order, as jobs come in real life: neighbours in time are none in the tables.
    let scattered = Duration::from_micros(fastrand::u64(..1_000_000));
    let start = now.saturating_add(wait).saturating_add(scattered);
    let trigger = IntervalTrigger::every(interval).start_date(start);
    NewJob::builder(count()).id(format!("job-{index:07}")).trigger(trigger).build()
}
