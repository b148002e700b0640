//! Tests of conflicting transactions.

use std::time::Duration;

use punctual_core::{
    CallerTransaction, CommitOutcome, JobId, JobStore, NodeId, StoreErrorKind, TaskFilter,
    TransactionalJobs,
};
use sqlx::{AssertSqlSafe, Connection, MySqlConnection, Row};
use tokio::time::timeout;

use super::super::MySqlJobStore;
use super::{Tables, at, claim, claimed, due, get};
use crate::testing::WAIT_TIMEOUT;

impl Tables {
    /// Waits until a transaction waits for a lock of a job in these tables.
    ///
    /// The InnoDB monitor is always current. `information_schema.innodb_trx` is cached and only refreshed if it has not
    /// been queried for 0.1 seconds: concurrent tests that poll it would never see a new state.
    async fn wait_for_blocked_transaction(&self, beside: &mut MySqlConnection) {
        let wait = async {
            loop {
                let monitor = sqlx::raw_sql("SHOW ENGINE INNODB STATUS");
                let status: String = monitor.fetch_one(&mut *beside).await.unwrap().get("Status");
                let mut transactions = status.split("---TRANSACTION");
                if transactions.any(|one| one.contains("LOCK WAIT") && one.contains(&self.prefix)) {
                    return;
                }
            }
        };
        timeout(WAIT_TIMEOUT, wait).await.expect("a transaction waits for a lock");
    }
}

/// A started store with this lock timeout, and three due jobs.
async fn with_jobs(tables: &Tables, lock_timeout: Duration) -> MySqlJobStore {
    let store = tables.builder().lock_timeout(lock_timeout).build().unwrap();
    store.start().await.unwrap();
    store.add(["a", "b", "c"].map(|name| due(name, at(0))).to_vec()).await.unwrap();
    store
}

#[tokio::test]
async fn claims_skip_locked_jobs() {
    let mut tables = Tables::new().await;
    let store = with_jobs(&tables, WAIT_TIMEOUT).await;
    tables.run("START TRANSACTION; UPDATE {p}jobs SET fire_count = 0 WHERE id = 'b'").await;
    let claims = claim(&store).await.unwrap();
    let ids: Vec<_> = claims.iter().map(|job| job.id.as_str()).collect();
    assert_eq!(ids, ["a", "c"]);
    tables.run("ROLLBACK").await;
    assert_eq!(claim(&store).await.unwrap().len(), 1);
    tables.drop().await;
}

#[tokio::test]
async fn waiting_for_a_locked_job_times_out() {
    let mut tables = Tables::new().await;
    let store = with_jobs(&tables, Duration::from_secs(1)).await;
    let batch = claimed(&store, ["a", "b"]).await;
    tables.run("START TRANSACTION; UPDATE {p}jobs SET fire_count = 0 WHERE id = 'b'").await;
    let error = store.commit(batch.clone().into()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    assert!(error.to_string().contains("locked by another transaction"), "{error}");
    let untouched = get(&store, "a").await;
    assert_eq!((untouched.fire_count, untouched.in_flight), (0, 0), "it is rolled back");
    tables.run("ROLLBACK").await;
    assert_eq!(store.commit(batch.into()).await.unwrap(), [CommitOutcome::Done; 2]);
    tables.drop().await;
}

#[tokio::test]
async fn a_transaction_with_another_current_database_uses_the_tables_of_the_store() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let mut shop = super::connect().await;
    let run = |statement: &str| AssertSqlSafe(statement.replace("{p}", &tables.prefix));
    // The other database has a table of the same name.
    let database =
        "CREATE DATABASE {p}shop; CREATE TABLE {p}shop.{p}jobs LIKE {p}jobs; USE {p}shop";
    sqlx::raw_sql(run(database)).execute(&mut shop).await.unwrap();
    let mut transaction = shop.begin().await.unwrap();
    let mut caller = CallerTransaction::on(&mut *transaction);
    store.add_in(&mut caller, vec![due("a", at(0))]).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(store.get(&JobId::new("a").unwrap()).await.unwrap().is_some());
    sqlx::raw_sql(run("DROP DATABASE {p}shop")).execute(&mut shop).await.unwrap();
    tables.drop().await;
}

