//! Handles of runs that a user has started.

use std::sync::Arc;

use punctual_core::{RunId, RunOutcome};
use tokio::runtime::Handle;

use super::block_on::block_on;
use crate::error::SchedulerError;
use crate::jobs::JobSelector;
use crate::lifecycle::Engine;
use crate::runs::StartedRun;

/// A run that was started by `run_job_now` or [`JobHandle::run_now`](crate::JobHandle::run_now) of a blocking scheduler.
/// Dropping it has no effect on the run.
#[derive(Debug)]
pub struct RunHandle {
    run: StartedRun,
    runtime: Option<Handle>,
}

impl RunHandle {
    pub(super) async fn start(
        engine: &Arc<Engine>,
        job: JobSelector,
    ) -> Result<Self, SchedulerError> {
        let run = engine.jobs.run_job_now(job).await?;
        Ok(Self { run, runtime: engine.shared.runtime() })
    }

    /// Returns the id of the run, unique across all processes.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.run.run_id
    }

    /// Blocks until the run has ended, and returns its outcome: [`Success`](RunOutcome::Success) has the value that the
    /// task returned.
    ///
    /// The run is this attempt, in this process; an executor with child processes reports the value like any other.
    ///
    /// - [`Lost`](RunOutcome::Lost) if the outcome is not known: no executor completed the run, or the scheduler was
    ///   shut down, or dropped, before the run had ended. A [`Rerun`](punctual_core::Recovery::Rerun) job's run may then
    ///   be repeated by another process, or by a later start, with the same run id; that outcome is in the history.
    /// - [`Refused`](RunOutcome::Refused) if the executor rejected the run; that of a `Rerun` job is retried later, as
    ///   another attempt.
    /// - If another process takes the run over while it continues here, because the lease has expired, the outcome is
    ///   that of the run in this process.
    ///
    /// It must not be called by the run itself, or by an async task on the scheduler's own single-threaded runtime: it
    /// would never return.
    #[must_use]
    pub fn wait(self) -> RunOutcome {
        let Self { run, runtime } = self;
        block_on(runtime, async { Ok(run.outcome().await) }).unwrap_or(RunOutcome::Lost)
    }
}

/// A run that was started by `run_job_now` or [`AsyncJobHandle::run_now`](crate::AsyncJobHandle::run_now) of an async
/// scheduler. Dropping it has no effect on the run.
#[derive(Debug)]
pub struct AsyncRunHandle {
    run: StartedRun,
}

impl AsyncRunHandle {
    pub(super) async fn start(
        engine: &Arc<Engine>,
        job: JobSelector,
    ) -> Result<Self, SchedulerError> {
        Ok(Self { run: engine.jobs.run_job_now(job).await? })
    }

    /// Returns the id of the run, unique across all processes.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.run.run_id
    }

    /// Waits until the run has ended, and returns its outcome; see [`RunHandle::wait`]. After
    /// [`start_manual`](crate::AsyncScheduler::start_manual), the outcome is delivered by the tick after the end.
    pub async fn wait(self) -> RunOutcome {
        self.run.outcome().await
    }
}
