//! Renewing the node's lease. A renewal also returns the store's time, the next due time and whether orphaned runs
//! exist, so an idle process makes one call three times per lease.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Event, NodeId, Renewal, StoreError, TaskFilter, Timestamp};

use super::state::PassState;
use super::{PassRunner, is_recent};
use crate::store::{CLOCK_STEP_THRESHOLD, RegisteredStore};

/// The lease of a claim, in leases of the node.
const CLAIM_LEASES: u32 = 3;

impl PassRunner {
    /// Whether this process holds a lease in the store.
    pub(super) fn has_lease(&self, store: &RegisteredStore) -> bool {
        store.caps.persistent && !self.shared.settings.client_only
    }

    /// Whether other nodes may run again what this process runs, or has run, if the lease expires: runs in progress, those
    /// under claims that are not settled, and those that have ended and are not cleared.
    pub(super) fn has_guarded_runs(&self, store: &RegisteredStore, pass: &PassState) -> bool {
        self.runs.has_guarded()
            || !pass.open_claims.is_empty()
            || !pass.unconfirmed.is_empty()
            || store.pending.has_changes()
    }

    /// The lease of a claim. A claim ends with the lease of its node, like a recorded run: after an outage the other
    /// nodes wait until this one has had time to renew. The claim's own expiry must therefore be later.
    pub(super) fn claim_lease(&self, store: &RegisteredStore) -> Duration {
        let lease = self.shared.settings.lease;
        if self.has_lease(store) { lease * CLAIM_LEASES } else { lease }
    }

    /// Synchronises with the store's clock if the last sample is older than a fraction of the lease. A renewal also
    /// returns the store's time, but must not be made with an outdated offset, because the local clock may have been
    /// set since. `local_now` is the local time of the pass. Returns the current local time if a clock step is
    /// detected, otherwise `local_now`.
    pub(super) async fn sync_clock_if_stale(
        &self,
        store: &RegisteredStore,
        pass: &mut PassState,
        local_now: Timestamp,
    ) -> Result<Timestamp, StoreError> {
        let per_lease = if self.has_lease(store) { 2 } else { 3 };
        if is_recent(self.shared.settings.lease / per_lease, pass.clock_synced_at, local_now) {
            return Ok(local_now);
        }
        if pass.clock_synced_at.is_some_and(|synced| synced > local_now) {
            // The local clock was set back, so it no longer shows when the lease expires.
            store.lease.lock().set_expiry(Timestamp::MIN);
        }
        let before = store.clock.to_store(local_now);
        store.sync_clock().await?;
        let after_sync = store.local_now();
        let local_now =
            if after_sync < local_now || is_clock_step(before, store.clock.to_store(local_now)) {
                after_sync
            } else {
                local_now
            };
        pass.clock_synced_at = Some(local_now);
        Ok(local_now)
    }

    /// Renews the node's lease if that is due, required, or the lease has expired, and applies the returned state. Returns
    /// the store's time that corresponds to `local_now`.
    pub(super) async fn renew(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        (node, filter): (&NodeId, &TaskFilter),
        local_now: Timestamp,
        is_required: bool,
    ) -> Result<Timestamp, StoreError> {
        let lease = self.shared.settings.lease;
        let mut now = store.clock.to_store(local_now);
        let is_valid = !is_required
            && is_recent(lease / 3, pass.renewed_at, now)
            && !store.lease.lock().is_expired(now);
        if !self.has_lease(store) || is_valid {
            return Ok(now);
        }
        // Runs may have ended since the last pass, or have started in one that failed.
        let had_guarded_runs = pass.had_guarded_runs || self.has_guarded_runs(store, pass);
        let mut renewal = store.renew(node, now, lease, filter).await?;
        let is_step = is_clock_step(now, store.clock.to_store(local_now));
        // The call may have waited for a connection during an outage of the store.
        let is_late = store.now().saturating_since(now) >= lease / 4;
        if is_late && !is_step {
            // Or the local clock was set meanwhile: the time of the response does not show that.
            store.sync_clock().await?;
        }
        if is_late || is_step {
            // The lease was renewed with an outdated offset, so its expiry is wrong. The local time of the pass may be
            // outdated as well, because the local clock may have been set since. If the call has taken long, the lease is
            // over already, or soon, and the time of the pass is in the past: other nodes need time to renew from now on.
            now = store.now();
            let again = store.renew(node, now, lease, filter).await?;
            let expired = renewal.expired || again.expired;
            renewal =
                Renewal::new(expired, again.next_wakeup, again.has_orphans).with_time(again.time);
        }
        // Without recorded runs or claims of this node an expired lease has no effect.
        if renewal.expired && had_guarded_runs {
            self.shared.bus.emit(Event::LeaseLost(store.alias.clone()));
        }
        if renewal.expired {
            store.lease.lock().set_expiry(Timestamp::MIN);
        }
        self.apply_renewed_lease(store, pass, now).await?;
        pass.renewed_at = Some(now);
        pass.clock_synced_at = Some(local_now);
        pass.next_due = renewal.next_wakeup;
        pass.next_due_checked_at = Some(now);
        pass.orphans_reported |= renewal.has_orphans || !pass.unresolved_orphans.is_empty();
        Ok(now)
    }

    /// Applies a lease renewed at `now`. If the old lease expired before the response arrived, other nodes may have
    /// taken runs over, so lost runs are discarded first.
    async fn apply_renewed_lease(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let was_over = store.lease.lock().is_expired(store.now());
        if was_over {
            *store.lease_held_since.lock() = Some(now);
            self.discard_lost_runs(store, pass).await?;
        }
        // Other nodes may see the lease expire earlier, by at most the uncertainty of the clock offset.
        let until = now
            .saturating_add(self.shared.settings.lease)
            .saturating_sub(store.clock.uncertainty());
        store.lease.lock().set_expiry(until);
        Ok(())
    }
}

impl RegisteredStore {
    /// Renews the node's lease for `lease`, and adds the returned store time as a clock sample.
    pub(super) async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let sent_at = self.local_now();
        let renewal = self.backend.renew(node, now, now.saturating_add(lease), filter).await?;
        self.add_clock_sample(sent_at, renewal.time);
        Ok(renewal)
    }
}

fn is_clock_step(before: Timestamp, after: Timestamp) -> bool {
    let by = before.saturating_since(after).max(after.saturating_since(before));
    by >= CLOCK_STEP_THRESHOLD
}