#[tokio::test]
async fn a_renewal_does_not_wait_for_other_nodes() {
    let mut tables = Tables::new().await;
    let store = with_jobs(&tables, WAIT_TIMEOUT).await;
    let [us, them, expired_node] = ["us", "them", "expired"].map(|name| NodeId::new(name).unwrap());
    let renew = async |node, now, until| store.renew(node, now, until, &TaskFilter::Any).await;
    renew(&them, at(0), at(1)).await.unwrap();
    renew(&expired_node, at(0), at(1)).await.unwrap();
    tables.run("START TRANSACTION; UPDATE {p}nodes SET alive_until = 0 WHERE id = 'them'").await;
    // After 14 days expired leases are purged, except the one that another transaction is updating.
    let later = at(14 * 24 * 60 * 60);
    renew(&us, later, later).await.expect("the renewal does not wait");
    tables.run("COMMIT").await;
    assert!(renew(&them, later, later).await.unwrap().expired, "the lease was kept");
    assert!(!renew(&expired_node, later, later).await.unwrap().expired, "the lease was purged");
    tables.drop().await;
}

#[tokio::test]
async fn the_victim_of_a_deadlock_is_retried() {
    let mut tables = Tables::new().await;
    let mut beside = super::connect().await;
    let store = with_jobs(&tables, WAIT_TIMEOUT).await;
    let batch = claimed(&store, ["a", "b"]).await;
    // InnoDB rolls back the transaction with fewer changes.
    let much = (0..200).map(|n| due(&format!("z{n}"), at(0))).collect();
    store.add(much).await.unwrap();
    tables
        .run(
            "START TRANSACTION; UPDATE {p}jobs SET fire_count = 7 WHERE id LIKE 'z%';
             UPDATE {p}jobs SET task = 'other' WHERE id = 'b'",
        )
        .await;
    let ours = store.clone();
    let commit = tokio::spawn(async move { ours.commit(batch.into()).await });
    tables.wait_for_blocked_transaction(&mut beside).await;
    tables.run("UPDATE {p}jobs SET task = 'other' WHERE id = 'a'").await;
    tables.run("COMMIT").await;
    assert_eq!(commit.await.unwrap().unwrap(), [CommitOutcome::Done; 2]);
    for name in ["a", "b"] {
        let record = get(&store, name).await;
        assert_eq!((record.fire_count, record.task.as_str()), (1, "other"), "{name}");
    }
    tables.drop().await;
}

#[tokio::test]
async fn a_cancelled_commit_can_be_repeated() {
    let mut tables = Tables::new().await;
    let mut beside = super::connect().await;
    let store = tables.builder().max_connections(1).lock_timeout(WAIT_TIMEOUT).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    let batch = claimed(&store, ["a", "b"]).await;
    tables.run("START TRANSACTION; UPDATE {p}jobs SET fire_count = 0 WHERE id = 'b'").await;
    let ours = store.clone();
    let again = batch.clone();
    let commit = tokio::spawn(async move { ours.commit(batch.into()).await });
    tables.wait_for_blocked_transaction(&mut beside).await;
    commit.abort();
    commit.await.unwrap_err();
    tables.run("ROLLBACK").await;
    // Whether or not the server executed the cancelled commit: repeated, the batch has the same outcome.
    assert_eq!(store.commit(again.into()).await.unwrap(), [CommitOutcome::Done; 2]);
    for name in ["a", "b"] {
        let job = get(&store, name).await;
        assert_eq!((job.fire_count, job.in_flight), (1, 1), "{name}");
    }
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
