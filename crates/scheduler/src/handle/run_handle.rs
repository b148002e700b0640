//! Handles of runs that a user has started.

use std::sync::Arc;

use punctual_core::{RunId, RunOutcome};

use super::block_on::block_here;
use crate::error::SchedulerError;
use crate::jobs::JobSelector;
use crate::lifecycle::Engine;
use crate::runs::StartedRun;

/// Defines the type of a handle, with the methods that don't wait.
macro_rules! run_handle {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug)]
        pub struct $name(StartedRun);

        impl $name {
            pub(super) async fn start(
                engine: &Arc<Engine>,
                job: JobSelector,
            ) -> Result<Self, SchedulerError> {
                engine.jobs.run_job_now(job).await.map(Self)
            }

            /// Returns the id of the run, unique across all processes.
            #[must_use]
            pub fn run_id(&self) -> RunId {
                self.0.run_id
            }

            /// Requests cancellation of the run, as `cancel_run` of the scheduler does. Returns `false` if the run has ended,
            /// or the scheduler was shut down or dropped.
            ///
            /// ```
            /// use punctual_core::{JobContext, RunOutcome};
            /// use punctual_scheduler::BackgroundScheduler;
            ///
            /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
            /// let job = |context: JobContext| async move { context.cancelled().await };
            /// scheduler.job(job).id("poll").paused().add()?;
            /// let run = scheduler.run_job_now("poll")?;
            /// assert!(run.cancel());
            /// assert!(matches!(run.wait(), RunOutcome::Cancelled));
            /// # scheduler.shutdown()?;
            /// # Ok(())
            /// # }
            /// ```
            pub fn cancel(&self) -> bool {
                self.0.cancel()
            }
        }
    };
}

run_handle! {
    /// A run that was started by `run_job_now` or [`JobHandle::run_now`](crate::JobHandle::run_now) of a blocking
    /// scheduler. Dropping it has no effect on the run.
    ///
    /// ```
    /// use punctual_scheduler::BackgroundScheduler;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    /// scheduler.job(|| "done").id("report").paused().add()?;
    /// let run = scheduler.run_job_now("report")?;
    /// assert_eq!(run.wait().value(), Some(&"done".into()));
    /// # scheduler.shutdown()?;
    /// # Ok(())
    /// # }
    /// ```
    RunHandle
}

impl RunHandle {
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
        // Not on the scheduler's runtime, which may be shut down between the end of the run and that of this call.
        block_here(self.0.outcome())
    }
}

run_handle! {
    /// A run that was started by `run_job_now` or [`AsyncJobHandle::run_now`](crate::AsyncJobHandle::run_now) of an async
    /// scheduler. Dropping it has no effect on the run.
    AsyncRunHandle
}

impl AsyncRunHandle {
    /// Waits until the run has ended, and returns its outcome; see [`RunHandle::wait`]. After
    /// [`start_manual`](crate::AsyncScheduler::start_manual), the outcome is delivered by the tick after the end.
    pub async fn wait(self) -> RunOutcome {
        self.0.outcome().await
    }
}
