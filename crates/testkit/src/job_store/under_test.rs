//! The store under test, with shorthands for its calls. They take ids as text and panic on errors.

use std::sync::Arc;

use punctual_core::{
    AddOutcome, Claims, Commit, CommitAction, CommitBatch, CommitOutcome, Fence, HistoryRecord,
    HistoryRecordPage, HistoryRecordQuery, InFlightRun, JobRecord, JobStore, NewRecord, NodeId,
    OrphanedRun, RecordUpdate, Renewal, Revision, RunId, Schedule, StoredJob, TakeOver,
    TakeOverFrom, TaskFilter, Timestamp,
};

use super::builders::{LEASE, id, node};

/// The node that claims, unless a case names another.
const CLAIMER: &str = "n";

/// Maximum number of consecutive calls that return `has_more` without results. That is possible only while other nodes
/// claim or take over concurrently.
const MAX_EMPTY_RESULTS: usize = 1_000;

/// A started store.
#[derive(Debug)]
pub struct StoreUnderTest<S> {
    pub(crate) store: Arc<S>,
}

impl<S> Clone for StoreUnderTest<S> {
    fn clone(&self) -> Self {
        Self { store: Arc::clone(&self.store) }
    }
}

impl<S: JobStore> StoreUnderTest<S> {
    pub(crate) async fn start(store: S) -> Self {
        store.start().await.expect("the store starts");
        Self { store: Arc::new(store) }
    }

    pub(crate) async fn stop(&self) {
        self.store.shutdown().await;
    }

