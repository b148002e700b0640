//! Work in child processes: for tasks that compute, and for tasks that may crash.

use std::error::Error;
use std::time::Duration;

use punctual::RunEvent;
use punctual::prelude::*;

/// Computes.
#[task]
fn count_primes(below: u32) -> usize {
    let is_prime = |n: &u32| (2..).take_while(|d| d * d <= *n).all(|d| !n.is_multiple_of(d));
    (2..below).filter(is_prime).count()
}

/// Takes its process with it.
#[task]
fn crash() {
    println!("goodbye");
    std::process::abort();
}

fn main() -> Result<(), Box<dyn Error>> {
    // First of all, because the children are this program too: there, this line runs jobs and never
    // comes back.
    let tasks = Tasks::new().task(count_primes).task(crash);
    punctual::process::init(&tasks);

    let pool = ProcessPoolExecutor::builder()
        .processes(2)
        .timeout(Duration::from_secs(30)) // then the child is killed
        .recycle_after(1_000) // runs, for tasks that leak
        .nice(5)
        .on_output(|line| println!("  {}: {}", line.stream, line.text))
        .build()?;

    let (ended, ends) = std::sync::mpsc::channel::<RunEvent>();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .executor("processes", pool)
        .tasks(&tasks)
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            if let Event::JobExecuted(run) | Event::JobError(run) = event {
                // The program listens until all have ended.
                let _ = ended.send(run.clone());
            }
        })
        .start()?;

    for below in [100_000, 200_000, 300_000] {
        let id = format!("primes below {below}");
        scheduler.job(count_primes(below)).id(id).executor("processes").add()?;
    }
    scheduler.job(crash()).id("crash").executor("processes").add()?;
    for run in ends.iter().take(4) {
        if let Some(outcome) = run.outcome {
            println!("{}: {outcome}", run.job.job_id);
        }
    }
    scheduler.shutdown()?;
    Ok(())
}
