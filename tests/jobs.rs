//! The jobs of child processes, and their task.

use std::time::Duration;

use punctual::prelude::*;
use tokio::sync::watch;

use crate::journal::{Journal, RunPhase};

/// Blocks the completion of runs, and limits their duration.
#[derive(Clone, Debug)]
pub struct RunGate {
    /// Whether runs may finish.
    pub open: watch::Sender<bool>,
    /// The maximum duration of a run.
    pub max_run_duration: Duration,
}

/// The task of all jobs: records its start, waits, and records its completion.
#[task]
pub async fn record_run(context: JobContext) {
    let journal = context.app_data::<Journal>().expect("a journal");
    journal.append(RunPhase::Started, &context);
    let gate = context.app_data::<RunGate>().expect("a gate");
    let mut open = gate.open.subscribe();
    // Fails only if the sender was dropped, but the context keeps the gate.
    let _ = open.wait_for(|open| *open).await;
    // The duration differs from run to run, so that processes are killed in the middle of some runs.
    let number = context.scheduled_time().as_micros().unsigned_abs() / 7_000;
    let length = gate.max_run_duration.mul_f64((number % 30) as f64 / 30.0);
    let _ = tokio::time::timeout(length, std::future::pending::<()>()).await;
    journal.append(RunPhase::Finished, &context);
}

/// Like [`record_run()`], and fails before this attempt.
///
/// # Errors
///
/// The number of the attempt that failed.
#[task]
pub async fn fail_before(context: JobContext, attempt: u32) -> Result<(), String> {
    let current = context.attempt();
    record_run::run(context).await;
    if current < attempt { Err(format!("attempt {current} of {attempt}")) } else { Ok(()) }
}

/// The interval of the endless jobs.
pub const PERIOD: Duration = Duration::from_millis(20);

/// The maximum number of concurrent runs of an endless job.
pub const INSTANCES: u32 = 4;

/// Adds two jobs without an end and with `Coalesce::All`, `rerun` and `skip`, unless they exist.
///
/// # Errors
///
/// Returns the scheduler's error.
pub fn add_endless_jobs(scheduler: &BackgroundScheduler) -> Result<(), SchedulerError> {
    for (id, recovery) in [("rerun", Recovery::Rerun), ("skip", Recovery::Skip)] {
        scheduler
            .job(record_run())
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
