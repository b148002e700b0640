//! Two schedulers share an SQLite file. Each run is executed by one of them.
//!
//! In this example, both are in one process. Separate processes work in the same way.

use std::error::Error;
use std::path::Path;

use punctual::prelude::*;

const JOBS: u32 = 100;

#[task]
fn work(context: JobContext, number: u32) -> String {
    let worker = context.app_data::<&'static str>();
    format!("{} ran job {number}", worker.as_deref().unwrap_or(&"unknown"))
}

fn scheduler(file: &Path, name: &'static str) -> Result<AsyncScheduler, Box<dyn Error>> {
    Ok(AsyncScheduler::builder()
        .job_store("default", SqliteJobStore::open(file)?)
        .task(work) // a scheduler only claims jobs of registered tasks
        .app_data(name)
        .max_concurrent_runs(5) // further due runs remain available to other schedulers
        .build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("jobs.sqlite");

    // The first scheduler only adds the jobs. It is paused, so it runs none of them.
    let boss = scheduler(&file, "producer")?;
    boss.start_paused().await?;
    let jobs = (1..=JOBS).map(|number| NewJob::builder(work(number)).build());
    boss.add_jobs(jobs).await?;
    boss.shutdown().await?;

    let (ann, bob) = (scheduler(&file, "Ann")?, scheduler(&file, "Bob")?);
    let mut of_ann = ann.events(EventMask::JOB_EXECUTED);
    let mut of_bob = bob.events(EventMask::JOB_EXECUTED);
    // Both schedulers open the store before either one runs jobs, so that both get a share.
    tokio::try_join!(ann.start_paused(), bob.start_paused())?;
    ann.resume()?;
    bob.resume()?;

    let (mut ann_did, mut bob_did) = (0, 0);
    while ann_did + bob_did < JOBS {
        let event = tokio::select! {
            event = of_ann.next() => { ann_did += 1; event }
            event = of_bob.next() => { bob_did += 1; event }
        };
        if let Some(Event::JobExecuted(run)) = event
            && let Some(outcome) = run.outcome
        {
            println!("{outcome}");
        }
    }
    println!("Ann ran {ann_did} jobs, Bob ran {bob_did}, and no job ran twice.");
    tokio::try_join!(ann.shutdown(), bob.shutdown())?;
    Ok(())
}
