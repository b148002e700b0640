//! Adding jobs that are not due, to a started scheduler.

use std::error::Error;

use punctual::AsyncScheduler;
use tokio::runtime::Runtime;

use super::Size;
use crate::jobs::{armed, ids, next_year, rest, started};
use crate::measure::{Stopwatch, memory};
use crate::report::Report;

/// One by one, by a program without an async runtime.
pub(super) fn background(size: &Size) -> Result<Report, Box<dyn Error>> {
    let (scheduler, trigger, ids) = (started()?, next_year()?, ids("job", size.jobs));
    let watch = Stopwatch::start();
    for id in &ids {
        scheduler.job(rest()).id(id).trigger(trigger.clone()).add()?;
    }
    let report = added(size, &watch);
    scheduler.shutdown()?;
    Ok(report)
}

/// One by one, by an async program.
pub(super) fn asynchronous(size: &Size) -> Result<Report, Box<dyn Error>> {
    let (trigger, ids) = (next_year()?, ids("job", size.jobs));
    Runtime::new()?.block_on(async {
        let scheduler = AsyncScheduler::builder().timezone("UTC").start().await?;
        let watch = Stopwatch::start();
        for id in &ids {
            scheduler.job(rest()).id(id).trigger(trigger.clone()).add().await?;
        }
        let report = added(size, &watch);
        scheduler.shutdown().await?;
        Ok(report)
    })
}

/// By one call of `add_jobs`.
pub(super) fn at_once(size: &Size) -> Result<Report, Box<dyn Error>> {
    let (scheduler, trigger) = (started()?, next_year()?);
    let before = memory("VmRSS")?;
    let whole = Stopwatch::start();
    let jobs: Vec<_> = (0..size.jobs).map(|index| armed(index, &trigger)).collect();
    let watch = Stopwatch::start();
    let added_ids = scheduler.add_jobs(jobs)?;
    let (duration, processor) = (watch.elapsed(), watch.processor());
    let per_job = |bytes: f64| (bytes - before) / size.jobs as f64;
    let (resident, peak) = (per_job(memory("VmRSS")?), per_job(memory("VmHWM")?));
    let report = Report::default()
        .rate("jobs/s", size.jobs, duration)
        .rate("jobs/s, with building them", size.jobs, whole.elapsed())
        .processor_per("job", size.jobs, processor)
        .with("resident bytes per job", resident)
        .with("peak resident bytes per job", peak);
    assert_eq!(added_ids.len(), size.jobs, "jobs were not added");
    scheduler.shutdown()?;
    Ok(report)
}

fn added(size: &Size, watch: &Stopwatch) -> Report {
    let (duration, processor) = (watch.elapsed(), watch.processor());
    Report::default().rate("jobs/s", size.jobs, duration).processor_per("job", size.jobs, processor)
}
