//! A program that is nothing but its scheduler, for tests to interrupt and to kill.
//!
//! By itself it has a job that ticks and one that waits for the end. Given a place, `here` or `pool`, and a script, it
//! runs the script as a command, in this process or in a pool of processes.

use std::error::Error;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual::core::Tasks;
use punctual::prelude::*;
use punctual::{SchedulerState, shell};

/// How often something happens here.
const OFTEN: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    punctual::process::init(&Tasks::new().task(CommandTask::any()));
    let scheduler = BlockingScheduler::builder()
        .timezone("UTC")
        .executor("here", TokioExecutor::new())
        .executor("pool", ProcessPoolExecutor::new(1))
        .build()?;
    if let [place, script] = &*std::env::args().skip(1).collect::<Vec<_>>() {
        // The input reaches it when everything else is in order.
        scheduler.job(shell(script).stdin("go\n")).executor(place).add()?;
    } else {
        scheduler.job(|| println!("tick")).trigger(IntervalTrigger::every(OFTEN)).add()?;
        scheduler.job(wait_for_the_end).executor("here").add()?;
    }
    scheduler.start()?;
    println!("over");
    Ok(())
}

/// Ends when the scheduler is stopping and the test has closed the input.
fn wait_for_the_end(context: JobContext) {
    let scheduler = context.scheduler().expect("the scheduler");
    let (_tell, never) = channel::<()>();
    while scheduler.state() != SchedulerState::Stopping {
        let _ = never.recv_timeout(OFTEN);
    }
    println!("stopping");
    std::io::stdin().lines().for_each(drop);
    println!("cancelled: {}", context.is_cancelled());
}
