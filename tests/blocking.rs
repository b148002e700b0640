//! A program that runs only a blocking scheduler, for tests that interrupt or kill it.
//!
//! Without arguments it runs a job that prints `tick` and a job that waits for the shutdown. With two arguments, an
//! executor (`here` or `pool`) and a script, it runs the script as a command on that executor: in this process, or in a
//! pool of processes.

use std::error::Error;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{SchedulerState, shell};

/// The interval of the ticks and of the polls for the shutdown.
const INTERVAL: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    punctual::process::init(&Tasks::new().task(CommandTask::any()));
    let scheduler = BlockingScheduler::builder()
        .timezone("UTC")
        .executor("here", TokioExecutor::new())
        .executor("pool", ProcessPoolExecutor::new(1))
        .build()?;
    if let [executor, script] = &*std::env::args().skip(1).collect::<Vec<_>>() {
        // The script reads this line, so it starts its work only once the scheduler runs it.
        scheduler.job(shell(script).stdin("go\n")).executor(executor).add()?;
    } else {
        scheduler.job(|| println!("tick")).trigger(IntervalTrigger::every(INTERVAL)).add()?;
        scheduler.job(wait_for_shutdown).executor("here").add()?;
    }
    scheduler.start()?;
    println!("over");
    Ok(())
}

/// Returns when the scheduler is stopping and the test has closed stdin.
fn wait_for_shutdown(context: JobContext) {
    let scheduler = context.scheduler().expect("the scheduler");
    let (_sender, never) = channel::<()>();
    while scheduler.state() != SchedulerState::Stopping {
        let _ = never.recv_timeout(INTERVAL);
    }
    println!("stopping");
    std::io::stdin().lines().for_each(drop);
    println!("cancelled: {}", context.is_cancelled());
}
