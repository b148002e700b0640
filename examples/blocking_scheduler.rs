//! A scheduler that is the whole program, and the executors that run jobs in its process.
//!
//! `cargo run --example blocking_scheduler`

use std::thread;

use punctual::DebugExecutor;
use punctual::prelude::*;

fn main() -> anyhow::Result<()> {
    let scheduler = BlockingScheduler::builder()
        .executor("default", TokioExecutor::new())
        .executor("threads", ThreadPoolExecutor::new(2))
        // Runs each job at once, on the scheduler's thread.
        .executor("debug", DebugExecutor)
        .build()?;
    for executor in ["default", "threads", "debug"] {
        let show = move || println!("{executor}: {:?}", thread::current().name());
        scheduler.job(show).id(executor).executor(executor).add()?;
    }
    // Async, so that it ends the scheduler without waiting for its own run.
    let end = async |context: JobContext| {
        context.scheduler().ok_or(SchedulerError::NotRunning)?.shutdown().await
    };
    scheduler.job(end).id("end").trigger(IntervalTrigger::seconds(1)).add()?;
    // Returns after the shutdown, or Ctrl-C.
    scheduler.start()?;
    Ok(())
}
