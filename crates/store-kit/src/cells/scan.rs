//! Searches among jobs.

use punctual_core::{CorruptRecord, NodeId, StoreError, TaskFilter, Timestamp};

use super::record::{self, Kept};
use super::{Cell, CellStore, Medium, Wanted};

/// Jobs, each as it was when it was read.
pub(super) struct Scan<V> {
    pub(super) jobs: Vec<(Cell<V>, Kept)>,
    /// By their keys.
    pub(super) corrupt: Vec<CorruptRecord>,
}

impl<V> Scan<V> {
    pub(super) fn of<M: Medium<Version = V>>(cells: Vec<Cell<V>>) -> Self {
        let mut scan = Self { jobs: Vec::new(), corrupt: Vec::new() };
        for cell in cells {
            match record::read::<M>(&cell) {
                Ok(kept) => scan.jobs.push((cell, kept)),
                Err(corrupt) => scan.corrupt.push(corrupt),
            }
        }
        scan.corrupt.sort_by(|a, b| a.key.cmp(&b.key));
        scan
    }

    /// Those whose task passes the filter.
    pub(super) fn passing(&self, filter: &TaskFilter) -> impl Iterator<Item = &Kept> {
        let kept = self.jobs.iter().map(|(_, kept)| kept);
        kept.filter(|kept| filter.passes(&kept.job.record.task))
    }

    pub(super) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.passing(filter).filter_map(|kept| kept.job.claimable_at()).min()
    }

    /// The nodes that have claims or runs.
    pub(super) fn owners(&self, filter: &TaskFilter) -> impl Iterator<Item = &NodeId> {
        self.passing(filter).flat_map(|kept| {
            let claim = kept.job.claim.iter().map(|claim| &claim.node);
            claim.chain(kept.job.runs.iter().map(|run| &run.node))
        })
    }
}

impl<M: Medium> CellStore<M> {
    /// Finds what is wanted with a limit of `least`, or a larger one if some of that can't be read or is something
    /// else: until so many count, or there are no more.
    pub(super) async fn search<'a>(
        &self,
        least: usize,
        wanted: impl Fn(usize) -> Vec<Wanted<'a>> + Send,
        counts: impl Fn(&Kept) -> bool + Send,
    ) -> Result<Scan<M::Version>, StoreError> {
        let mut limit = least;
        loop {
            let found = self.medium.find(&wanted(limit)).await?;
            let all = found.all || limit == usize::MAX;
            let scan = Scan::of::<M>(found.cells);
            if all || scan.jobs.iter().filter(|(_, kept)| counts(kept)).count() >= least {
                return Ok(scan);
            }
            limit = limit.saturating_mul(2).max(1);
        }
    }
}
