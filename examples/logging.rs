//! Logging of failures: a listener that logs the exceptions of jobs, and the log of the scheduler, with which such a listener is
//! not needed.
//!
//!     cargo run --example logging
//!     RUST_LOG=debug cargo run --example logging

use std::io;

use anyhow::Context;
use punctual::TaskError;
use punctual::prelude::*;
use tracing_subscriber::EnvFilter;

/// An error with a cause: both are logged.
fn read(file: &str) -> Result<String, TaskError> {
    let text = std::fs::read_to_string(file).with_context(|| format!("can't read {file}"));
    text.map_err(Into::into)
}

fn main() -> anyhow::Result<()> {
    // logging.basicConfig(), logging.getLogger('apscheduler').setLevel(logging.DEBUG). Without this, failures are written to
    // the standard error; see docs/guide/events.md.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stdout).init();

    // def my_listener(event):
    //     if event.exception: print('The job crashed :(')
    //     else: print('The job worked :)')
    // scheduler.add_listener(my_listener, EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
    let my_listener = |event: &Event| match event {
        Event::JobExecuted(_) => println!("The job worked :)"),
        Event::JobError(run) => {
            // The outcome: how the run failed, and the error with its causes.
            if let Some(outcome) = &run.outcome {
                println!("The job crashed :( {outcome}");
            }
        }
        _ => {}
    };
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, my_listener)
        .start()?;
    let jobs = [
        scheduler.job(|| "fine").id("works").paused().add()?,
        scheduler.job(|| read("/no/such/file")).id("fails").paused().add()?,
        scheduler.job(|| -> () { panic!("a bug") }).id("panics").paused().add()?,
    ];
    for job in jobs {
        let outcome = job.run_now()?.wait();
        tracing::info!(job = job.id.as_str(), outcome = outcome.kind().name(), "run");
    }
    scheduler.shutdown()?;
    Ok(())
}
