//! The CPU time of a scheduler whose jobs are not due.

use std::error::Error;
use std::time::Duration;

use super::Size;
use crate::jobs::{fill, started};
use crate::measure::{Stopwatch, wait};
use crate::report::Report;

pub(super) fn measure(size: &Size) -> Result<Report, Box<dyn Error>> {
    let scheduler = started()?;
    fill(&scheduler, size.jobs)?;
    scheduler.flush_events(Duration::from_secs(10));
    let watch = Stopwatch::start();
    wait(Duration::from_secs(size.seconds));
    let millis = watch.processor().as_secs_f64() * 1e3 / watch.elapsed().as_secs_f64();
    scheduler.shutdown()?;
    Ok(Report::default().with("processor ms per s", millis))
}
