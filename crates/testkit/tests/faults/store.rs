//! A minimal store, which applies the model to plain collections, with a fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use punctual_core::{
    AddOutcome, Claims, CommitAction, CommitBatch, CommitOutcome, CorruptRecord, Fence,
    HistoryCursor, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId,
    JobRecordPage, JobStore, Metadata, NewRecord, NodeId, NodeLease, OrphanedRun, RecordUpdate,
    Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver, TakeOverFrom,
    TaskFilter, Timestamp, TransactionalJobs,
};
use tokio::task::yield_now;

use crate::fault::Fault;
use crate::jobs;

#[derive(Default)]
struct State {
    jobs: BTreeMap<JobId, StoredJob>,
    nodes: BTreeMap<NodeId, NodeLease>,
    history: BTreeMap<HistoryCursor, HistoryRecord>,
    metadata: BTreeMap<String, String>,
    last: Fence,
}

#[derive(Clone)]
pub(crate) struct FaultyStore {
    fault: Fault,
    state: Arc<Mutex<State>>,
}

impl FaultyStore {
    pub(crate) fn new(fault: Fault) -> Self {
        Self { fault, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Yields to concurrent tasks if the store has this fault.
    async fn yield_if(&self, fault: Fault) {
        if self.fault == fault {
            yield_now().await;
        }
    }

    fn claimable(&self, now: Timestamp, filter: &TaskFilter) -> Vec<JobId> {
        let state = self.state();
        let jobs = state.jobs.values().filter(|job| filter.matches(&job.record.task));
        let mut due: Vec<_> = jobs.filter(|job| job.is_claimable(now)).collect();
        due.sort_by_key(|job| job.record.schedule.map(|schedule| schedule.due_at));
        due.into_iter().map(|job| job.record.id.clone()).collect()
    }
}

impl State {
    fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        let jobs = self.jobs.values().filter(|job| filter.matches(&job.record.task));
        jobs.filter_map(StoredJob::claimable_at).min()
    }

    fn is_dead(&self, fault: Fault, node: &NodeId, now: Timestamp) -> bool {
        match self.nodes.get(node) {
            None => fault != Fault::UnknownNodesAreLive,
            lease => NodeLease::is_dead(lease.copied(), now),
        }
    }
}

impl JobStore for FaultyStore {
    fn caps(&self) -> StoreCaps {
        StoreCaps::memory().with_history()
    }

    async fn start(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn shutdown(&self) {}

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        let state = &mut *self.state();
        let add = |new: NewRecord| {
            if state.jobs.contains_key(&new.id) {
                return AddOutcome::Exists;
            }
            state.last = Fence(state.last.0 + 1_000_000);
            state.jobs.insert(new.id.clone(), StoredJob::new(new, state.last));
            AddOutcome::Added
        };
        Ok(records.into_iter().map(add).collect())
    }

