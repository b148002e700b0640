//! Running jobs that are all due when the scheduler starts, each once.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use punctual::{
    BackgroundScheduler, Call, Clock, DateTrigger, JobContext, NewJob, SystemClock, Task,
    ThreadPoolExecutor, task,
};

use super::Size;
use crate::done::Done;
use crate::jobs::{id, index};
use crate::measure::Stopwatch;
use crate::report::Report;

/// The time after which missing runs are counted as lost.
const LIMIT: Duration = Duration::from_secs(60);

/// The runs of the jobs of this process.
static RUNS: OnceLock<Runs> = OnceLock::new();

struct Runs {
    of_job: Vec<AtomicUsize>,
    done: Done,
}

#[task]
pub(super) async fn run_async(context: JobContext) {
    count(&context);
}

#[task]
fn run_blocking(context: JobContext) {
    count(&context);
}

fn count(context: &JobContext) {
    let (Some(runs), Some(job)) = (RUNS.get(), index(context)) else { return };
    if runs.of_job.get(job).is_some_and(|runs| runs.fetch_add(1, Ordering::Relaxed) == 0) {
        runs.done.count();
    }
}

/// With an async task and the default executor.
pub(super) fn tokio(size: &Size) -> Result<Report, Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
    scheduler.start_paused()?;
    run_due(&scheduler, size.jobs, run_async, Report::default(), "jobs/s")
}

/// With a blocking task and a pool of two threads.
pub(super) fn threads(size: &Size) -> Result<Report, Box<dyn Error>> {
    let executor = ThreadPoolExecutor::new(2);
    let scheduler =
        BackgroundScheduler::builder().timezone("UTC").executor("default", executor).build()?;
    scheduler.start_paused()?;
    run_due(&scheduler, size.jobs, run_blocking, Report::default(), "jobs/s")
}

/// Adds jobs that are due to a paused scheduler, and measures from its resumption to the end of the last run. Shuts the
/// scheduler down.
pub(super) fn run_due<T: Task>(
    scheduler: &BackgroundScheduler,
    jobs: usize,
    call: impl Fn() -> Call<T>,
    report: Report,
    rate: &str,
) -> Result<Report, Box<dyn Error>> {
    let of_job = (0..jobs).map(|_| AtomicUsize::new(0)).collect();
    let runs = RUNS.get_or_init(|| Runs { of_job, done: Done::after(jobs) });
    let trigger = DateTrigger::at(SystemClock.now()).build()?;
    let job = |index| NewJob::builder(call()).id(id("due", index)).trigger(trigger.clone()).build();
    scheduler.add_jobs((0..jobs).map(job))?;

    let watch = Stopwatch::start();
    scheduler.resume()?;
    let ended = runs.done.wait(LIMIT);
    let duration = ended.map_or(LIMIT, |ended| ended - watch.started);
    scheduler.shutdown()?;
    // With all that remains to be done after a run.
    let processor = watch.processor();

    let runs_of = |job: &AtomicUsize| job.load(Ordering::Relaxed);
    let lost = runs.of_job.iter().filter(|job| runs_of(job) == 0).count();
    let doubled = runs.of_job.iter().filter(|job| runs_of(job) > 1).count();
    Ok(report
        .rate(rate, jobs - lost, duration)
        .processor_per("run", jobs, processor)
        .with("lost runs", lost as f64)
        .with("doubled runs", doubled as f64))
}
