//! Servers that refuse, or are not there.

use std::time::Duration;

use punctual_core::{JobId, JobStore, NewRecord, NodeId, StoreErrorKind, TaskFilter};
use punctual_testkit::server_url;
use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, at, claim, due, tells, unique};
use crate::dialect::Dialect;
use crate::testing::server::{
    at_last, bears_silence, connects_anew, gives_up, holds_nothing_for_long,
    only_finished_calls_give_it_back, outlives_its_connections, speaks_once_for_a_batch,
};
use crate::testing::trouble::only_reads;
use crate::testing::{Line, PATIENCE, remove_all};

/// The options of the server for tests; what the caller changes comes after them.
fn options() -> PgConnectOptions {
    server_url("postgres").parse().unwrap()
}

impl Tables {
    /// A store of these tables for connections of another kind.
    fn store(&self, options: PgConnectOptions) -> PostgresJobStore {
        let builder = PostgresJobStore::builder().connect_options(options).schema(&*self.schema);
        builder.acquire_timeout(PATIENCE).build().unwrap()
    }
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let builder = PostgresJobStore::builder().url("postgres://u:hunter2@127.0.0.1:1/jobs");
    gives_up(&builder.acquire_timeout(Duration::from_millis(50)).build().unwrap()).await;
}

#[tokio::test]
async fn a_user_or_a_database_that_is_not_there() {
    let tables = Tables::new().await;
    let nobody = options().username(&unique()).password("hunter2");
    let error = tables.store(nobody).start().await.unwrap_err();
    tells(&error, StoreErrorKind::Invalid, "does not let this user in");
    let nowhere = options().database(&unique());
    let error = tables.store(nowhere).start().await.unwrap_err();
    tells(&error, StoreErrorKind::Invalid, "no such database");
    tables.drop().await;
}

#[tokio::test]
async fn an_encryption_that_can_not_be() {
    let tables = Tables::new().await;
    // Either the server has none, or nobody whom we know has signed its certificate.
    let store = tables.store(options().ssl_mode(PgSslMode::VerifyFull));
    let error = store.start().await.unwrap_err();
    tells(&error, StoreErrorKind::Invalid, "no encrypted connection");
    tables.drop().await;
}

#[tokio::test]
async fn a_user_with_too_few_privileges() {
    let mut tables = Tables::new().await;
    let user = unique();
    tables.run(&format!("CREATE USER {user} PASSWORD 'hunter2'")).await;
    let store = tables.store(options().username(&user).password("hunter2"));
    tells(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "may not");
    tables
        .run(&format!("CREATE SCHEMA {{schema}}; GRANT USAGE ON SCHEMA {{schema}} TO {user}"))
        .await;
    tells(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "may not");

    tables.started().await.shutdown().await;
    tells(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "may not");
    let all = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}";
    tables.run(&format!("GRANT {all} TO {user}")).await;
    store.start().await.expect("with the tables there it needs no more");
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(claim(&store).await.unwrap().len(), 1);
    store.shutdown().await;
    tables.run(&format!("DROP OWNED BY {user}; DROP USER {user}")).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_database_that_may_only_be_read() {
    let tables = Tables::new().await;
    let read_only = || options().options([("default_transaction_read_only", "on")]);
    let error = tables.store(read_only()).start().await.unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "may only be read");

    let writable = tables.started().await;
    let store = tables.store(read_only());
    only_reads(&store, &writable, StoreErrorKind::Unavailable, "may only be read").await;
    tables.drop().await;
}

#[tokio::test]
async fn too_many_connections() {
    let mut tables = Tables::new().await;
    let user = unique();
    tables.run(&format!("CREATE USER {user} SUPERUSER CONNECTION LIMIT 0")).await;
    // The limit holds for all but superusers.
    tables.run(&format!("ALTER USER {user} NOSUPERUSER")).await;
    let builder = PostgresJobStore::builder().connect_options(options().username(&user));
    // It may pass, and is waited for.
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    let error = store.start().await.unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "no connection");
    tables.run(&format!("DROP USER {user}")).await;
    tables.drop().await;
}

#[tokio::test]
async fn connections_that_the_server_closed_are_made_anew() {
    let mut tables = Tables::new().await;
    let name = unique();
    let builder = PostgresJobStore::builder().schema(&*tables.schema).max_connections(1);
    let store = builder.connect_options(options().application_name(&name)).build().unwrap();
    store.start().await.unwrap();
    connects_anew(&store, async || {
        let close = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity";
        let closed = tables.run(&format!("{close} WHERE application_name = '{name}'")).await;
        assert_eq!(closed.len(), 1);
    })
    .await;
    tables.drop().await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long() {
    let mut tables = Tables::new().await;
    let store = tables.builder().statement_timeout(Duration::from_millis(20)).build().unwrap();
    tables.started().await.add(vec![due("a", at(0))]).await.unwrap();
    at_last(async || store.start().await).await;
    tables.run("BEGIN; SELECT 1 FROM {p}jobs FOR UPDATE").await;
    let error = remove_all(&store).await.unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "too long");
    assert!(error.is_retryable());
    tables.run("ROLLBACK").await;
    assert_eq!(at_last(async || store.list(None, 9).await).await.records.len(), 1);
    tables.drop().await;
}

