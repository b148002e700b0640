//! What a store must have in it: the model of each record and node, and plain collections of them.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{
    AddOutcome, Commit, CommitOutcome, Fence, HistoryCursor, HistoryEntry, JobCursor, JobId,
    JobRecord, NewRecord, NodeId, NodeLease, RecordUpdate, Revision, RunId, StoreErrorKind,
    StoredJob, TaskFilter, Timestamp,
};

#[derive(Clone, Default)]
pub(super) struct World {
    pub(super) jobs: BTreeMap<JobId, StoredJob>,
    pub(super) nodes: BTreeMap<NodeId, NodeLease>,
    pub(super) history: BTreeMap<HistoryCursor, HistoryEntry>,
    pub(super) metadata: BTreeMap<String, String>,
}

/// What a take-over finds.
#[derive(Default)]
pub(super) struct Left {
    pub(super) runs: BTreeSet<(JobId, RunId)>,
    pub(super) claims: BTreeSet<JobId>,
    nodes: BTreeSet<NodeId>,
}

impl World {
    /// The fence that a new job gets is the store's choice, which is not known yet.
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

    pub(super) fn record(&mut self, entry: HistoryEntry) {
        self.history.entry(entry.key()).or_insert(entry);
    }

    pub(super) fn passing(&self, filter: &TaskFilter) -> impl Iterator<Item = &StoredJob> {
        self.jobs.values().filter(|job| filter.passes(&job.record.task))
    }

    pub(super) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.passing(filter).filter_map(StoredJob::claimable_at).min()
    }

    pub(super) fn is_dead(&self, node: &NodeId, now: Timestamp) -> bool {
        NodeLease::is_dead(self.nodes.get(node).copied(), now)
    }

    /// What nodes other than this one have left. Claims that have expired count where `with_expired` says so.
    pub(super) fn left(
        &self,
        except: Option<&NodeId>,
        now: Timestamp,
        filter: &TaskFilter,
        with_expired: bool,
    ) -> Left {
        let mut left = Left::default();
        let is_dead = |node: &NodeId| except != Some(node) && self.is_dead(node, now);
        for job in self.passing(filter) {
            let counts = |until: Timestamp| with_expired || until > now;
            if let Some(claim) = &job.claim
                && is_dead(&claim.node)
                && counts(claim.until)
            {
                left.claims.insert(job.record.id.clone());
                left.nodes.insert(claim.node.clone());
            }
            for run in job.runs.iter().filter(|run| is_dead(&run.node)) {
                left.runs.insert((job.record.id.clone(), run.run_id));
                left.nodes.insert(run.node.clone());
            }
        }
        left
    }

    /// Takes over all that is left. The fences that this gives are the store's choice.
    pub(super) fn take_over(&mut self, heir: &NodeId, now: Timestamp, filter: &TaskFilter) -> Left {
        let left = self.left(None, now, filter, true);
        let dead: BTreeSet<NodeId> = {
            let nodes = left.nodes.iter();
            nodes.filter(|node| self.is_dead(node, now)).cloned().collect()
        };
        let is_dead = |node: &NodeId| dead.contains(node);
        for id in &left.claims {
            self.jobs.get_mut(id).map(|job| job.release(is_dead));
        }
        for (id, run_id) in &left.runs {
            self.jobs.get_mut(id).map(|job| job.take_over(*run_id, heir, is_dead));
        }
        for node in &left.nodes {
            self.nodes.entry(node.clone()).and_modify(|lease| *lease = NodeLease::REVOKED);
        }
        left
    }

    /// The records in the order of the list.
    pub(super) fn list(&self) -> Vec<&JobRecord> {
        let mut records: Vec<_> = self.jobs.values().map(|job| &job.record).collect();
        records.sort_by_key(|record| JobCursor::of(record));
        records
    }
}
