//! A pool of child processes, for CPU-bound tasks and for tasks that may crash.

use std::error::Error;
use std::time::Duration;

use punctual::RunEvent;
use punctual::prelude::*;

/// A CPU-bound task.
#[task]
fn count_primes(below: u32) -> usize {
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2..below).filter(is_prime).count()
}

/// Aborts its child process.
#[task]
fn crash() {
    println!("aborting");
    std::process::abort();
}

fn main() -> Result<(), Box<dyn Error>> {
    // Must be called first in `main`: child processes run this same binary. In a child, `init` runs jobs and does
    // not return.
    let tasks = Tasks::new().task(count_primes).task(crash);
    punctual::process::init(&tasks);

    let pool = ProcessPoolExecutor::builder()
        .processes(2)
        .timeout(Duration::from_secs(30)) // after which the child process is killed
        .recycle_after(1_000) // runs per process, for tasks that leak memory
        .nice(5)
        .on_output(|line| println!("  {}: {}", line.stream, line.text))
        .build()?;

    let (sender, completions) = std::sync::mpsc::channel::<RunEvent>();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .executor("processes", pool)
        .tasks(&tasks)
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            if let Event::JobExecuted(run) | Event::JobError(run) = event {
                // The receiver is dropped when `main` returns.
                let _ = sender.send(run.clone());
            }
        })
        .start()?;

    for below in [100_000, 200_000, 300_000] {
        let id = format!("primes below {below}");
        scheduler.job(count_primes(below)).id(id).executor("processes").add()?;
    }
    scheduler.job(crash()).id("crash").executor("processes").add()?;
    for run in completions.iter().take(4) {
        if let Some(outcome) = run.outcome {
            println!("{}: {outcome}", run.job.job_id);
        }
    }
    scheduler.shutdown()?;
    Ok(())
}
