//! The expected state of the store: the models of jobs and nodes in plain collections.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{
    AddOutcome, Commit, CommitOutcome, Fence, HistoryCursor, HistoryRecord, JobCursor, JobId,
    JobRecord, NewRecord, NodeId, NodeLease, RecordUpdate, Revision, RunId, StoreErrorKind,
    StoredJob, TakeOverFrom, TaskFilter, Timestamp,
};

#[derive(Clone, Default)]
pub(super) struct ModelState {
    pub(super) jobs: BTreeMap<JobId, StoredJob>,
    pub(super) nodes: BTreeMap<NodeId, NodeLease>,
    pub(super) history: BTreeMap<HistoryCursor, HistoryRecord>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// Runs and claims of expired nodes.
#[derive(Default)]
pub(super) struct Orphans {
    pub(super) runs: BTreeSet<(JobId, RunId)>,
    pub(super) claims: BTreeSet<JobId>,
    nodes: BTreeSet<NodeId>,
}

impl ModelState {
    /// The store chooses the first fence of a job, which is not known yet.
    pub(super) fn add(&mut self, new: NewRecord) -> AddOutcome {
        if self.jobs.contains_key(&new.id) {
            return AddOutcome::Exists;
        }
        self.jobs.insert(new.id.clone(), StoredJob::new(new, Fence(i64::MIN)));
        AddOutcome::Added
    }

    pub(super) fn update(
        &mut self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreErrorKind> {
        let job = self.jobs.get_mut(id).ok_or(StoreErrorKind::NotFound)?;
        job.update(expected, update).map_err(|error| error.kind())
    }

    pub(super) fn commit(&mut self, commit: Commit) -> CommitOutcome {
        let Some(job) = self.jobs.get_mut(&commit.id) else { return CommitOutcome::Stale };
        let outcome = job.commit(commit.fence, commit.action);
        if outcome == CommitOutcome::Removed {
            self.jobs.remove(&commit.id);
        }
        outcome
    }

    pub(super) fn record(&mut self, entry: HistoryRecord) {
        self.history.entry(entry.cursor()).or_insert(entry);
    }

    pub(super) fn matching(&self, filter: &TaskFilter) -> impl Iterator<Item = &StoredJob> {
        self.jobs.values().filter(|job| filter.matches(&job.record.task))
    }

    pub(super) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.matching(filter).filter_map(StoredJob::claimable_at).min()
    }

    pub(super) fn is_dead(&self, node: &NodeId, now: Timestamp) -> bool {
        NodeLease::is_dead(self.nodes.get(node).copied(), now)
    }

    /// Returns the runs and claims of nodes for which `is_dead` returns true. Claims that have expired by `unless_expired_at`
    /// are omitted.
    pub(super) fn orphans(
        &self,
        is_dead: impl Fn(&NodeId) -> bool,
        filter: &TaskFilter,
        unless_expired_at: Option<Timestamp>,
    ) -> Orphans {
        let mut orphans = Orphans::default();
        for job in self.matching(filter) {
            let counts = |until: Timestamp| unless_expired_at.is_none_or(|at| until > at);
            if let Some(claim) = &job.claim
                && is_dead(&claim.node)
                && counts(claim.until)
            {
                orphans.claims.insert(job.record.id.clone());
                orphans.nodes.insert(claim.node.clone());
            }
            for run in job.runs.iter().filter(|run| is_dead(&run.node)) {
                orphans.runs.insert((job.record.id.clone(), run.run_id));
                orphans.nodes.insert(run.node.clone());
            }
        }
        orphans
    }

    /// Takes over all runs and claims of these nodes. The store chooses the new fences. Returns `None` if the caller's
    /// lease is not the one that it assumes.
    pub(super) fn take_over(
        &mut self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        filter: &TaskFilter,
    ) -> Option<Orphans> {
        if !from.is_current(self.nodes.get(new_owner).copied()) {
            return None;
        }
        let is_included =
            |node: &NodeId| from.includes(node, self.nodes.get(node).copied(), new_owner, now);
        let mut orphans = self.orphans(is_included, filter, None);
        orphans.runs.retain(|(id, run_id)| {
            let mut runs = self.jobs[id].runs.iter();
            !runs.any(|run| run.run_id == *run_id && from.is_known(run))
        });
        let is_owner = |node: &NodeId| orphans.nodes.contains(node);
        for id in &orphans.claims {
            self.jobs.get_mut(id).map(|job| job.release(is_owner));
        }
        for (id, run_id) in &orphans.runs {
            self.jobs.get_mut(id).map(|job| job.take_over(*run_id, new_owner, is_owner));
        }
        if *from == TakeOverFrom::ExpiredNodes {
            for node in &orphans.nodes {
                self.nodes.entry(node.clone()).and_modify(|lease| *lease = NodeLease::REVOKED);
            }
        }
        Some(orphans)
    }

    /// Returns the records in the order of the list.
    pub(super) fn list(&self) -> Vec<&JobRecord> {
        let mut records: Vec<_> = self.jobs.values().map(|job| &job.record).collect();
        records.sort_by_key(|record| JobCursor::of(record));
        records
    }
}
