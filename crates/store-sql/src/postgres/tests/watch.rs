//! What is told to others, and what is not.

use std::time::Duration;

use punctual_core::{
    ChangeWatch, Commit, CommitAction, CommitOutcome, JobId, JobStore, NodeId, RecordUpdate,
    Revision, Schedule, TaskFilter,
};
use punctual_testkit::server_url;
use sqlx::postgres::{PgConnectOptions, PgListener};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, at, due};
use crate::testing::server::at_last;
use crate::testing::{Line, PATIENCE, run};

/// Hears all that is told about a store's jobs.
struct Ear {
    channel: String,
    listener: PgListener,
}

impl Ear {
    async fn on(store: &PostgresJobStore) -> Self {
        let channel = store.handle.opened().unwrap().dialect.channel().to_owned();
        let mut listener = PgListener::connect(&server_url("postgres")).await.unwrap();
        listener.listen(&channel).await.unwrap();
        Self { channel, listener }
    }

    /// How many changes were told since the last time.
    async fn heard(&mut self, tables: &mut Tables) -> usize {
        // All sessions' notifications come in one order, and this one is the last.
        tables.run(&format!("NOTIFY \"{}\", 'end'", self.channel)).await;
        let mut count = 0;
        loop {
            let next = timeout(PATIENCE, self.listener.recv()).await.expect("the end is told");
            if next.unwrap().payload() == "end" {
                return count;
            }
            count += 1;
        }
    }
}

async fn is_told(watch: &mut Box<dyn ChangeWatch>) {
    timeout(PATIENCE, watch.changed()).await.expect("it is told in time").unwrap();
}

/// The same where a statement has so little time that any may fail on a busy machine.
async fn is_told_at_last(watch: &mut Box<dyn ChangeWatch>) {
    let told = async {
        while let Err(error) = watch.changed().await {
            assert!(error.is_retryable(), "{error}");
        }
    };
    timeout(PATIENCE, told).await.expect("it is told in time");
}

#[tokio::test]
async fn users_are_heard_and_advances_are_not() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let mut ear = Ear::on(&store).await;
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    assert_eq!(ear.heard(&mut tables).await, 1, "once for a batch");
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(ear.heard(&mut tables).await, 0, "it was there already");
    let (id, schedule) = (JobId::new("a").unwrap(), Some(Some(Schedule::at(at(0)))));
    let update = RecordUpdate { schedule, ..RecordUpdate::default() };
    store.update(&id, Revision::FIRST, update).await.unwrap();
    assert_eq!(ear.heard(&mut tables).await, 1);

    let lease = Duration::from_secs(9);
    let node = NodeId::new("here").unwrap();
    let claims = store.claim_due(&node, at(0), 9, lease, &TaskFilter::Any).await.unwrap();
    let claim = claims.records.iter().find(|claim| claim.id == id).expect("it is due");
    let commit = |action| vec![Commit { id: id.clone(), fence: claim.fence, action }];
    let schedule = Schedule { next_run_time: at(9), due_at: at(10) };
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![] };
    assert_eq!(store.commit(commit(advance).into()).await.unwrap(), [CommitOutcome::Done]);
    assert_eq!(ear.heard(&mut tables).await, 0, "whoever advances a job looks after it");
    for heard in [1, 0] {
        let hasten = CommitAction::BringForward { due_at: at(9) };
        assert_eq!(store.commit(commit(hasten).into()).await.unwrap(), [CommitOutcome::Done]);
        assert_eq!(ear.heard(&mut tables).await, heard, "told when it is due sooner");
    }
    let start = CommitAction::Start { runs: vec![run()] };
    assert_eq!(store.commit(commit(start).into()).await.unwrap(), [CommitOutcome::Done]);
    assert_eq!(ear.heard(&mut tables).await, 1, "a claim that it ended may be another's");
    tables.drop().await;
}

#[tokio::test]
async fn others_tables_are_none_of_its_business() {
    let (mut tables, elsewhere) = (Tables::new().await, Tables::new().await);
    let mut ear = Ear::on(&tables.started().await).await;
    let neighbour = tables.builder().table_prefix("other_").build().unwrap();
    neighbour.start().await.unwrap();
    for store in [neighbour, elsewhere.started().await] {
        store.add(vec![due("a", at(0))]).await.unwrap();
    }
    assert_eq!(ear.heard(&mut tables).await, 0);
    tables.drop().await;
    elsewhere.drop().await;
}

#[tokio::test]
async fn a_line_that_was_cut_is_mended_and_told_as_a_change() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    let mut watch = store.watch().await.unwrap().unwrap();
    let channel = store.handle.opened().unwrap().dialect.channel().to_owned();
    let cut = format!(
        "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
         WHERE query LIKE 'LISTEN%{channel}%' AND pid <> pg_backend_pid()"
    );
    for name in ["a", "b"] {
        assert_eq!(tables.run(&cut).await.len(), 1);
        is_told(&mut watch).await;
        store.add(vec![due(name, at(0))]).await.unwrap();
        is_told(&mut watch).await;
    }
    store.shutdown().await;
    let end = timeout(PATIENCE, watch.changed()).await.expect("it ends with the store");
    assert!(end.unwrap_err().is_retryable());
    tables.drop().await;
}

#[tokio::test]
async fn a_line_that_is_lost_without_a_word_is_mended_and_told_as_a_change() {
    let tables = Tables::new().await;
    let options: PgConnectOptions = server_url("postgres").parse().unwrap();
    let line = Line::to(options.get_host(), options.get_port()).await;
    let options = options.host("127.0.0.1").port(line.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let store = builder.statement_timeout(Duration::from_secs(1)).build().unwrap();
    at_last(async || store.start().await).await;
    let mut watch = at_last(async || store.watch().await).await.unwrap();
    line.lose();
    is_told_at_last(&mut watch).await;
    tables.started().await.add(vec![due("a", at(0))]).await.unwrap();
    is_told_at_last(&mut watch).await;
    store.shutdown().await;
    tables.drop().await;
}
