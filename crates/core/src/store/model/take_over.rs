//! Take-over of claims and runs.

use super::{NodeLease, RunId, StoredJob};
use crate::store::{InFlightRun, NodeId};
use crate::time::Timestamp;

/// The expired nodes whose runs and claims [`JobStore::take_over`](crate::JobStore::take_over) takes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TakeOverFrom {
    /// All nodes that are unknown or expired, which may include the caller.
    ExpiredNodes,
    /// Only the caller, if it is unknown or expired: a node that restarts with the same id, or has not received a response,
    /// recovers what the store has assigned to it. Other nodes that are expired may still renew their leases.
    Caller,
}

impl TakeOverFrom {
    /// Returns whether `caller` takes over the runs and claims of `owner`, which has this lease.
    #[must_use]
    pub fn includes(
        self,
        owner: &NodeId,
        lease: Option<NodeLease>,
        caller: &NodeId,
        now: Timestamp,
    ) -> bool {
        NodeLease::is_dead(lease, now) && (self == Self::ExpiredNodes || owner == caller)
    }
}

impl StoredJob {
    /// Releases the claim of a node for which `is_dead` returns true: the claim is invalidated, and the job is due as before the claim. Returns
    /// whether a claim was released.
    pub fn release(&mut self, is_dead: impl Fn(&NodeId) -> bool) -> bool {
        let released = self.claim.as_ref().is_some_and(|claim| is_dead(&claim.node));
        if released {
            self.invalidate_claim();
            self.record.fence = self.record.fence.next();
        }
        released
    }

    /// Assigns a run of a node for which `is_dead` returns true to `new_owner`, with the next fence and attempt. Returns
    /// the new record of the run, or `None` if there is no such run.
    pub fn take_over(
        &mut self,
        run_id: RunId,
        new_owner: &NodeId,
        is_dead: impl Fn(&NodeId) -> bool,
    ) -> Option<InFlightRun> {
        let index = self.find_run(run_id).ok()?;
        let run = &mut self.runs[index];
        if !is_dead(&run.node) {
            return None;
        }
        run.node = new_owner.clone();
        run.fence = run.fence.next();
        run.attempt = run.attempt.saturating_add(1);
        Some(run.clone())
    }
}