    /// Adds jobs in batches of the maximum size of the store.
    pub(crate) async fn add(&self, records: impl Into<Vec<NewRecord>>) -> Vec<AddOutcome> {
        let limit = self.store.caps().max_batch;
        let mut outcomes = Vec::new();
        let mut rest = records.into().into_iter().peekable();
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some(record) = rest.next_if(|record| {
                bytes += record.definition.as_bytes().len();
                batch.is_empty() || (batch.len() < limit.count && bytes <= limit.bytes)
            }) {
                batch.push(record);
            }
            outcomes.extend(self.store.add(batch).await.expect("adding works"));
            if rest.peek().is_none() {
                return outcomes;
            }
        }
    }

    pub(crate) async fn find_stored(&self, name: &str) -> Option<StoredJob> {
        let job = self.store.get(&id(name)).await.expect("getting works");
        if let Some(job) = &job {
            assert_eq!(
                job.record.in_flight as usize,
                job.runs.len(),
                "`in_flight` must be the number of runs"
            );
            assert!(job.runs.is_sorted_by_key(|run| run.run_id), "{:?}", job.runs);
        }
        job
    }

    /// The job with its claim and its runs. It must exist.
    pub(crate) async fn stored(&self, name: &str) -> StoredJob {
        let job = self.find_stored(name).await;
        job.unwrap_or_else(|| panic!("job {name:?} does not exist"))
    }

    pub(crate) async fn find(&self, name: &str) -> Option<JobRecord> {
        self.find_stored(name).await.map(|job| job.record)
    }

    /// The record of the job, which must exist.
    pub(crate) async fn get(&self, name: &str) -> JobRecord {
        self.stored(name).await.record
    }

    /// The runs of a job. Empty if the job does not exist.
    pub(crate) async fn in_flight(&self, name: &str) -> Vec<InFlightRun> {
        self.find_stored(name).await.map(|job| job.runs).unwrap_or_default()
    }

    pub(crate) async fn update(&self, name: &str, update: RecordUpdate) -> Revision {
        let job = self.get(name).await;
        let updated = self.store.update(&job.id, job.revision, update).await;
        updated.expect("updating works")
    }

    /// Changes the schedule of a job, as a user does.
    pub(crate) async fn reschedule(&self, name: &str, schedule: Option<Schedule>) -> Revision {
        self.update(name, RecordUpdate { schedule: Some(schedule), ..Default::default() }).await
    }

    pub(crate) async fn remove(&self, name: &str) -> bool {
        let removed = self.store.remove(&[id(name)]).await.expect("removing works");
        assert_eq!(removed.len(), 1, "one result for one job");
        removed[0]
    }

    /// The ids of all jobs, in one page.
    pub(crate) async fn list(&self) -> Vec<String> {
        let page = self.store.list(None, usize::MAX).await.expect("listing works");
        assert_eq!(page.next, None, "a page with all jobs must be the last");
        assert_eq!(page.corrupt, []);
        page.records.iter().map(|job| job.id.to_string()).collect()
    }

    /// Claims all due jobs.
    pub(crate) async fn claim(&self, now: Timestamp) -> Vec<JobRecord> {
        self.claim_some(now, usize::MAX, &TaskFilter::Any).await
    }

    pub(crate) async fn claim_some(
        &self,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Vec<JobRecord> {
        self.claim_for(CLAIMER, now, limit, filter).await
    }

    /// Claims for a node until the limit is reached or no more jobs are due.
    pub(crate) async fn claim_for(
        &self,
        owner: &str,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Vec<JobRecord> {
        let (mut records, mut empty_results) = (Vec::new(), 0);
        while records.len() < limit {
            let wanted = limit - records.len();
            let claims = self.claim_once(owner, now, wanted, filter).await;
            assert!(claims.records.len() <= wanted, "{} for {wanted}", claims.records.len());
            assert_eq!(claims.corrupt, []);
            empty_results = if claims.records.is_empty() { empty_results + 1 } else { 0 };
            assert!(
                empty_results < MAX_EMPTY_RESULTS,
                "claim_due returned `has_more` without records {empty_results} times in a row"
            );
            records.extend(claims.records);
            if !claims.has_more {
                break;
            }
            tokio::task::yield_now().await;
        }
        records
    }

    /// Makes one call.
    pub(crate) async fn claim_once(
        &self,
        owner: &str,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Claims {
        let claims = self.store.claim_due(&node(owner), now, limit, LEASE, filter).await;
        claims.expect("claiming works")
    }

    /// Claims the only job that is due.
    pub(crate) async fn claim_one(&self, now: Timestamp) -> JobRecord {
        self.claim_one_for(CLAIMER, now).await
    }

    /// Claims the only job that is due for a node.
    pub(crate) async fn claim_one_for(&self, owner: &str, now: Timestamp) -> JobRecord {
        let mut claims = self.claim_for(owner, now, usize::MAX, &TaskFilter::Any).await;
        assert_eq!(claims.len(), 1, "exactly one job is due: {claims:?}");
        claims.remove(0)
    }

    pub(crate) async fn commit(&self, batch: impl Into<Vec<Commit>>) -> Vec<CommitOutcome> {
        self.commit_with(batch.into(), Vec::new()).await
    }

    /// Commits and records history entries, in batches of the maximum size of the store.
    pub(crate) async fn commit_with(
        &self,
        commits: Vec<Commit>,
        history: Vec<HistoryRecord>,
    ) -> Vec<CommitOutcome> {
        let limit = self.store.caps().max_batch.count;
        let mut outcomes = Vec::new();
        let mut commits = commits.into_iter().peekable();
        let mut history = history.into_iter().peekable();
        loop {
            let next = commits.by_ref().take(limit).collect();
            let batch = CommitBatch::new(next, history.by_ref().take(limit).collect());
            outcomes.extend(self.store.commit(batch).await.expect("committing works"));
            if commits.peek().is_none() && history.peek().is_none() {
                return outcomes;
            }
        }
    }

    /// Records history entries.
    pub(crate) async fn record(&self, entries: impl IntoIterator<Item = HistoryRecord>) {
        let outcomes = self.commit_with(Vec::new(), entries.into_iter().collect()).await;
        assert_eq!(outcomes, [], "history entries must not have outcomes");
    }

    pub(crate) async fn history(&self, query: &HistoryRecordQuery) -> HistoryRecordPage {
        let page = self.store.read_history(query).await.expect("reading the history works");
        assert_eq!(page.corrupt, []);
        page
    }

    pub(crate) async fn commit_one(
        &self,
        name: &str,
        fence: Fence,
        action: CommitAction,
    ) -> CommitOutcome {
        let outcomes = self.commit([Commit { id: id(name), fence, action }]).await;
        assert_eq!(outcomes.len(), 1, "one outcome for one commit");
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

    /// Takes over all runs and claims of expired nodes, and returns the runs.
    pub(crate) async fn take_over(&self, new_owner: &str, now: Timestamp) -> Vec<OrphanedRun> {
        self.take_over_all(new_owner, now, &TaskFilter::Any).await.runs
    }

    /// Takes over until no runs and claims of expired nodes are left.
    pub(crate) async fn take_over_all(
        &self,
        new_owner: &str,
        now: Timestamp,
        filter: &TaskFilter,
    ) -> TakeOver {
        let mut all = TakeOver::default();
        let mut empty_results = 0;
        loop {
            let from = &TakeOverFrom::ExpiredNodes;
            let taken = self.take_over_some(&node(new_owner), from, now, usize::MAX, filter).await;
            assert_eq!(taken.corrupt, []);
            let nothing = taken.runs.is_empty() && taken.released == 0;
            empty_results = if nothing { empty_results + 1 } else { 0 };
            assert!(
                empty_results < MAX_EMPTY_RESULTS,
                "take_over returned `has_more` without results {empty_results} times in a row"
            );
            all.runs.extend(taken.runs);
            all.released += taken.released;
            if !taken.has_more {
                return all;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Makes one call.
    pub(crate) async fn take_over_some(
        &self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> TakeOver {
        self.store.take_over(new_owner, from, now, limit, filter).await.expect("taking over works")
    }

    pub(crate) async fn metadata(&self) -> Vec<(String, String)> {
        let metadata = self.store.metadata().await.expect("reading the metadata works");
        assert_eq!(metadata.corrupt, []);
        metadata.values
    }

    pub(crate) async fn set_metadata(&self, key: &str, value: &str) {
        self.store.set_metadata(key, value).await.expect("setting a value works");
    }

    pub(crate) async fn next_wakeup(&self) -> Option<Timestamp> {
        self.store.next_wakeup(&TaskFilter::Any).await.expect("reading the wake-up works")
    }
}
