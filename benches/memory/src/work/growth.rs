//! Adding and running jobs beside many that are not due.

use std::error::Error;
use std::time::Duration;

use super::Size;
use super::dispatch::{run_async, run_due};
use crate::jobs::{fill, ids, next_year, rest, started};
use crate::measure::Stopwatch;
use crate::report::Report;

pub(super) fn measure(size: &Size) -> Result<Report, Box<dyn Error>> {
    let scheduler = started()?;
    fill(&scheduler, size.stored)?;
    scheduler.flush_events(Duration::from_secs(10));
    let (trigger, ids) = (next_year()?, ids("new", size.jobs));

    let watch = Stopwatch::start();
    for id in &ids {
        scheduler.job(rest()).id(id).trigger(trigger.clone()).add()?;
    }
    let (duration, processor) = (watch.elapsed(), watch.processor());
    let report = Report::default()
        .rate("jobs/s, added one by one", size.jobs, duration)
        .processor_per("added job", size.jobs, processor);

    scheduler.pause()?;
    run_due(&scheduler, size.jobs, run_async, report, "jobs/s, run")
}
