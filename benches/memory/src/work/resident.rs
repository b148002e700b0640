//! The memory of jobs that are not due.

use std::error::Error;

use super::Size;
use crate::jobs::{fill, started};
use crate::measure::memory;
use crate::report::Report;

/// The growth of the resident memory of the process, as the kernel counts it: with the allocator's overhead, and with
/// what it keeps of memory that was freed meanwhile.
pub(super) fn measure(size: &Size) -> Result<Report, Box<dyn Error>> {
    let scheduler = started()?;
    let before = memory("VmRSS")?;
    fill(&scheduler, size.jobs)?;
    let bytes = (memory("VmRSS")? - before) / size.jobs as f64;
    scheduler.shutdown()?;
    Ok(Report::default().with("resident bytes per job", bytes))
}
