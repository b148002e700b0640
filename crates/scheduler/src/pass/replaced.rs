//! A store whose jobs are in something else than before: a file that was removed or replaced under it.

use std::sync::Arc;

use punctual_core::{StoreError, StoreErrorKind, Timestamp};

use super::Passes;
use super::state::PassState;
use crate::store::Slot;

impl Passes {
    /// Fails once after the store was found to be another: also when that was told to a call of a user's.
    pub(super) fn check_generation(slot: &Slot, pass: &PassState) -> Result<(), StoreError> {
        if slot.store.generation() == pass.generation {
            return Ok(());
        }
        let message = "what the store kept its jobs in was removed or replaced";
        Err(StoreError::new(StoreErrorKind::Replaced, message))
    }

    /// Forgets what was known of the jobs, so that the next pass begins like the first one after a start: with a
    /// lease. What was claimed but not committed is in the old place, or due again in the new one.
    ///
    /// A backup may have runs on record that belong to this node, and to others that are alive and have not been
    /// back yet. These get the time for it that they get after an outage, before anything is taken over.
    pub(super) fn begin_anew(&self, slot: &Arc<Slot>, pass: &mut PassState, now: Timestamp) {
        let grace = now.saturating_add(self.shared.settings.lease / 2);
        *pass = PassState {
            generation: slot.store.generation(),
            lost_track: true,
            adopt_from: Some(grace),
            search_from: Some(grace),
            ..PassState::default()
        };
        slot.zones.reset();
        slot.set_changed();
    }

    /// Whether this node's runs may be taken over from the record by now.
    pub(super) fn may_adopt(&self, pass: &PassState, now: Timestamp) -> bool {
        // After a clock that was put back, the wait would last for ever.
        let latest = now.saturating_add(self.shared.settings.lease / 2);
        !pass.adopted && pass.adopt_from.is_none_or(|from| from <= now || from > latest)
    }
}
