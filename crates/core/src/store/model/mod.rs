//! The operations of a store as pure functions on plain data: the specification of every store.
//!
//! The functions read no clock, do not block, and have no backend errors. Each function operates on one record with
//! its runs, or on one node: the unit that a store must change atomically.

mod claim;
mod commit;
mod node;
mod take_over;
mod update;

#[cfg(test)]
mod tests;

pub use node::NodeLease;
pub use take_over::TakeOverFrom;

use super::{Fence, JobRecord, NewRecord, Revision, RunId, StoredJob};
use crate::time::Timestamp;

impl StoredJob {
    /// Creates the state of a newly added job with its first fence, which must differ from all fences of removed jobs
    /// with the same id; see [`Fence::random`].
    #[must_use]
    pub fn new(new: NewRecord, fence: Fence) -> Self {
        Self {
            record: JobRecord {
                id: new.id,
                task: new.task,
                definition: new.definition,
                revision: Revision::FIRST,
                fence,
                schedule: new.schedule,
                fire_count: 0,
                claims: 0,
                finished: false,
                in_flight: 0,
            },
            claim: None,
            last_unsettled_fence: fence,
            runs: Vec::new(),
        }
    }

    /// Returns the instant from which the job may be claimed: the due time, or the expiry of the claim if that is
    /// later. `None` if the job has no schedule.
    #[must_use]
    pub fn claimable_at(&self) -> Option<Timestamp> {
        let due_at = self.record.schedule?.due_at;
        Some(self.claim.as_ref().map_or(due_at, |claim| claim.until.max(due_at)))
    }

    /// Returns whether the record can be removed: the job is finished, and no run is in flight.
    #[must_use]
    pub fn is_removable(&self) -> bool {
        self.record.finished && self.runs.is_empty()
    }

    /// Returns the index of a run, or the index at which it would be inserted.
    fn find_run(&self, run_id: RunId) -> Result<usize, usize> {
        self.runs.binary_search_by_key(&run_id, |run| run.run_id)
    }

    /// Invalidates an open claim, which can't be settled any more.
    fn invalidate_claim(&mut self) {
        if self.claim.take().is_some() {
            self.last_unsettled_fence = self.record.fence;
        }
    }

    fn update_in_flight(&mut self) {
        self.record.in_flight = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
    }
}
