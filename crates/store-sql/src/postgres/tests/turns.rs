//! Transactions that meet.

use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, CommitOutcome, JobId, JobStore, NodeId, Schedule, StoreError, TakeOver,
    TaskFilter,
};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, at, claim, due};
use crate::testing::server::at_last;
use crate::testing::{PATIENCE, advance, run};

fn id(name: &str) -> JobId {
    JobId::new(name).unwrap()
}

impl Tables {
    /// Until somebody waits for what this connection holds.
    async fn somebody_waits(&mut self) {
        // Not pg_stat_activity: a transaction sees there only who was connected when it first looked.
        let waiting = "
            SELECT 1 FROM pg_locks
            WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
        let wait = async { while self.run(waiting).await.is_empty() {} };
        timeout(PATIENCE, wait).await.expect("somebody waits");
    }
}

/// Commits; again, if this machine was so slow that the lock was not waited for any longer.
async fn commit(
    store: PostgresJobStore,
    batch: Vec<Commit>,
) -> Result<Vec<CommitOutcome>, StoreError> {
    loop {
        match store.commit(batch.clone().into()).await {
            Err(error) if error.to_string().contains("a lock did not come free") => {}
            answer => return answer,
        }
    }
}

#[tokio::test]
async fn claims_pass_over_what_others_hold() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    tables.run("BEGIN; SELECT 1 FROM {p}jobs WHERE id = 'a' FOR UPDATE").await;
    let (me, lease) = (NodeId::new("me").unwrap(), Duration::from_secs(9));
    let claim = async || {
        let claims = timeout(PATIENCE, store.claim_due(&me, at(0), 9, lease, &TaskFilter::Any));
        let claims = claims.await.expect("nobody waits").unwrap();
        (claims.records.len(), claims.has_more)
    };
    // Whoever holds it may leave it as it is.
    assert_eq!([claim().await, claim().await], [(1, true), (0, true)]);
    tables.run("ROLLBACK").await;
    assert_eq!([claim().await, claim().await], [(1, false), (0, false)]);
    tables.drop().await;
}

/// A job that finishes while another process clears its last run leaves with one of the two.
#[tokio::test]
async fn a_job_that_finishes_while_its_last_run_is_cleared_leaves() {
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
    tables.somebody_waits().await;
    tables.run("COMMIT").await;
    assert_eq!(finishing.await.unwrap().unwrap(), [CommitOutcome::Removed]);
    assert_eq!(store.get(&id("a")).await.unwrap(), None);
    tables.drop().await;
}

/// Two processes start where another one has died, and search at the same moment.
#[tokio::test]
async fn runs_of_a_node_that_comes_to_life_during_the_search_stay_its_own() {
    let mut tables = Tables::new().await;
    let store = tables.builder().statement_timeout(PATIENCE).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
    let fence = claim(&store).await.unwrap()[0].fence;
    store.commit(vec![advance("a", fence)].into()).await.unwrap();
    // Whoever looks at the nodes waits for this connection.
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
        let search = async move || store.take_over(&me, at(0), 9, &TaskFilter::Any).await;
        tokio::spawn(async move { at_last(search).await })
    };
    tables.somebody_waits().await;
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
async fn a_circle_of_waits_is_broken_and_the_commit_made_again() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    let jobs = claim(&store).await.unwrap();
    // A transaction of a user's holds `b` and wants `a`, and commits hold `a` first.
    tables
        .run("SET deadlock_timeout = '1h'; BEGIN; SELECT 1 FROM {p}jobs WHERE id = 'b' FOR UPDATE")
        .await;
    let postpone = CommitAction::Postpone { due_at: at(7) };
    let batch = jobs
        .iter()
        .map(|job| Commit { id: job.id.clone(), fence: job.fence, action: postpone.clone() })
        .collect();
    let committing = tokio::spawn(commit(store.clone(), batch));
    tables.somebody_waits().await;
    tables.run("SELECT 1 FROM {p}jobs WHERE id = 'a' FOR UPDATE; COMMIT").await;
    let outcomes = timeout(PATIENCE, committing).await.expect("the circle is broken");
    assert_eq!(outcomes.unwrap().unwrap(), [CommitOutcome::Done; 2]);
    tables.drop().await;
}

#[tokio::test]
async fn runs_of_a_busy_job_are_taken_over() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let database = store.handle.opened().unwrap();
    crate::testing::runs_of_a_busy_job_are_taken_over(&database).await;
    tables.drop().await;
}
