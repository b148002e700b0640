//! A typical service: a setting chooses the store, a query lists the jobs, the events are read as a stream, and errors
//! are reported by `anyhow`, each cause once.

use std::num::ParseIntError;
use std::time::Duration;

use anyhow::Context;
use futures_util::StreamExt;
use punctual::prelude::*;
use punctual::{DynJobStore, JobState};

#[task]
async fn send_report(to: String, pages: String) -> Result<u32, ParseIntError> {
    println!("a report of {pages} pages for {to}");
    pages.parse()
}

/// The store that the setting names: a file, or without one the memory of this process.
fn job_store(setting: Option<&str>) -> anyhow::Result<Box<dyn DynJobStore>> {
    Ok(match setting {
        None => Box::new(MemoryJobStore::new()),
        Some(file) => {
            let store = SqliteJobStore::builder().file(file).build();
            Box::new(store.with_context(|| format!("invalid job store {file}"))?)
        }
    })
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let setting = std::env::args().nth(1);
    let scheduler = AsyncScheduler::builder()
        .job_store("default", job_store(setting.as_deref())?)
        .task(send_report)
        .start()
        .await
        .context("the scheduler could not be started")?;

    // The stream ends when the scheduler has been shut down.
    let events = scheduler.events(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR);
    let log = tokio::spawn(events.for_each(async |event| {
        if let Event::JobExecuted(run) | Event::JobError(run) = event
            && let Some(outcome) = run.outcome
        {
            println!("{}: {outcome}", run.job.job_id);
        }
    }));

    let every_day = CronTrigger::builder().hour(6).minute(30).timezone("Europe/Helsinki");
    let report = |pages: &str| send_report("ops@example.org".to_owned(), pages.to_owned());
    scheduler.job(report("12")).id("daily").trigger(every_day).replace_existing(true).add().await?;
    scheduler.job(report("a dozen")).id("now").replace_existing(true).add().await?;
    scheduler.pause_job("daily").await?;

    let paused = JobQuery::new().state(JobState::Paused).limit(10);
    for job in scheduler.get_jobs(paused).await? {
        println!("paused: {job}");
    }
    if let Err(error) = scheduler.remove_job("weekly").await {
        println!("{:#}", anyhow::Error::from(error).context("nothing to remove"));
    }

    scheduler.shutdown_timeout(Duration::from_secs(5)).await?;
    log.await?;
    Ok(())
}
