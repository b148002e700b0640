//! Take-over of claims and runs.

use std::collections::BTreeSet;

use super::{Fence, NodeLease, RunId, StoredJob};
use crate::store::{InFlightRun, NodeId};
use crate::time::Timestamp;

/// The runs and claims that [`JobStore::take_over`](crate::JobStore::take_over) takes over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakeOverFrom {
    /// Those of all nodes that are unknown or expired, which may include the caller.
    ExpiredNodes,
    /// Those of the caller, whether its lease is valid or not: a node that restarts with the same id, or has not received
    /// a response, recovers what the store has assigned to it. The lease does not change, because other nodes would
    /// otherwise take over what the caller is running.
    Caller {
        /// The expiry of the caller's lease, as it has renewed it last. If the lease has another expiry, or is
        /// [revoked](NodeLease::REVOKED), nothing is taken over and [`TakeOver::has_more`](crate::TakeOver::has_more) is
        /// true. So a call that arrives after the next renewal has no effect: what the caller knows has changed since.
        until: Timestamp,
        /// The runs that the caller knows to be its own, with the fences under which it knows them: they are not taken
        /// over. A record with another fence was assigned to the caller by a call whose response it has not received.
        known: BTreeSet<(RunId, Fence)>,
    },
}

impl TakeOverFrom {
    /// Returns whether `caller` takes over the runs and claims of `owner`, which has this lease.
    #[must_use]
    pub fn includes(
        &self,
        owner: &NodeId,
        lease: Option<NodeLease>,
        caller: &NodeId,
        now: Timestamp,
    ) -> bool {
        match self {
            Self::ExpiredNodes => NodeLease::is_dead(lease, now),
            Self::Caller { .. } => owner == caller,
        }
    }

    /// Returns whether anything may be taken over if the caller has this lease.
    #[must_use]
    pub fn is_current(&self, lease: Option<NodeLease>) -> bool {
        match self {
            Self::ExpiredNodes => true,
            Self::Caller { until, .. } => {
                lease.is_some_and(|lease| lease != NodeLease::REVOKED && lease.until == *until)
            }
        }
    }

    /// Returns whether the caller knows this run already, which is not taken over then.
    #[must_use]
    pub fn is_known(&self, run: &InFlightRun) -> bool {
        match self {
            Self::ExpiredNodes => false,
            Self::Caller { known, .. } => known.contains(&(run.run_id, run.fence)),
        }
    }
}

impl StoredJob {
    /// Releases the claim of a node for which `is_owner` returns true: the claim is invalidated, and the job is due as before the claim. Returns
    /// whether a claim was released.
    pub fn release(&mut self, is_owner: impl Fn(&NodeId) -> bool) -> bool {
        let released = self.claim.as_ref().is_some_and(|claim| is_owner(&claim.node));
        if released {
            self.invalidate_claim();
            self.record.fence = self.record.fence.next();
        }
        released
    }

    /// Assigns a run of a node for which `is_owner` returns true to `new_owner`, with the next fence and attempt. Returns
    /// the new record of the run, or `None` if there is no such run.
    pub fn take_over(
        &mut self,
        run_id: RunId,
        new_owner: &NodeId,
        is_owner: impl Fn(&NodeId) -> bool,
    ) -> Option<InFlightRun> {
        let index = self.find_run(run_id).ok()?;
        let run = &mut self.runs[index];
        if !is_owner(&run.node) {
            return None;
        }
        run.node = new_owner.clone();
        run.fence = run.fence.next();
        run.attempt = run.attempt.saturating_add(1);
        Some(run.clone())
    }
}
