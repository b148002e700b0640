//! The memory of jobs that are not due: the growth of the resident memory of the process, as the kernel counts it. It
//! includes the allocator's overhead, and what the allocator keeps of memory that was freed meanwhile.

use std::error::Error;

use punctual::AsyncScheduler;
use tokio::runtime::Runtime;

use super::Size;
use crate::jobs::{fill, id, next_year, rest, started};
use crate::measure::memory;
use crate::report::Report;

/// Of jobs that were added one by one: by an async program, because that is faster.
pub(super) fn one_by_one(size: &Size) -> Result<Report, Box<dyn Error>> {
    let trigger = next_year()?;
    Runtime::new()?.block_on(async {
        let scheduler = AsyncScheduler::builder().timezone("UTC").start().await?;
        let before = memory("VmRSS")?;
        for index in 0..size.jobs {
            let job = scheduler.job(rest()).id(id("job", index)).trigger(trigger.clone());
            job.add().await?;
        }
        let report = grown(before, size)?;
        scheduler.shutdown().await?;
        Ok(report)
    })
}

/// Of jobs that were added by `add_jobs`, a thousand at a time.
pub(super) fn batches(size: &Size) -> Result<Report, Box<dyn Error>> {
    let scheduler = started()?;
    let before = memory("VmRSS")?;
    fill(&scheduler, size.jobs)?;
    let report = grown(before, size)?;
    scheduler.shutdown()?;
    Ok(report)
}

fn grown(before: f64, size: &Size) -> Result<Report, Box<dyn Error>> {
    let bytes = (memory("VmRSS")? - before) / size.jobs as f64;
    Ok(Report::default().with("resident bytes per job", bytes))
}
