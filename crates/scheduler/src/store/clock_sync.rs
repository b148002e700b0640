//! Time of a store.

use punctual_core::{Clock, StoreError, Timestamp};

use super::clock::CLOCK_STEP_THRESHOLD;
use super::registered::RegisteredStore;

impl RegisteredStore {
    /// The store's time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The local time.
    pub(crate) fn local_now(&self) -> Timestamp {
        self.clock.local_now()
    }

    /// Synchronises with the store's clock, if store time is used.
    pub(crate) async fn sync_clock(&self) -> Result<(), StoreError> {
        let mut is_repeated = false;
        while self.clock.uses_store_time() {
            let sent_at = self.local_now();
            self.add_clock_sample(sent_at, self.backend.time().await?);
            let received_at = self.local_now();
            // A sample is unusable if the local clock was set back between request and response. A late sample is
            // repeated once, because the local clock may have been set forward.
            let is_late = received_at.saturating_since(sent_at) >= CLOCK_STEP_THRESHOLD;
            if received_at >= sent_at && (!is_late || is_repeated) {
                break;
            }
            is_repeated = true;
        }
        Ok(())
    }

    /// Adds a clock sample: the store's time after the local instant `sent_at`.
    pub(crate) fn add_clock_sample(&self, sent_at: Timestamp, time: Option<Timestamp>) {
        let Some(time) = time.filter(|_| self.clock.uses_store_time()) else {
            return;
        };
        let before = self.clock.offset_micros();
        if let Some(offset) = self.clock.add_sample(sent_at, time, self.local_now())
            && u128::from(offset.abs_diff(before)) >= CLOCK_STEP_THRESHOLD.as_micros()
        {
            let offset_seconds = offset as f64 / 1e6;
            tracing::warn!(
                target: "punctual::scheduler", store = %self.alias, offset_seconds,
                "clock offset to the job store changed; using store time"
            );
        }
    }
}
