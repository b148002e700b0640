//! Flushing and pruning the run history.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, Timestamp};

use super::PassRunner;
use super::state::PassState;
use crate::store::RegisteredStore;

/// Pruning interval. Up to half of it is added at random.
const PRUNE_INTERVAL: Duration = Duration::from_secs(60);

impl PassRunner {
    /// Flushes history entries whose maximum delay has elapsed, and starts pruning when due. Returns the time of the
    /// next flush.
    pub(super) async fn flush_and_prune_history(
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        if store.history.is_none() {
            return Ok(None);
        }
        if store.flush_history_at().is_some_and(|at| at <= now) {
            store.flush_history(now).await?;
        }
        let soon = || now.saturating_add(PRUNE_INTERVAL.mul_f64(1.0 + fastrand::f64() / 2.0));
        let at = *pass.next_prune_at.get_or_insert_with(soon);
        // The second condition holds after the clock was set back by more than the interval.
        if at <= now || at > now.saturating_add(PRUNE_INTERVAL * 2) {
            pass.next_prune_at = Some(soon());
            store.start_pruning(now);
        }
        Ok(store.flush_history_at())
    }
}
