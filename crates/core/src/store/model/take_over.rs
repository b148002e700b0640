//! Take-over of the claims and runs of expired nodes.

use super::{RunId, StoredJob};
use crate::store::{InFlightRun, NodeId};

impl StoredJob {
    /// Releases the claim of an expired node: the claim is invalidated, and the job is due as before the claim. Returns
    /// whether a claim was released.
    pub fn release(&mut self, is_dead: impl Fn(&NodeId) -> bool) -> bool {
        let released = self.claim.as_ref().is_some_and(|claim| is_dead(&claim.node));
        if released {
            self.invalidate_claim();
            self.record.fence = self.record.fence.next();
        }
        released
    }

    /// Assigns a run of an expired node to the caller, with the next fence and attempt. Returns the new record of the
    /// run, or `None` if the run does not exist or its node is alive.
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
