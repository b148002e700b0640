//! A started store, and what the cases do to it most. Jobs are named by text, and success is expected.

use std::sync::Arc;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, Fence, HistoryEntry, HistoryPage,
    HistoryQuery, InFlightRun, JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate,
    Renewal, Revision, RunId, Schedule, TaskFilter, Timestamp,
};

use super::kit::{LEASE, id, node};

/// A started store.
#[derive(Debug)]
pub struct Handle<S> {
    pub(crate) store: Arc<S>,
}

impl<S> Clone for Handle<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store) }
    }
}

impl<S: JobStore> Handle<S> {
    pub(crate) async fn start(store: S) -> Self {
        store.start().await.expect("the store starts");
        Self { store: Arc::new(store) }
    }

    pub(crate) async fn stop(&self) {
        self.store.shutdown().await;
    }

    pub(crate) async fn add(&self, records: impl Into<Vec<NewRecord>>) -> Vec<AddOutcome> {
        self.store.add(records.into()).await.expect("adding works")
    }

    pub(crate) async fn find(&self, name: &str) -> Option<JobRecord> {
        self.store.get(&id(name)).await.expect("getting works")
    }

    /// The job, which must be there.
    pub(crate) async fn get(&self, name: &str) -> JobRecord {
        self.find(name).await.unwrap_or_else(|| panic!("job {name:?} is in the store"))
    }

    pub(crate) async fn update(&self, name: &str, update: RecordUpdate) -> Revision {
        let job = self.get(name).await;
        let updated = self.store.update(&job.id, job.revision, update).await;
        updated.expect("updating works")
    }

    /// Gives the job another schedule, as a user does.
    pub(crate) async fn reschedule(&self, name: &str, schedule: Option<Schedule>) -> Revision {
        self.update(name, RecordUpdate { schedule: Some(schedule), ..Default::default() }).await
    }

    pub(crate) async fn remove(&self, name: &str) -> bool {
        self.store.remove(&id(name)).await.expect("removing works")
    }

    /// The ids of all jobs, in one page.
    pub(crate) async fn list(&self) -> Vec<String> {
        let page = self.store.list(None, usize::MAX).await.expect("listing works");
        assert_eq!(page.next, None, "a page with room for all jobs is the last");
        page.records.iter().map(|job| job.id.to_string()).collect()
    }

    /// Claims whatever is due.
    pub(crate) async fn claim(&self, now: Timestamp) -> Vec<JobRecord> {
        self.claim_some(now, usize::MAX, &TaskFilter::Any).await
    }

    pub(crate) async fn claim_some(
        &self,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Vec<JobRecord> {
        let claims = self.store.claim_due(now, limit, LEASE, filter).await;
        claims.expect("claiming works").into_iter().map(|claim| claim.record).collect()
    }

    /// Claims the one job that is due.
    pub(crate) async fn claim_one(&self, now: Timestamp) -> JobRecord {
        let mut claims = self.claim(now).await;
        assert_eq!(claims.len(), 1, "exactly one job is due: {claims:?}");
        claims.remove(0)
    }

    pub(crate) async fn commit(&self, batch: impl Into<Vec<Commit>>) -> Vec<CommitOutcome> {
        self.commit_with(batch.into(), Vec::new()).await
    }

    /// Commits, and records runs that have ended in the same batch.
    pub(crate) async fn commit_with(
        &self,
        commits: Vec<Commit>,
        history: Vec<HistoryEntry>,
    ) -> Vec<CommitOutcome> {
        let batch = CommitBatch::new(commits, history);
        self.store.commit(batch).await.expect("committing works")
    }

    /// Records runs that have ended.
    pub(crate) async fn record(&self, entries: impl IntoIterator<Item = HistoryEntry>) {
        let outcomes = self.commit_with(Vec::new(), entries.into_iter().collect()).await;
        assert_eq!(outcomes, [], "no answer without a commit");
    }

    pub(crate) async fn history(&self, query: &HistoryQuery) -> HistoryPage {
        let history = self.store.history().expect("the store has a history");
        history.read(query).await.expect("reading the history works")
    }

    pub(crate) async fn commit_one(
        &self,
        name: &str,
        fence: Fence,
        action: CommitAction,
    ) -> CommitOutcome {
        let outcomes = self.commit([Commit { id: id(name), fence, action }]).await;
        assert_eq!(outcomes.len(), 1, "one answer for one commit");
        outcomes[0]
    }

    /// Records runs that start outside of the schedule.
    pub(crate) async fn start_runs(&self, name: &str, runs: impl Into<Vec<InFlightRun>>) {
        let fence = self.get(name).await.fence;
        let outcome = self.commit_one(name, fence, CommitAction::Start { runs: runs.into() }).await;
        assert_eq!(outcome, CommitOutcome::Done);
    }

    /// Clears the run with this number.
    pub(crate) async fn clear(&self, name: &str, number: u128, fence: Fence) -> CommitOutcome {
        let run_id = RunId::from_u128(number);
        self.commit_one(name, fence, CommitAction::ClearRun { run_id }).await
    }

    pub(crate) async fn in_flight(&self, name: &str) -> Vec<InFlightRun> {
        self.store.in_flight(&id(name)).await.expect("listing runs works")
    }

    /// Renews the lease of a node that can run all tasks.
    pub(crate) async fn renew(&self, owner: &str, now: Timestamp, until: Timestamp) -> Renewal {
        self.renew_for(owner, now, until, &TaskFilter::Any).await
    }

    pub(crate) async fn renew_for(
        &self,
        owner: &str,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Renewal {
        self.store.renew(&node(owner), now, until, filter).await.expect("renewing works")
    }

    /// Takes over whatever runs of dead nodes there are.
    pub(crate) async fn take_over(&self, heir: &str, now: Timestamp) -> Vec<OrphanedRun> {
        self.take_over_some(&node(heir), now, usize::MAX, &TaskFilter::Any).await
    }

    pub(crate) async fn take_over_some(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Vec<OrphanedRun> {
        self.store.take_over(heir, now, limit, filter).await.expect("taking over works")
    }

    pub(crate) async fn notes(&self) -> Vec<(String, String)> {
        self.store.notes().await.expect("reading notes works")
    }

    pub(crate) async fn note(&self, key: &str, text: &str) {
        self.store.set_note(key, text).await.expect("leaving a note works");
    }

    pub(crate) async fn next_wakeup(&self) -> Option<Timestamp> {
        self.store.next_wakeup(&TaskFilter::Any).await.expect("asking for the wake-up works")
    }
}
