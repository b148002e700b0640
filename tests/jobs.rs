//! The jobs of child processes, and what they do.

use std::time::Duration;

use punctual::prelude::*;
use tokio::sync::watch;

use crate::journal::{Journal, Mark};

/// Lets runs end, and says how long they take at most.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Whether they may end.
    pub open: watch::Sender<bool>,
    /// What the longest take.
    pub longest: Duration,
}

/// What every job does: says that it begins, takes its time, and says that it ends.
#[task]
pub async fn occur(context: JobContext) {
    let journal = context.state::<Journal>().expect("a journal");
    journal.note(Mark::Begin, &context);
    let gate = context.state::<Gate>().expect("a gate");
    let mut open = gate.open.subscribe();
    // Fails only if the gate is gone, which the context keeps.
    let _ = open.wait_for(|open| *open).await;
    // Different for each run, so that processes are killed in the middle of some.
    let number = context.scheduled_time().as_micros().unsigned_abs() / 7_000;
    let length = gate.longest.mul_f64((number % 30) as f64 / 30.0);
    let _ = tokio::time::timeout(length, std::future::pending::<()>()).await;
    journal.note(Mark::End, &context);
}

/// How often the endless jobs run.
pub const PERIOD: Duration = Duration::from_millis(20);

/// How many runs of an endless job may be under way.
pub const INSTANCES: u32 = 4;

/// Adds two jobs that never end and skip nothing, `rerun` and `skip`, unless they are there.
///
/// # Errors
///
/// What the scheduler says.
pub fn add_endless_jobs(scheduler: &BackgroundScheduler) -> Result<(), SchedulerError> {
    for (id, recovery) in [("rerun", Recovery::Rerun), ("skip", Recovery::Skip)] {
        scheduler
            .job(occur())
            .id(id)
            .trigger(IntervalTrigger::every(PERIOD))
            .coalesce(Coalesce::All)
            .max_instances(INSTANCES)
            .recovery(recovery)
            .replace_existing(true)
            .add()?;
    }
    Ok(())
}
