//! Stores in databases of their own, and calls of them.

use std::time::Duration;

use punctual_core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, HistoryRecord, JobId, JobRecord,
    JobStore, NewRecord, NodeId, OutcomeKind, RunId, Schedule, StoreError, StoreErrorKind,
    StoredDefinition, TaskFilter, TaskName, Timestamp, error_chain,
};
use punctual_store_rethinkdb::{RethinkDbJobStore, RethinkDbJobStoreBuilder};
use punctual_testkit::server_url;
use uuid::Uuid;

use crate::session::Session;

/// The timeout of stores: other tests run at the same time.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A database, which is dropped at the end.
pub(crate) struct Database {
    pub(crate) name: String,
    /// The server, or a proxy.
    url: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::at(server_url("rethinkdb"))
    }

    pub(crate) fn at(url: String) -> Self {
        Self { name: format!("test_{}", Uuid::new_v4().simple()), url }
    }

    pub(crate) fn builder(&self) -> RethinkDbJobStoreBuilder {
        let builder = RethinkDbJobStore::builder().url(&self.url).database(&self.name);
        builder.connect_timeout(WAIT_TIMEOUT).response_timeout(WAIT_TIMEOUT)
    }

    /// A started store.
    pub(crate) async fn started(&self) -> RethinkDbJobStore {
        let store = self.builder().build().expect("valid options");
        store.start().await.expect("the store starts");
        store
    }

    pub(crate) fn session() -> Session {
        Session::of(&server_url("rethinkdb"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = serde_json::json!([58, [self.name]]);
        // It may not have been created.
        let _ = Self::session().try_run(&drop);
    }
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn node() -> NodeId {
    NodeId::new("here").expect("a valid id")
}

fn task() -> TaskName {
    TaskName::new("work").expect("a valid name")
}

pub(crate) fn filter() -> TaskFilter {
    TaskFilter::Only(std::sync::Arc::new([task()].into()))
}

/// A job that is due, with a definition of this size.
pub(crate) fn job(id: &str, size: usize) -> NewRecord {
    NewRecord {
        id: JobId::new(id).expect("a valid id"),
        task: task(),
        definition: StoredDefinition::from(vec![b'x'; size]),
        schedule: Some(Schedule::at(at(0))),
    }
}

pub(crate) async fn add(store: &RethinkDbJobStore, ids: &[&str]) {
    let jobs = ids.iter().map(|id| job(id, 10)).collect();
    assert_eq!(store.add(jobs).await.expect("adding works"), vec![AddOutcome::Added; ids.len()]);
}

/// Claims all jobs that are due.
pub(crate) async fn claim(store: &RethinkDbJobStore) -> Result<Vec<JobRecord>, StoreError> {
    let mut records = Vec::new();
    loop {
        let lease = Duration::from_secs(30);
        let claims = store.claim_due(&node(), at(1), 1_000, lease, &filter()).await?;
        records.extend(claims.records);
        if !claims.has_more {
            return Ok(records);
        }
    }
}

/// Commits claims with an entry of the history for each, after which the jobs are due at this time.
pub(crate) async fn advance(store: &RethinkDbJobStore, claims: &[JobRecord], due: Timestamp) {
    let commit = |record: &JobRecord| {
        let schedule = Schedule::at(due);
        let action = CommitAction::Advance { schedule, fire_count: 1, start: Vec::new() };
        Commit { id: record.id.clone(), fence: record.fence, action }
    };
    let entry = |record: &JobRecord| HistoryRecord {
        run_id: RunId::random(),
        attempt: 1,
        job_id: record.id.clone(),
        task: record.task.clone(),
        node: node(),
        scheduled_time: at(0),
        started: Some(at(0)),
        finished: at(1),
        outcome: OutcomeKind::Success,
        error: None,
    };
    let (commits, history) = (claims.iter().map(commit), claims.iter().map(entry));
    let batch = CommitBatch::new(commits.collect(), history.collect());
    let outcomes = store.commit(batch).await.expect("committing works");
    assert_eq!(outcomes, vec![CommitOutcome::Done; claims.len()]);
}

/// Checks the kind and the text of an error, which must contain no password and no address.
pub(crate) fn check_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    let shown = format!("{} {error:?}", error_chain(error));
    assert_eq!(error.kind(), kind, "{shown}");
    assert!(shown.contains(text), "{shown}");
    assert!(!shown.contains("hunter2") && !shown.contains("127.0.0.1"), "{shown}");
}
