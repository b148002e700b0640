//! Cancelling runs.

use punctual_core::RunId;

use super::Jobs;
use crate::error::SchedulerError;

/// What has become of a request to cancel a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelRequest {
    /// The run is in progress in this process: its cancellation was requested. It may take some time to end.
    Delivered,
    /// The run is not in progress in this process. The request is stored in the shared job stores, where the process that
    /// executes the run reads it within a third of its lease.
    Forwarded,
}

impl Jobs {
    /// Requests cancellation of a run: in this process, or else through the shared stores.
    pub(crate) async fn cancel_run(&self, run: RunId) -> Result<CancelRequest, SchedulerError> {
        if self.runs.cancel(run) {
            return Ok(CancelRequest::Delivered);
        }
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        let mut is_forwarded = false;
        for store in self.stores.all().to_vec() {
            if store.caps.shared {
                store.request_cancellation(run).await.map_err(|error| store.error(error))?;
                is_forwarded = true;
            }
        }
        if is_forwarded {
            Ok(CancelRequest::Forwarded)
        } else {
            Err(SchedulerError::RunNotFound(run))
        }
    }
}
