//! Two schedulers share one SQLite file and divide the work: each run goes to one of them.
//!
//! Here they are in one process; in two it is the same.

use std::error::Error;
use std::path::Path;

use punctual::prelude::*;

const JOBS: u32 = 100;

#[task]
fn work(context: JobContext, number: u32) -> String {
    let worker = context.state::<&'static str>();
    format!("{} did no. {number}", worker.as_deref().unwrap_or(&"nobody"))
}

fn scheduler(file: &Path, name: &'static str) -> Result<AsyncScheduler, Box<dyn Error>> {
    Ok(AsyncScheduler::builder()
        .job_store("default", SqliteJobStore::open(file)?)
        .task(work) // only processes that know a task get its jobs
        .state(name)
        .max_running(5) // what is due beyond that stays in the file, for others
        .build()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("jobs.sqlite");

    // The first hands out the work and does none of it: it is paused.
    let boss = scheduler(&file, "the boss")?;
    boss.start_paused().await?;
    let jobs = (1..=JOBS).map(|number| NewJob::builder(work(number)).build());
    boss.add_jobs(jobs).await?;
    boss.shutdown().await?;

    let (ann, bob) = (scheduler(&file, "Ann")?, scheduler(&file, "Bob")?);
    let mut of_ann = ann.events(EventMask::JOB_EXECUTED);
    let mut of_bob = bob.events(EventMask::JOB_EXECUTED);
    // Both open the file before either begins: a fair start.
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
    println!("Ann did {ann_did}, Bob did {bob_did}, nothing was done twice.");
    tokio::try_join!(ann.shutdown(), bob.shutdown())?;
    Ok(())
}
