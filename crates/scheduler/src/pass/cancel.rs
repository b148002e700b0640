//! Cancelling runs on request of other processes.

use std::sync::Arc;

use punctual_core::{StoreError, Timestamp};

use super::state::PassState;
use super::{PassRunner, is_recent};
use crate::store::RegisteredStore;

impl PassRunner {
    /// Cancels the runs of this process for which other processes have requested it. The store is asked once per third of the
    /// lease while runs are in progress, so that idle schedulers make no call.
    pub(super) async fn cancel_requested(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !store.caps.shared || self.runs.count() == 0 {
            pass.cancellations_checked_at = None;
            return Ok(());
        }
        let interval = self.shared.settings.lease / 3;
        if pass.cancellations_checked_at.is_none() {
            pass.cancellations_checked_at = Some(now);
        }
        if is_recent(interval, pass.cancellations_checked_at, now) {
            return Ok(());
        }
        for run in store.requested_cancellations().await? {
            self.runs.cancel(run);
        }
        pass.cancellations_checked_at = Some(now);
        Ok(())
    }
}
