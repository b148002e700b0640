//! A scheduler in an async program. It runs on the tokio runtime of the program.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use punctual::prelude::*;

/// Data that all jobs share, for example a connection pool. In this example it is a counter.
#[derive(Default)]
struct Visits(AtomicU32);

#[task]
async fn visit(context: JobContext, page: String) -> Result<u32, Box<dyn Error + Send + Sync>> {
    let visits = context.app_data::<Visits>().ok_or("the visits are missing")?;
    println!("visiting {page}, due at {}", context.scheduled_time());
    Ok(visits.0.fetch_add(1, Ordering::Relaxed) + 1)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scheduler = AsyncScheduler::builder().app_data(Visits::default()).start().await?;
    let mut events = scheduler.events(EventMask::JOB_EXECUTED | EventMask::JOB_REMOVED);

    // The job runs five times, every 200 ms.
    let job = scheduler
        .job(visit("example.org".into()))
        .trigger(IntervalTrigger::seconds(0.2).max_runs(5))
        .add()
        .await?;
    println!("added: {job}");

    // The stream returns events in order. The job is removed after its last run.
    while let Some(Event::JobExecuted(run)) = events.next().await {
        if let Some(outcome) = run.outcome {
            println!("  {outcome}");
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
