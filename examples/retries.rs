//! A poller whose server fails for a while: failed runs are retried, what fails for good is kept as a dead letter, and is
//! tried again when the server is back.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use punctual::prelude::*;
use punctual::{JobState, PermanentError, TaskError};

/// The server of this example.
static IS_UP: AtomicBool = AtomicBool::new(false);

#[task]
async fn poll(context: JobContext, account: String) -> Result<String, TaskError> {
    match (account.as_str(), IS_UP.load(Ordering::Relaxed)) {
        ("closed", _) => Err(PermanentError::new("the account is closed").into()),
        (_, false) => Err("no connection".into()),
        (_, true) => Ok(format!("polled {account} in attempt {}", context.attempt())),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    // The retries are stored, so they outlive the process.
    let scheduler = AsyncScheduler::builder()
        .job_store("default", SqliteJobStore::open(folder.path().join("jobs.sqlite"))?)
        .task(poll)
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_RETRY_SCHEDULED, |event| {
            println!("{event}");
        })
        .start()
        .await?;

    // Two attempts, a tenth of a second apart. A real policy has longer delays, jitter, and more attempts.
    let policy = RetryPolicy::fixed(Duration::from_millis(100)).max_attempts(2);
    let mut dead = scheduler.events(EventMask::JOB_DEAD_LETTERED);
    for account in ["ann", "bob", "closed"] {
        scheduler.job(poll(account.to_owned())).id(account).retry(policy.clone()).add().await?;
    }
    for _ in 0..3 {
        dead.next().await;
    }

    // Everything has failed. A dead letter is a job: it is listed with its error, and can be tried again, or removed.
    let letters = scheduler.get_jobs(JobQuery::new().dead_letters()).await?;
    for letter in &letters {
        assert_eq!(letter.state, JobState::DeadLetter);
        let failed = letter.retry_of().ok_or("a dead letter is that of a run")?;
        let error = failed.error.as_deref().unwrap_or_default();
        println!("{}: {error}, after attempt {}", failed.job_id, failed.failed_attempt);
    }

    IS_UP.store(true, Ordering::Relaxed);
    let mut executed = scheduler.events(EventMask::JOB_EXECUTED);
    for account in ["ann", "bob"] {
        let of_account = JobQuery::new().retries_of(account).dead_letters();
        for letter in scheduler.get_jobs(of_account).await? {
            scheduler.retry_dead_letter(&letter).await?;
        }
    }
    for _ in 0..2 {
        executed.next().await;
    }
    // Nobody will try this one again.
    let removed = scheduler.remove_jobs(JobQuery::new().dead_letters()).await?;
    println!("{} dead letter removed", removed.changed.len());

    scheduler.shutdown().await?;
    Ok(())
}
