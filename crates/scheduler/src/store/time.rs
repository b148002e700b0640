//! What time it is for a store's jobs.

use punctual_core::{Clock, StoreError, Timestamp};

use super::clock::STEP;
use super::slot::Slot;

impl Slot {
    /// What time it is for this store's jobs.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// What time it is by this machine's clock.
    pub(crate) fn own_time(&self) -> Timestamp {
        self.clock.own_now()
    }

    /// Asks the store what time it is, if its clock is the one that decides.
    pub(crate) async fn ask_time(&self) -> Result<(), StoreError> {
        let mut is_repeated = false;
        while self.clock.store_decides() {
            let asked = self.own_time();
            self.learn(asked, self.store.time().await?);
            let answered = self.own_time();
            // An answer tells nothing if the clock here was put back in between. One that came late tells little: it may
            // have been put forward.
            let is_late = answered.saturating_since(asked) >= STEP;
            if answered >= asked && (!is_late || is_repeated) {
                break;
            }
            is_repeated = true;
        }
        Ok(())
    }

    /// Takes in what the store's clock has shown since an instant here.
    pub(crate) fn learn(&self, asked: Timestamp, time: Option<Timestamp>) {
        let Some(time) = time.filter(|_| self.clock.store_decides()) else {
            return;
        };
        let before = self.clock.offset_micros();
        if let Some(offset) = self.clock.learn(asked, time, self.own_time())
            && u128::from(offset.abs_diff(before)) >= STEP.as_micros()
        {
            let ahead = offset as f64 / 1e6;
            tracing::warn!(
                store = %self.alias, ahead,
                "the store's clock is so many seconds ahead of this machine's; it decides"
            );
        }
    }
}
