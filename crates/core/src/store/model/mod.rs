//! What the operations of a store do, as pure functions on plain data: the specification of every store.
//!
//! Nothing here reads a clock, waits or fails for reasons of a backend. Each function is about one record with
//! its runs, or about one node: that is as much as a store has to change in one step.

mod claim;
mod commit;
mod node;
mod take_over;
mod update;

#[cfg(test)]
mod tests;

pub use node::NodeLease;

use super::{Fence, JobRecord, NewRecord, Revision, RunId, StoredJob};
use crate::time::Timestamp;

impl StoredJob {
    /// The record of a job that is added, with its first fence: one that no removed job of the same id ever
    /// had, such as [`Fence::random`].
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
            lost: fence,
            runs: Vec::new(),
        }
    }

    /// From when the job may be claimed: when it is due, or when the claim on it expires; none when it has no
    /// schedule.
    #[must_use]
    pub fn claimable_at(&self) -> Option<Timestamp> {
        let due_at = self.record.schedule?.due_at;
        Some(self.claim.as_ref().map_or(due_at, |claim| claim.until.max(due_at)))
    }

    /// Whether nothing is left to keep the record for: the job is finished, and no run is in flight.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.record.finished && self.runs.is_empty()
    }

    /// The place of a run among the runs, or where it belongs.
    fn run_at(&self, run_id: RunId) -> Result<usize, usize> {
        self.runs.binary_search_by_key(&run_id, |run| run.run_id)
    }

    /// Ends a claim that nobody has settled: nobody can settle it any more.
    fn end_claim(&mut self) {
        if self.claim.take().is_some() {
            self.lost = self.record.fence;
        }
    }

    fn count_runs(&mut self) {
        self.record.in_flight = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
    }
}
