//! A scheduler in an async program: it lives on the program's own tokio runtime.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use punctual::prelude::*;

/// What the jobs share: a connection pool, say. Here it counts.
#[derive(Default)]
struct Visits(AtomicU32);

#[task]
async fn visit(context: JobContext, page: String) -> Result<u32, Box<dyn Error + Send + Sync>> {
    let visits = context.state::<Visits>().ok_or("there are no visits")?;
    println!("visiting {page}, due at {}", context.scheduled_time());
    Ok(visits.0.fetch_add(1, Ordering::Relaxed) + 1)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let scheduler = AsyncScheduler::builder().state(Visits::default()).start().await?;
    let mut events = scheduler.events(EventMask::JOB_EXECUTED | EventMask::JOB_REMOVED);

    // Five times, with 200 ms between them.
    let job = scheduler
        .job(visit("example.org".into()))
        .trigger(IntervalTrigger::seconds(0.2).max_runs(5))
        .add()
        .await?;
    println!("added: {job}");

    // Events come through the stream in order; the job's removal comes after its last run.
    while let Some(Event::JobExecuted(run)) = events.next().await {
        if let Some(outcome) = run.outcome {
            println!("  {outcome}");
        }
    }
    scheduler.shutdown().await?;
    Ok(())
}
