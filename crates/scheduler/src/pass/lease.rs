//! The node's lease, and what a store tells whoever keeps it: one call, three times per lease, of a process
//! that has nothing to do.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Event, NodeId, Renewal, StoreError, TaskFilter, Timestamp};

use super::state::PassState;
use super::{Passes, is_within};
use crate::store::{STEP, Slot};

impl Passes {
    /// Whether this process has a lease in that store.
    pub(super) fn has_lease(&self, slot: &Slot) -> bool {
        slot.caps.persistent && !self.shared.settings.client
    }

    /// Asks the store what time it is, if nobody has told lately; `own` is the time here. Whoever renews a
    /// lease is told then, but does not do that by a clock of which nothing has been heard for long: it may
    /// have been set meanwhile. Returns what time it is here by now, if the clock turns out to have been set, else `own`.
    pub(super) async fn ask_time(
        &self,
        slot: &Slot,
        pass: &mut PassState,
        own: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let often = if self.has_lease(slot) { 2 } else { 3 };
        if is_within(self.shared.settings.lease / often, pass.told_time_at, own) {
            return Ok(own);
        }
        if pass.told_time_at.is_some_and(|told| told > own) {
            // The clock here was put back: when the lease ends does not show any more.
            slot.lease.lock().prolong(Timestamp::MIN);
        }
        let before = slot.clock.at(own);
        slot.ask_time().await?;
        let shows = slot.own_time();
        let own = if shows < own || is_step(before, slot.clock.at(own)) { shows } else { own };
        pass.told_time_at = Some(own);
        Ok(own)
    }

    /// Keeps the node's lease, when it is time, and takes in what the store tells. Answers what time it is
    /// for the store when it is `own` here.
    pub(super) async fn renew(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        own: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let lease = self.shared.settings.lease;
        let mut now = slot.clock.at(own);
        if !self.has_lease(slot) || is_within(lease / 3, pass.renewed_at, now) {
            return Ok(now);
        }
        let mut told = slot.renew(node, now, lease, filter).await?;
        if is_step(now, slot.clock.at(own)) {
            // The time was wrong, and so is the end of the lease. What the clock here showed when the pass began may be
            // wrong as well: it may have been set since.
            now = slot.now();
            let again = slot.renew(node, now, lease, filter).await?;
            told =
                Renewal::new(told.expired || again.expired, again.next_wakeup, again.has_orphans)
                    .with_time(again.time);
        }
        // While nothing is recorded as this node's the lease may lapse: there is nothing to take.
        if told.expired && pass.holds_runs {
            self.shared.bus.emit(Event::LeaseLost(slot.alias.clone()));
        }
        if told.expired {
            slot.lease.lock().prolong(Timestamp::MIN);
        }
        self.regain(slot, pass, now).await?;
        pass.renewed_at = Some(now);
        pass.told_time_at = Some(own);
        pass.next_due = told.next_wakeup;
        pass.asked_at = Some(now);
        pass.search |= told.has_orphans || !pass.stranded.is_empty();
        Ok(now)
    }

    /// Takes in that the store has the lease from `now` on. The answer may have been long on its way: what counts
    /// is whether the lease was over before it came, for then others may have taken runs.
    pub(super) async fn regain(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let was_over = slot.lease.lock().is_over(slot.now());
        if was_over {
            self.let_go(slot, pass).await?;
        }
        // Others may see its end a little sooner than this process, which knows their time only so well.
        let until =
            now.saturating_add(self.shared.settings.lease).saturating_sub(slot.clock.slack());
        slot.lease.lock().prolong(until);
        Ok(())
    }
}

impl Slot {
    /// Lets the node live for another `lease`; the clock takes in what time it is.
    pub(super) async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let asked = self.own_time();
        let told = self.store.renew(node, now, now.saturating_add(lease), filter).await?;
        self.learn(asked, told.time);
        Ok(told)
    }
}

fn is_step(before: Timestamp, after: Timestamp) -> bool {
    let by = before.saturating_since(after).max(after.saturating_since(before));
    by >= STEP
}
