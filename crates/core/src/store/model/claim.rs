//! Claims.

use std::time::Duration;

use super::{StoredJob, Timestamp};
use crate::store::{Claim, NodeId};

impl StoredJob {
    /// Returns whether the job is due at `now` and either unclaimed or its claim has expired.
    #[must_use]
    pub fn is_claimable(&self, now: Timestamp) -> bool {
        self.claimable_at().is_some_and(|at| at <= now)
    }

    /// Claims a [claimable](Self::is_claimable) job for a node: increments the fence and the claim count. The
    /// schedule does not change. An expired claim is invalidated and can't be settled any more.
    pub fn claim(&mut self, node: &NodeId, now: Timestamp, lease: Duration) {
        self.invalidate_claim();
        self.record.fence = self.record.fence.next();
        self.record.claims = self.record.claims.saturating_add(1);
        self.claim = Some(Claim { node: node.clone(), until: now.saturating_add(lease) });
    }
}
