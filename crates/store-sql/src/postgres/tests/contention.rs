//! Tests of conflicting transactions.

use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, CommitOutcome, JobId, JobStore, NodeId, Schedule, StoreError, TakeOver,
    TakeOverFrom, TaskFilter,
};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, at, claim, due};
use crate::testing::server::retry_until_ok;
use crate::testing::{WAIT_TIMEOUT, advance, run};

fn id(name: &str) -> JobId {
    JobId::new(name).unwrap()
}

impl Tables {
    /// Waits until a transaction waits for a lock of this connection.
    async fn wait_for_blocked_transaction(&mut self) {
        // Not pg_stat_activity: its content is frozen within a transaction.
        let waiting = "
            SELECT 1 FROM pg_locks
            WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
        let wait = async { while self.run(waiting).await.is_empty() {} };
        timeout(WAIT_TIMEOUT, wait).await.expect("a transaction waits for a lock");
    }
}

/// Commits a batch, and retries after lock timeouts, which occur if the machine is slow.
async fn commit(
    store: PostgresJobStore,
    batch: Vec<Commit>,
) -> Result<Vec<CommitOutcome>, StoreError> {
    loop {
        match store.commit(batch.clone().into()).await {
            Err(error) if error.to_string().contains("waiting for a lock") => {}
            result => return result,
        }
    }
}

#[tokio::test]
async fn claims_skip_locked_jobs() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    tables.run("BEGIN; SELECT 1 FROM {p}jobs WHERE id = 'a' FOR UPDATE").await;
    let (me, lease) = (NodeId::new("me").unwrap(), Duration::from_secs(9));
    let claim = async || {
        let claims = timeout(WAIT_TIMEOUT, store.claim_due(&me, at(0), 9, lease, &TaskFilter::Any));
        let claims = claims.await.expect("the claim does not wait").unwrap();
        (claims.records.len(), claims.has_more)
    };
    // The other transaction may leave the locked job unchanged, so there may be more.
    assert_eq!([claim().await, claim().await], [(1, true), (0, true)]);
    tables.run("ROLLBACK").await;
    assert_eq!([claim().await, claim().await], [(1, false), (0, false)]);
    tables.drop().await;
}

/// The job is removed by one of the two transactions.
#[tokio::test]
async fn a_job_that_finishes_while_its_last_run_is_cleared_is_removed() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0))]).await.unwrap();
    let fence = claim(&store).await.unwrap()[0].fence;
    let schedule = Schedule::at(at(0));
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![run()] };
    store.commit(vec![Commit { id: id("a"), fence, action: advance }].into()).await.unwrap();
    let fence = claim(&store).await.unwrap()[0].fence;

    tables.run("BEGIN; DELETE FROM {p}runs WHERE job_id = 'a'").await;
    let finish = Commit { id: id("a"), fence, action: CommitAction::Finish { start: vec![] } };
    let finishing = tokio::spawn(commit(store.clone(), vec![finish]));
    tables.wait_for_blocked_transaction().await;
    tables.run("COMMIT").await;
    assert_eq!(finishing.await.unwrap().unwrap(), [CommitOutcome::Removed]);
    assert_eq!(store.get(&id("a")).await.unwrap(), None);
    tables.drop().await;
}

/// Two processes start after another one has expired, and search for orphans concurrently.
#[tokio::test]
async fn runs_of_a_node_that_renews_during_the_search_are_not_taken_over() {
    let mut tables = Tables::new().await;
    let store = tables.builder().statement_timeout(WAIT_TIMEOUT).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
    let fence = claim(&store).await.unwrap()[0].fence;
    store.commit(vec![advance("a", fence)].into()).await.unwrap();
    // Every query of the nodes waits for this connection.
    tables
        .run(
            "ALTER TABLE {p}nodes RENAME TO known;
             CREATE VIEW {p}nodes AS SELECT * FROM \"{schema}\".known
                 WHERE (SELECT pg_advisory_xact_lock_shared(hashtext('{schema}'))) IS NOT NULL;
             SELECT pg_advisory_lock(hashtext('{schema}'))",
        )
        .await;
    let search = {
        let store = store.clone();
        let me = NodeId::new("me").unwrap();
        let search = async move || {
            store.take_over(&me, &TakeOverFrom::ExpiredNodes, at(0), 9, &TaskFilter::Any).await
        };
        tokio::spawn(async move { retry_until_ok(search).await })
    };
    tables.wait_for_blocked_transaction().await;
    tables
        .run(
            "INSERT INTO \"{schema}\".known VALUES ('new', 253402300799999999, false);
             UPDATE {p}runs SET node = 'new';
             SELECT pg_advisory_unlock(hashtext('{schema}'))",
        )
        .await;
    assert_eq!(search.await.unwrap(), TakeOver::default());
    let job = store.get(&id("a")).await.unwrap().unwrap();
    assert_eq!(job.runs[0].node.as_str(), "new");
    tables.drop().await;
}

#[tokio::test]
async fn a_deadlock_is_resolved_and_the_commit_retried() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    let jobs = claim(&store).await.unwrap();
    // A transaction of the user locks `b` and then `a`; the commit locks `a` first.
    tables
        .run("SET deadlock_timeout = '1h'; BEGIN; SELECT 1 FROM {p}jobs WHERE id = 'b' FOR UPDATE")
        .await;
    let postpone = CommitAction::Postpone { due_at: at(7) };
    let batch = jobs
        .iter()
        .map(|job| Commit { id: job.id.clone(), fence: job.fence, action: postpone.clone() })
        .collect();
    let committing = tokio::spawn(commit(store.clone(), batch));
    tables.wait_for_blocked_transaction().await;
    tables.run("SELECT 1 FROM {p}jobs WHERE id = 'a' FOR UPDATE; COMMIT").await;
    let outcomes = timeout(WAIT_TIMEOUT, committing).await.expect("the deadlock is resolved");
    assert_eq!(outcomes.unwrap().unwrap(), [CommitOutcome::Done; 2]);
    tables.drop().await;
}

#[tokio::test]
async fn runs_of_a_busy_job_are_taken_over() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let database = store.handle.current_backend().unwrap();
    crate::testing::runs_of_a_busy_job_are_taken_over(&database).await;
    tables.drop().await;
}
