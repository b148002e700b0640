//! A store whose storage was removed or replaced while it was open, such as an SQLite file.

use std::sync::Arc;

use punctual_core::{StoreError, StoreErrorKind, Timestamp};

use super::PassRunner;
use super::state::PassState;
use crate::store::RegisteredStore;

impl PassRunner {
    /// Returns [`Replaced`](StoreErrorKind::Replaced) once per generation change, even if another call has already
    /// observed the change.
    pub(super) fn check_generation(
        store: &RegisteredStore,
        pass: &PassState,
    ) -> Result<(), StoreError> {
        if store.backend.generation() == pass.generation {
            return Ok(());
        }
        let message = "the storage of the job store was removed or replaced";
        Err(StoreError::new(StoreErrorKind::Replaced, message))
    }

    /// Resets the pass state, so that the next pass begins with a lease renewal, like the first one after a start. Jobs
    /// that were claimed but not committed are in the old storage, or due again in the new one.
    ///
    /// A restored backup may contain runs of this node and of other live nodes. The same grace period as after an
    /// outage applies before runs are taken over.
    pub(super) fn reset_after_replacement(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) {
        self.drop_open_claims(pass);
        let grace = now.saturating_add(self.shared.settings.lease / 2);
        *pass = PassState {
            generation: store.backend.generation(),
            ownership_unconfirmed: true,
            recover_own_not_before: Some(grace),
            takeover_not_before: Some(grace),
            ..PassState::default()
        };
        store.zones.reset();
        store.mark_changed();
    }
}
