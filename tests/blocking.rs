//! A program that is nothing but its scheduler, for tests to interrupt.

use std::error::Error;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual::SchedulerState;
use punctual::prelude::*;

/// How often something happens here.
const OFTEN: Duration = Duration::from_millis(20);

fn main() -> Result<(), Box<dyn Error>> {
    let scheduler = BlockingScheduler::builder().timezone("UTC").build()?;
    scheduler.add_job(|| println!("tick")).trigger(IntervalTrigger::every(OFTEN)).add()?;
    scheduler.add_job(wait_for_the_end).add()?;
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