    async fn update(
        &self,
        id: &JobId,
        mut expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let revision = self.state().jobs.get(id).map(|job| job.record.revision);
        self.yield_if(Fault::UpdatesAfterAnOutdatedRead).await;
        let mut state = self.state();
        let job = state.jobs.get_mut(id).ok_or_else(|| StoreError::not_found(id))?;
        if self.fault == Fault::UpdatesAfterAnOutdatedRead && revision == Some(expected) {
            expected = job.record.revision;
        }
        jobs::update(self.fault, job, expected, update)
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let mut state = self.state();
        Ok(ids.iter().map(|id| state.jobs.remove(id).is_some()).collect())
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let mut job = self.state().jobs.get(id).cloned();
        if self.fault != Fault::ReadsRecordAndRunsSeparately {
            return Ok(job);
        }
        yield_now().await;
        if let Some(job) = &mut job {
            job.runs = self.state().jobs.get(id).map(|job| job.runs.clone()).unwrap_or_default();
            job.record.in_flight = job.runs.len() as u32;
        }
        Ok(job)
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        let state = self.state();
        let mut records: Vec<_> = state.jobs.values().map(|job| job.record.clone()).collect();
        records.retain(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        records.sort_by_key(JobCursor::of);
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        Ok(JobRecordPage::new(records, next))
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let extra = usize::from(self.fault == Fault::ClaimsOneMoreThanAsked);
        let mut due = self.claimable(now, filter);
        self.yield_if(Fault::ClaimsAfterAnOutdatedRead).await;
        let more = due.len() > limit && self.fault != Fault::NeverReturnsHasMore;
        due.truncate(limit.saturating_add(extra));
        let (mut records, mut state) = (Vec::new(), self.state());
        for id in due {
            let Some(job) = state.jobs.get_mut(&id) else { continue };
            if job.is_claimable(now) || self.fault == Fault::ClaimsAfterAnOutdatedRead {
                jobs::claim(self.fault, job, node, now, lease);
                records.push(job.record.clone());
            }
        }
        Ok(Claims::new(records, more))
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        for entry in batch.history {
            let mut state = self.state();
            if self.fault == Fault::ARepeatedEntryReplacesTheFirst {
                state.history.insert(entry.cursor(), entry);
            } else {
                state.history.entry(entry.cursor()).or_insert(entry);
            }
        }
        let mut outcomes = Vec::new();
        for commit in batch.commits {
            let id = commit.id.clone();
            let read = self.state().jobs.get(&id).cloned();
            let Some(mut job) = read else {
                outcomes.push(CommitOutcome::Stale);
                continue;
            };
            self.yield_if(Fault::CommitsToAnOutdatedCopy).await;
            let start = match &commit.action {
                CommitAction::Start { runs } if commit.fence == job.record.fence => {
                    Some(runs.clone())
                }
                _ => None,
            };
            self.yield_if(Fault::StartsAfterAnOutdatedRead).await;
            let mut state = self.state();
            let Some(now) = state.jobs.get(&id) else {
                outcomes.push(CommitOutcome::Stale);
                continue;
            };
            if self.fault != Fault::CommitsToAnOutdatedCopy {
                job = now.clone();
            }
            let outcome = match start {
                Some(runs) if self.fault == Fault::StartsAfterAnOutdatedRead => {
                    jobs::start_late(&mut job, commit.fence, runs)
                }
                _ => jobs::commit(self.fault, &mut job, commit),
            };
            if outcome == CommitOutcome::Removed && self.fault != Fault::FinishedJobsStay {
                state.jobs.remove(&id);
            } else {
                state.jobs.insert(id, job);
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let ignores = self.fault == Fault::RenewalsIgnoreTheFilter;
        let filter = if ignores { &TaskFilter::Any } else { filter };
        let mut state = self.state();
        let before = state.nodes.insert(node.clone(), NodeLease { until });
        let is_dead = |other: &NodeId| other != node && state.is_dead(self.fault, other, now);
        let mut jobs = state.jobs.values().filter(|job| filter.matches(&job.record.task));
        let orphans = jobs.any(|job| {
            job.claim.as_ref().is_some_and(|claim| is_dead(&claim.node))
                || job.runs.iter().any(|run| is_dead(&run.node))
        });
        let expired = NodeLease::has_expired(before, now);
        Ok(Renewal::new(expired, state.next_wakeup(filter), orphans))
    }

    async fn take_over(
        &self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let fault = self.fault;
        let state = &mut *self.state();
        let from = &match (fault, from) {
            (Fault::ACallerTakesOverWhatItKnows, TakeOverFrom::Caller { until, .. }) => {
                TakeOverFrom::Caller { until: *until, known: BTreeSet::new() }
            }
            (_, from) => from.clone(),
        };
        if fault != Fault::ACallerTakesOverWithAnEarlierLease
            && !from.is_current(state.nodes.get(new_owner).copied())
        {
            let mut nothing = TakeOver::default();
            nothing.has_more = true;
            return Ok(nothing);
        }
        let mut owners: Vec<NodeId> = Vec::new();
        for job in state.jobs.values().filter(|job| filter.matches(&job.record.task)) {
            let claimer = job.claim.iter().map(|claim| &claim.node);
            let nodes = claimer.chain(job.runs.iter().map(|run| &run.node));
            let is_dead = |node: &NodeId| state.is_dead(fault, node, now);
            let is_owner = |node: &NodeId| match from {
                TakeOverFrom::ExpiredNodes => is_dead(node),
                TakeOverFrom::Caller { .. } => {
                    node == new_owner
                        && (fault != Fault::OnlyAnExpiredCallerTakesOver || is_dead(node))
                }
            };
            owners.extend(nodes.filter(|node| is_owner(node)).cloned());
        }
        let revokes = match from {
            TakeOverFrom::ExpiredNodes => fault != Fault::ATakeOverRevokesNoLease,
            TakeOverFrom::Caller { .. } => fault == Fault::ACallerRevokesItsLease,
        };
        if revokes {
            for node in &owners {
                state.nodes.entry(node.clone()).and_modify(|lease| *lease = NodeLease::REVOKED);
            }
        }
        let is_owner = |node: &NodeId| owners.contains(node);
        let mut taken = TakeOver::default();
        for job in state.jobs.values_mut().filter(|job| filter.matches(&job.record.task)) {
            if job.claim.as_ref().is_some_and(|claim| is_owner(&claim.node)) {
                taken.has_more |= taken.released == limit;
                if taken.released < limit {
                    taken.released += usize::from(jobs::release(fault, job, is_owner));
                }
            }
            let left = job.runs.iter().filter(|run| is_owner(&run.node) && !from.is_known(run));
            for run_id in left.map(|run| run.run_id).collect::<Vec<_>>() {
                taken.has_more |= taken.runs.len() == limit;
                if taken.runs.len() < limit {
                    let run = jobs::take_over(fault, job, run_id, new_owner, is_owner);
                    let orphan = |run| OrphanedRun::new(job.record.clone(), run);
                    taken.runs.extend(run.map(orphan));
                }
            }
        }
        Ok(taken)
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.state().next_wakeup(filter))
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        let values = self.state().metadata.clone().into_iter().collect();
        Ok(Metadata::new(values))
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.state().metadata.insert(key.into(), value.into());
        Ok(())
    }

    async fn discard(&self, _: &CorruptRecord) -> Result<bool, StoreError> {
        Ok(false)
    }
}

impl RunHistory for FaultyStore {
    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let state = self.state();
        let matching = state.history.values().filter(|entry| query.matches(entry));
        Ok(HistoryRecordPage::of(matching.cloned().collect(), query.limit))
    }

    async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let old = state.history.keys().filter(|key| key.finished() < before).take(limit);
        let old: Vec<_> = old.copied().collect();
        Ok(old.iter().filter(|key| state.history.remove(key).is_some()).count() as u64)
    }

    async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut state = self.state();
        let keys = |job: &JobId| {
            let own = state.history.values().rev().filter(|entry| entry.job_id == *job);
            own.skip(keep).map(HistoryRecord::cursor).collect::<Vec<_>>()
        };
        let beyond: Vec<_> = jobs.iter().flat_map(keys).take(limit).collect();
        Ok(beyond.iter().filter(|key| state.history.remove(key).is_some()).count() as u64)
    }
}

impl TransactionalJobs for FaultyStore {}
