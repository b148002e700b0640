//! Two stores, two executors, and defaults for jobs: the configuration in the user guide of APScheduler, and jobs that select
//! one of each. The same as a file: `configuration.rs`.
//!
//!     cargo run --example stores_and_executors

use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;

/// Runs on a thread of this process, with a job in memory.
#[task]
fn poll(address: String) -> String {
    format!("{address} is reachable")
}

/// Runs in a child process, with a job in the file.
#[task]
fn resize(picture: String) -> String {
    format!("a small {picture}")
}

fn main() -> anyhow::Result<()> {
    let tasks = Tasks::new().task(poll).task(resize);
    // First, because child processes run this program, too.
    punctual::process::init(&tasks);

    let (done, ended) = mpsc::channel();
    let folder = tempfile::tempdir()?;
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .tasks(&tasks)
        .job_store("default", SqliteJobStore::open(folder.path().join("jobs.sqlite"))?)
        .job_store("memory", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(20))
        .executor("processpool", ProcessPoolExecutor::new(5))
        // For all jobs that don't set them.
        .job_defaults(
            JobOptions::new()
                .coalesce(Coalesce::All)
                .max_instances(3)
                .misfire_grace_time(Duration::from_secs(30)),
        )
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            // The receiver is dropped when `main` returns.
            let _ = done.send(event.to_string());
        })
        .start()?;

    scheduler.job(poll("example.org".into())).id("poll").job_store("memory").add()?;
    scheduler.job(resize("picture".into())).id("resize").executor("processpool").add()?;
    for text in ended.iter().take(2) {
        println!("{text}");
    }

    // Stores and executors can also be added and removed while the scheduler runs.
    scheduler.add_job_store("second", MemoryJobStore::new())?;
    scheduler.add_executor("single", ThreadPoolExecutor::new(1))?;
    let job = scheduler.job(poll("example.com".into())).job_store("second").executor("single");
    let job = job.trigger(IntervalTrigger::minutes(5)).max_instances(1).add()?;
    println!("{:?}", job.definition.as_ref().map(|definition| &definition.options));
    scheduler.print_jobs(JobQuery::new(), std::io::stdout())?;
    job.remove()?;
    scheduler.remove_executor("single")?;
    scheduler.remove_job_store("second")?;
    scheduler.shutdown()?;
    Ok(())
}