/// A scheduler that waits for longer than its lease is taken for dead.
#[tokio::test]
async fn a_job_that_is_held_is_not_waited_for_till_the_lease_is_over() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0))]).await.unwrap();
    let mut connection = store.handle.opened().unwrap().dialect.read().await.unwrap();
    let limit = sqlx::raw_sql("SHOW lock_timeout").fetch_one(&mut *connection).await.unwrap();
    // The lease is 10 seconds, unless it is chosen.
    assert_eq!(limit.get::<&str, _>(0), "3s");
    tables.run("BEGIN; SELECT 1 FROM {p}jobs FOR UPDATE").await;
    let ids = [JobId::new("a").unwrap()];
    let wait = timeout(PATIENCE, store.remove(&ids));
    let error = wait.await.expect("it gives up").unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "a lock did not come free");
    tables.run("ROLLBACK").await;
    assert_eq!(store.remove(&ids).await.unwrap(), [true]);
    tables.drop().await;
}

#[tokio::test]
async fn the_connection_of_a_call_that_is_cut_off_is_closed() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let database = store.handle.opened().unwrap();
    only_finished_calls_give_it_back(&database.dialect, "SELECT pg_backend_pid()::bigint").await;
    tables.drop().await;
}

#[tokio::test]
async fn a_server_that_is_silent() {
    let tables = Tables::new().await;
    let line = Line::to(options().get_host(), options().get_port()).await;
    let options = options().host("127.0.0.1").port(line.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let builder = builder.statement_timeout(Duration::from_secs(2));
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    bears_silence(&store, &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn connections_that_are_lost_without_a_word() {
    let tables = Tables::new().await;
    let line = Line::to(options().get_host(), options().get_port()).await;
    let options = options().host("127.0.0.1").port(line.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let builder = builder.statement_timeout(Duration::from_secs(1)).max_connections(2);
    let store = builder.acquire_timeout(Duration::from_secs(1)).build().unwrap();
    outlives_its_connections(&store, &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_is_one_round_trip() {
    let tables = Tables::new().await;
    let line = Line::to(options().get_host(), options().get_port()).await;
    let store = tables.store(options().host("127.0.0.1").port(line.port));
    speaks_once_for_a_batch(&store, &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn tables_that_were_dropped_under_it() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    tables.run("DROP TABLE {p}runs").await;
    let error = store.take_over(&NodeId::random(), at(0), 9, &TaskFilter::Any).await.unwrap_err();
    tells(&error, StoreErrorKind::Corrupt, "job tables");
    tables.drop().await;
}

#[tokio::test]
async fn a_pooler_that_changes_connections() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let next = async || store.next_wakeup(&TaskFilter::Any).await;
    assert_eq!(next().await.unwrap(), None);
    // What was prepared is on another connection now, as far as this one knows.
    let mut connection = store.handle.opened().unwrap().dialect.read().await.unwrap();
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *connection).await.unwrap();
    connection.finish();
    tells(&next().await.unwrap_err(), StoreErrorKind::Other, "session mode");
    tables.drop().await;
}

#[tokio::test]
async fn a_text_that_it_can_not_keep() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let error = store.set_metadata("key", "NUL: \0").await.unwrap_err();
    tells(&error, StoreErrorKind::Invalid, "NUL");
    tables.drop().await;
}

#[tokio::test]
async fn a_character_that_its_encoding_lacks() {
    let mut tables = Tables::new().await;
    let database = format!("{}_latin", tables.schema);
    let create =
        format!("CREATE DATABASE {database} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    tables.run(&create).await;
    let options = options().database(&database);
    let store = PostgresJobStore::builder().connect_options(options).build().unwrap();
    store.start().await.unwrap();
    store.set_metadata("key", "é").await.unwrap();
    tells(&store.set_metadata("key", "😀").await.unwrap_err(), StoreErrorKind::Invalid, "encoding");
    store.shutdown().await;
    tables.run(&format!("DROP DATABASE {database} WITH (FORCE)")).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_that_fails_midway_is_undone_whole() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    tables
        .run(
            "CREATE FUNCTION \"{schema}\".no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.job_id = 'job 11000' THEN
                    RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER no_space BEFORE INSERT ON {p}definitions
                FOR EACH ROW EXECUTE FUNCTION \"{schema}\".no_space();",
        )
        .await;
    let jobs: Vec<NewRecord> = (0..12_000).map(|n| due(&format!("job {n}"), at(0))).collect();
    let error = store.add(jobs.clone()).await.unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "disk is full");
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 0);
    let left =
        tables.run("DROP TRIGGER no_space ON {p}definitions; SELECT count(*) FROM {p}definitions");
    assert_eq!(left.await[0].get::<i64, _>(0), 0);
    store.add(jobs).await.unwrap();
    tables.drop().await;
}

#[tokio::test]
async fn a_transaction_that_is_abandoned_is_ended_by_the_server() {
    let tables = Tables::new().await;
    let (gone, heir) = (tables.started().await, tables.started().await);
    holds_nothing_for_long(&gone.handle.opened().unwrap(), &heir).await;
    tables.drop().await;
}
