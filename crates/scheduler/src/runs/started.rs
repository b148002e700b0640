//! Waiting for the outcome of a run that a user has started.

use punctual_core::{RunId, RunOutcome};
use tokio::sync::oneshot;

/// A run that was started for a user, who can wait for its outcome.
#[derive(Debug)]
pub(crate) struct StartedRun {
    /// The id of the run.
    pub run_id: RunId,
    outcome: oneshot::Receiver<RunOutcome>,
}

/// Receives the outcome of a run in progress. If it is dropped, the run is lost to the user.
pub(crate) struct Waiter(oneshot::Sender<RunOutcome>);

impl StartedRun {
    pub(crate) fn new(run_id: RunId) -> (Self, Waiter) {
        let (sender, outcome) = oneshot::channel();
        (Self { run_id, outcome }, Waiter(sender))
    }

    /// Waits until the run has ended. `Lost` if its end was not observed.
    pub(crate) async fn outcome(self) -> RunOutcome {
        self.outcome.await.unwrap_or(RunOutcome::Lost)
    }
}

impl Waiter {
    /// Delivers the outcome of the run.
    pub(super) fn deliver(self, outcome: RunOutcome) {
        // Fails if the user does not wait.
        let _ = self.0.send(outcome);
    }
}
