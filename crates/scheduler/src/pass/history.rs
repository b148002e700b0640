//! Writing the history of runs in time, and forgetting it.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, Timestamp};

use super::Passes;
use super::state::PassState;
use crate::store::Slot;

/// How often old entries are looked for; each time up to half of it later.
const FORGET_EVERY: Duration = Duration::from_secs(60);

impl Passes {
    /// Writes down what has waited long enough for a commit, and looks for what is old. Returns when the
    /// rest has waited long enough.
    pub(super) async fn keep_history(
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        if slot.history.is_none() {
            return Ok(None);
        }
        if slot.flush_history_at().is_some_and(|at| at <= now) {
            slot.flush_history(now).await?;
        }
        let soon = || now.saturating_add(FORGET_EVERY.mul_f64(1.0 + fastrand::f64() / 2.0));
        let at = *pass.forget_at.get_or_insert_with(soon);
        // Also after a clock that was put back by more than that.
        if at <= now || at > now.saturating_add(FORGET_EVERY * 2) {
            pass.forget_at = Some(soon());
            slot.start_forgetting(now);
        }
        Ok(slot.flush_history_at())
    }
}
