//! Two schedulers share a directory of jobs, and each fire time runs once.
//!
//! In this example both are in one process; they could also be in two processes.

#![allow(clippy::print_stdout, reason = "an example")]

use std::error::Error;

use punctual::prelude::*;
use punctual_custom_store::FolderJobStore;

const JOBS: u32 = 20;

#[task]
fn work(context: JobContext, number: u32) -> String {
    let worker = context.app_data::<&'static str>();
    format!("{} did no. {number}", worker.as_deref().unwrap_or(&"unknown"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let scheduler = |name: &'static str| {
        AsyncScheduler::builder()
            .job_store("default", FolderJobStore::open(folder.path()))
            .task(work)
            .app_data(name)
            .max_concurrent_runs(2) // other due jobs remain available to the other scheduler
            .build()
    };
    let (ann, bob) = (scheduler("Ann")?, scheduler("Bob")?);
    let mut of_ann = ann.events(EventMask::JOB_EXECUTED);
    let mut of_bob = bob.events(EventMask::JOB_EXECUTED);
    tokio::try_join!(ann.start_paused(), bob.start_paused())?;
    ann.add_jobs((1..=JOBS).map(|number| NewJob::builder(work(number)).build())).await?;
    ann.resume()?;
    bob.resume()?;

    for _ in 0..JOBS {
        let event = tokio::select! {
            event = of_ann.next() => event,
            event = of_bob.next() => event,
        };
        if let Some(Event::JobExecuted(run)) = event
            && let Some(outcome) = run.outcome
        {
            println!("{outcome}");
        }
    }
    tokio::try_join!(ann.shutdown(), bob.shutdown())?;
    Ok(())
}
