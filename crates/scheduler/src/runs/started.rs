//! Waiting for the outcome of a run that a user has started.

use std::fmt;
use std::sync::{Arc, Weak};

use punctual_core::{RunId, RunOutcome};
use tokio::sync::oneshot;

use super::RunTracker;

/// A run that was started for a user, who can wait for its outcome.
pub(crate) struct StartedRun {
    /// The id of the run.
    pub run_id: RunId,
    runs: Weak<RunTracker>,
    outcome: oneshot::Receiver<RunOutcome>,
}

/// Receives the outcome of a run in progress. If it is dropped, the run is lost to the user.
pub(crate) struct Waiter(oneshot::Sender<RunOutcome>);

impl StartedRun {
    pub(crate) fn new(runs: &Arc<RunTracker>, run_id: RunId) -> (Self, Waiter) {
        let (sender, outcome) = oneshot::channel();
        (Self { run_id, runs: Arc::downgrade(runs), outcome }, Waiter(sender))
    }

    /// Requests cancellation of the run. Returns whether it was in progress.
    pub(crate) fn cancel(&self) -> bool {
        self.runs.upgrade().is_some_and(|runs| runs.cancel(self.run_id))
    }

    /// Waits until the run has ended. `Lost` if its end was not observed.
    pub(crate) async fn outcome(self) -> RunOutcome {
        self.outcome.await.unwrap_or(RunOutcome::Lost)
    }
}

impl fmt::Debug for StartedRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartedRun").field("run_id", &self.run_id).finish_non_exhaustive()
    }
}

impl Waiter {
    /// Delivers the outcome of the run.
    pub(super) fn deliver(self, outcome: RunOutcome) {
        // Fails if the user does not wait.
        let _ = self.0.send(outcome);
    }
}
