//! What becomes of the claims and runs of dead nodes.

use super::{RunId, StoredJob};
use crate::store::{InFlightRun, NodeId};

impl StoredJob {
    /// Releases a claim of a node that is dead: the job is due as before the claim, which can't be settled any
    /// more. Returns whether there was one.
    pub fn release(&mut self, is_dead: impl Fn(&NodeId) -> bool) -> bool {
        let released = self.claim.as_ref().is_some_and(|claim| is_dead(&claim.node));
        if released {
            self.end_claim();
            self.record.fence = self.record.fence.next();
        }
        released
    }

    /// Gives the caller a run whose node is dead: with a larger fence and the next attempt. Returns it as it is
    /// recorded now, or none when it is gone or its node is alive, such as the caller after it was taken over.
    pub fn take_over(
        &mut self,
        run_id: RunId,
        heir: &NodeId,
        is_dead: impl Fn(&NodeId) -> bool,
    ) -> Option<InFlightRun> {
        let place = self.run_at(run_id).ok()?;
        let run = &mut self.runs[place];
        if !is_dead(&run.node) {
            return None;
        }
        run.node = heir.clone();
        run.fence = run.fence.next();
        run.attempt = run.attempt.saturating_add(1);
        Some(run.clone())
    }
}
