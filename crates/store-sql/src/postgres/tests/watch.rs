//! Tests of notifications.

use std::time::Duration;

use punctual_core::{
    ChangeWatch, Commit, CommitAction, CommitOutcome, JobId, JobStore, NewRecord, NodeId,
    RecordUpdate, Revision, Schedule, TaskFilter,
};
use punctual_testkit::server_url;
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, at, due};
use crate::testing::server::retry_until_ok;
use crate::testing::{FaultyProxy, WAIT_TIMEOUT, run};

/// A listener that counts the notifications of a store.
struct NotificationCounter {
    channel: String,
    listener: PgListener,
}

impl NotificationCounter {
    async fn on(store: &PostgresJobStore) -> Self {
        let channel = store.handle.current_backend().unwrap().dialect.channel().to_owned();
        let mut listener = PgListener::connect(&server_url("postgres")).await.unwrap();
        listener.listen(&channel).await.unwrap();
        Self { channel, listener }
    }

    /// The number of notifications since the last call.
    async fn count(&mut self, tables: &mut Tables) -> usize {
        // Notifications of all sessions are ordered, and this one is the last.
        tables.run(&format!("NOTIFY \"{}\", 'end'", self.channel)).await;
        let mut count = 0;
        loop {
            let next =
                timeout(WAIT_TIMEOUT, self.listener.recv()).await.expect("the last notification");
            if next.unwrap().payload() == "end" {
                return count;
            }
            count += 1;
        }
    }
}

async fn assert_notified(watch: &mut Box<dyn ChangeWatch>) {
    timeout(WAIT_TIMEOUT, watch.changed()).await.expect("a notification").unwrap();
}

/// Waits for a notification and ignores errors, because with a short statement timeout calls may fail on a busy
/// machine.
async fn assert_notified_eventually(watch: &mut Box<dyn ChangeWatch>) {
    let notified = async {
        while let Err(error) = watch.changed().await {
            assert!(error.is_retryable(), "{error}");
        }
    };
    timeout(WAIT_TIMEOUT, notified).await.expect("a notification");
}

#[tokio::test]
async fn changes_of_users_are_notified_and_advances_are_not() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let mut counter = NotificationCounter::on(&store).await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    assert_eq!(counter.count(&mut tables).await, 1, "one for a batch");
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(counter.count(&mut tables).await, 0, "nothing was added");
    let (id, schedule) = (JobId::new("a").unwrap(), Some(Some(Schedule::at(at(0)))));
    let update = RecordUpdate { schedule, ..RecordUpdate::default() };
    store.update(&id, Revision::FIRST, update).await.unwrap();
    assert_eq!(counter.count(&mut tables).await, 1);

    let lease = Duration::from_secs(9);
    let node = NodeId::new("here").unwrap();
    let claims = store.claim_due(&node, at(0), 9, lease, &TaskFilter::Any).await.unwrap();
    let claim = claims.records.iter().find(|claim| claim.id == id).expect("the claimed job");
    let commit = |action| vec![Commit { id: id.clone(), fence: claim.fence, action }];
    let schedule = Schedule { next_run_time: at(9), due_at: at(10) };
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![] };
    assert_eq!(store.commit(commit(advance).into()).await.unwrap(), [CommitOutcome::Done]);
    assert_eq!(counter.count(&mut tables).await, 0, "the claiming node knows the new due time");
    for expected in [1, 0] {
        let hasten = CommitAction::BringForward { due_at: at(9) };
        assert_eq!(store.commit(commit(hasten).into()).await.unwrap(), [CommitOutcome::Done]);
        assert_eq!(counter.count(&mut tables).await, expected, "only if it is due earlier");
    }
    let start = CommitAction::Start { runs: vec![run()] };
    assert_eq!(store.commit(commit(start).into()).await.unwrap(), [CommitOutcome::Done]);
    assert_eq!(counter.count(&mut tables).await, 1, "it may have ended a claim of another node");
    tables.drop().await;
}

#[tokio::test]
async fn notifications_of_added_jobs_tell_when_they_are_due() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let mut watch = store.watch().await.unwrap().unwrap();
    store.add(vec![due("a", at(7)), due("b", at(5))]).await.unwrap();
    assert_notified(&mut watch).await;
    assert_eq!(watch.due_at(), Some(at(5)));
    let copied = (0..1_000).map(|n| due(&format!("copied {n}"), at(1_003 - n))).collect();
    store.add(copied).await.unwrap();
    assert_notified(&mut watch).await;
    assert_eq!(watch.due_at(), Some(at(4)));
    store.add(vec![NewRecord { schedule: None, ..due("paused", at(0)) }]).await.unwrap();
    assert_notified(&mut watch).await;
    assert_eq!(watch.due_at(), None);
    // Two notifications as one change.
    store.add(vec![due("c", at(3))]).await.unwrap();
    let (id, schedule) = (JobId::new("a").unwrap(), Some(Some(Schedule::at(at(1)))));
    let update = RecordUpdate { schedule, ..RecordUpdate::default() };
    store.update(&id, Revision::FIRST, update).await.unwrap();
    assert_notified(&mut watch).await;
    if watch.due_at() == Some(at(3)) {
        assert_notified(&mut watch).await;
    }
    assert_eq!(watch.due_at(), None, "a job that was changed may be due at any time");
    tables.drop().await;
}

#[tokio::test]
async fn changes_of_other_tables_are_not_notified() {
    let (mut tables, elsewhere) = (Tables::new().await, Tables::new().await);
    let mut counter = NotificationCounter::on(&tables.started().await).await;
    let neighbour = tables.builder().table_prefix("other_").build().unwrap();
    neighbour.start().await.unwrap();
    for store in [neighbour, elsewhere.started().await] {
        store.add(vec![due("a", at(0))]).await.unwrap();
    }
    assert_eq!(counter.count(&mut tables).await, 0);
    tables.drop().await;
    elsewhere.drop().await;
}

#[tokio::test]
async fn a_closed_connection_is_replaced_and_reported_as_a_change() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let mut watch = store.watch().await.unwrap().unwrap();
    let channel = store.handle.current_backend().unwrap().dialect.channel().to_owned();
    let cut = format!(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
         WHERE query LIKE 'LISTEN%{channel}%' AND pid <> pg_backend_pid()"
    );
    for name in ["a", "b"] {
        assert_eq!(tables.run(&cut).await.len(), 1);
        assert_notified(&mut watch).await;
        store.add(vec![due(name, at(0))]).await.unwrap();
        assert_notified(&mut watch).await;
    }
    store.shutdown().await;
    let end = timeout(WAIT_TIMEOUT, watch.changed()).await.expect("an error after the shutdown");
    assert!(end.unwrap_err().is_retryable());
    tables.drop().await;
}

#[tokio::test]
async fn a_silently_lost_connection_is_replaced_and_reported_as_a_change() {
    let tables = Tables::new().await;
    let options: PgConnectOptions = server_url("postgres").parse().unwrap();
    let proxy = FaultyProxy::to(options.get_host(), options.get_port()).await;
    let options = options.host("127.0.0.1").port(proxy.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let store = builder.statement_timeout(Duration::from_secs(1)).build().unwrap();
    retry_until_ok(async || store.start().await).await;
    let mut watch = retry_until_ok(async || store.watch().await).await.unwrap();
    proxy.lose();
    assert_notified_eventually(&mut watch).await;
    tables.started().await.add(vec![due("a", at(0))]).await.unwrap();
    assert_notified_eventually(&mut watch).await;
    store.shutdown().await;
    tables.drop().await;
}
