//! Queries for jobs.

use punctual_core::{CorruptRecord, NodeId, StoreError, TaskFilter, Timestamp};

use super::record::{self, DecodedJob};
use super::{JobQuery, KvBackend, KvEntry, KvStore};

/// The decoded result of a query, in which each job has its state at the time when it was read.
pub(super) struct JobScan<V> {
    pub(super) jobs: Vec<(KvEntry<V>, DecodedJob)>,
    /// The corrupt records, sorted by key.
    pub(super) corrupt: Vec<CorruptRecord>,
    /// Whether no matching job was omitted.
    pub(super) is_complete: bool,
}

impl<V> JobScan<V> {
    pub(super) fn of<M: KvStore<Version = V>>(entries: Vec<KvEntry<V>>) -> Self {
        let mut scan = Self { jobs: Vec::new(), corrupt: Vec::new(), is_complete: true };
        for entry in entries {
            match record::read::<M>(&entry) {
                Ok(decoded) => scan.jobs.push((entry, decoded)),
                Err(corrupt) => scan.corrupt.push(corrupt),
            }
        }
        scan.corrupt.sort_by(|a, b| a.key.cmp(&b.key));
        scan
    }

    /// The jobs whose task matches the filter.
    pub(super) fn matching(&self, filter: &TaskFilter) -> impl Iterator<Item = &DecodedJob> {
        let decoded = self.jobs.iter().map(|(_, decoded)| decoded);
        decoded.filter(|decoded| filter.matches(&decoded.job.record.task))
    }

    pub(super) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.matching(filter).filter_map(|decoded| decoded.job.claimable_at()).min()
    }

    /// The nodes that own claims or runs.
    pub(super) fn owners(&self, filter: &TaskFilter) -> impl Iterator<Item = &NodeId> {
        self.matching(filter).flat_map(|decoded| {
            let claim = decoded.job.claim.iter().map(|claim| &claim.node);
            claim.chain(decoded.job.runs.iter().map(|run| &run.node))
        })
    }
}

impl<M: KvStore> KvBackend<M> {
    /// Executes queries with a limit of at least `min_count`, which is increased until that many jobs match or the
    /// result is complete: a result may contain corrupt jobs and jobs that don't match.
    pub(super) async fn query_at_least<'a>(
        &self,
        min_count: usize,
        queries: impl Fn(usize) -> Vec<JobQuery<'a>> + Send,
        matches: impl Fn(&DecodedJob) -> bool + Send,
    ) -> Result<JobScan<M::Version>, StoreError> {
        let mut limit = min_count;
        loop {
            let result = self.store.query_jobs(&queries(limit)).await?;
            // A result with fewer entries was truncated by another limit, which a repetition would reach again.
            let is_limited = !result.is_complete && result.entries.len() >= limit;
            let mut scan = JobScan::of::<M>(result.entries);
            scan.is_complete = result.is_complete;
            let count = || scan.jobs.iter().filter(|(_, decoded)| matches(decoded)).count();
            if !is_limited || limit == usize::MAX || count() >= min_count {
                return Ok(scan);
            }
            limit = limit.saturating_mul(2).max(1);
        }
    }
}
