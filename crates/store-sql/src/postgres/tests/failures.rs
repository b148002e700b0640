//! Tests of servers that reject requests or are unreachable.

use std::time::Duration;

use punctual_core::{JobId, JobStore, NewRecord, NodeId, StoreErrorKind, TakeOverFrom, TaskFilter};
use punctual_testkit::server_url;
use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::time::timeout;

use super::super::PostgresJobStore;
use super::{Tables, assert_store_error, at, claim, due, unique};
use crate::dialect::Dialect;
use crate::testing::failures::writes_are_rejected;
use crate::testing::server::{
    abandoned_locks_expire, batch_is_one_round_trip, closed_connection_is_replaced,
    concurrent_calls_share_one_connection, only_completed_calls_return_their_connection,
    reconnects_after_silent_loss, recovers_from_stall, retry_until_ok,
    short_call_is_one_round_trip, unreachable_server_is_reported,
};
use crate::testing::{FaultyProxy, WAIT_TIMEOUT, remove_all};

/// The options of the test server, which the caller may change.
fn options() -> PgConnectOptions {
    server_url("postgres").parse().unwrap()
}

impl Tables {
    /// A store with these tables and with other connect options.
    fn store(&self, options: PgConnectOptions) -> PostgresJobStore {
        let builder = PostgresJobStore::builder().connect_options(options).schema(&*self.schema);
        builder.acquire_timeout(WAIT_TIMEOUT).build().unwrap()
    }
}

#[tokio::test]
async fn an_unreachable_server() {
    let builder = PostgresJobStore::builder().url("postgres://u:hunter2@127.0.0.1:1/jobs");
    unreachable_server_is_reported(
        &builder.acquire_timeout(Duration::from_millis(50)).build().unwrap(),
    )
    .await;
}

#[tokio::test]
async fn an_unknown_user_or_database() {
    let tables = Tables::new().await;
    let unknown_user = options().username(&unique()).password("hunter2");
    let error = tables.store(unknown_user).start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Invalid, "rejected the user");
    let nowhere = options().database(&unique());
    let error = tables.store(nowhere).start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Invalid, "no such database");
    tables.drop().await;
}

#[tokio::test]
async fn unavailable_encryption() {
    let tables = Tables::new().await;
    // The server either does not support TLS, or has a certificate of an unknown authority.
    let store = tables.store(options().ssl_mode(PgSslMode::VerifyFull));
    let error = store.start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Invalid, "encrypted connection");
    tables.drop().await;
}

#[tokio::test]
async fn a_user_with_too_few_privileges() {
    let mut tables = Tables::new().await;
    let user = unique();
    tables.run(&format!("CREATE USER {user} PASSWORD 'hunter2'")).await;
    let store = tables.store(options().username(&user).password("hunter2"));
    assert_store_error(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    tables
        .run(&format!("CREATE SCHEMA {{schema}}; GRANT USAGE ON SCHEMA {{schema}} TO {user}"))
        .await;
    assert_store_error(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");

    tables.started().await.shutdown().await;
    assert_store_error(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    let all = "SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}";
    tables.run(&format!("GRANT {all} TO {user}")).await;
    store.start().await.expect("existing tables require no further privileges");
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(claim(&store).await.unwrap().len(), 1);
    store.shutdown().await;
    tables.run(&format!("DROP OWNED BY {user}; DROP USER {user}")).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_read_only_database() {
    let tables = Tables::new().await;
    let read_only = || options().options([("default_transaction_read_only", "on")]);
    let error = tables.store(read_only()).start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "read-only");

    let writable = tables.started().await;
    let store = tables.store(read_only());
    writes_are_rejected(&store, &writable, StoreErrorKind::Unavailable, "read-only").await;
    tables.drop().await;
}

#[tokio::test]
async fn too_many_connections() {
    let mut tables = Tables::new().await;
    let user = unique();
    tables.run(&format!("CREATE USER {user} SUPERUSER CONNECTION LIMIT 0")).await;
    // The limit does not apply to superusers.
    tables.run(&format!("ALTER USER {user} NOSUPERUSER")).await;
    let builder = PostgresJobStore::builder().connect_options(options().username(&user));
    // The condition may be temporary, so the pool retries until the timeout.
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    let error = store.start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "waiting for a connection");
    tables.run(&format!("DROP USER {user}")).await;
    tables.drop().await;
}

#[tokio::test]
async fn connections_closed_by_the_server_are_replaced() {
    let mut tables = Tables::new().await;
    let name = unique();
    let builder = PostgresJobStore::builder().schema(&*tables.schema).max_connections(1);
    let store = builder.connect_options(options().application_name(&name)).build().unwrap();
    store.start().await.unwrap();
    closed_connection_is_replaced(&store, async || {
        let close = "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity";
        let closed = tables.run(&format!("{close} WHERE application_name = '{name}'")).await;
        assert_eq!(closed.len(), 1);
    })
    .await;
    tables.drop().await;
}

#[tokio::test]
async fn a_statement_timeout() {
    let mut tables = Tables::new().await;
    let store = tables.builder().statement_timeout(Duration::from_millis(20)).build().unwrap();
    tables.started().await.add(vec![due("a", at(0))]).await.unwrap();
    retry_until_ok(async || store.start().await).await;
    tables.run("BEGIN; SELECT 1 FROM {p}jobs FOR UPDATE").await;
    let error = remove_all(&store).await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "canceled the statement");
    assert!(error.is_retryable());
    tables.run("ROLLBACK").await;
    assert_eq!(retry_until_ok(async || store.list(None, 9).await).await.records.len(), 1);
    tables.drop().await;
}

/// The lease of a node that waits longer than it would expire.
#[tokio::test]
async fn the_lock_timeout_is_shorter_than_the_lease() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0))]).await.unwrap();
    let mut connection = store.handle.current_backend().unwrap().dialect.read().await.unwrap();
    let limit = sqlx::raw_sql("SHOW lock_timeout").fetch_one(&mut *connection).await.unwrap();
    // The default lease is 10 seconds.
    assert_eq!(limit.get::<&str, _>(0), "3s");
    tables.run("BEGIN; SELECT 1 FROM {p}jobs FOR UPDATE").await;
    let ids = [JobId::new("a").unwrap()];
    let wait = timeout(WAIT_TIMEOUT, store.remove(&ids));
    let error = wait.await.expect("the call times out").unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "waiting for a lock");
    tables.run("ROLLBACK").await;
    assert_eq!(store.remove(&ids).await.unwrap(), [true]);
    tables.drop().await;
}

#[tokio::test]
async fn the_connection_of_a_cancelled_call_is_closed() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let database = store.handle.current_backend().unwrap();
    only_completed_calls_return_their_connection(
        &database.dialect,
        "SELECT pg_backend_pid()::bigint",
    )
    .await;
    tables.drop().await;
}

#[tokio::test]
async fn a_stalled_server() {
    let tables = Tables::new().await;
    let proxy = FaultyProxy::to(options().get_host(), options().get_port()).await;
    let options = options().host("127.0.0.1").port(proxy.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let builder = builder.statement_timeout(Duration::from_secs(2));
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    recovers_from_stall(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn silently_lost_connections() {
    let tables = Tables::new().await;
    let proxy = FaultyProxy::to(options().get_host(), options().get_port()).await;
    let options = options().host("127.0.0.1").port(proxy.port);
    let builder = PostgresJobStore::builder().connect_options(options).schema(&*tables.schema);
    let builder = builder.statement_timeout(Duration::from_secs(1)).max_connections(2);
    let store = builder.acquire_timeout(Duration::from_secs(1)).build().unwrap();
    reconnects_after_silent_loss(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_short_call_is_one_round_trip() {
    let tables = Tables::new().await;
    let proxy = FaultyProxy::to(options().get_host(), options().get_port()).await;
    let store = tables.store(options().host("127.0.0.1").port(proxy.port));
    short_call_is_one_round_trip(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn concurrent_calls_get_the_only_connection() {
    let tables = Tables::new().await;
    let builder = tables.builder().max_connections(1);
    concurrent_calls_share_one_connection(&builder.build().unwrap()).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_is_one_round_trip() {
    let tables = Tables::new().await;
    let proxy = FaultyProxy::to(options().get_host(), options().get_port()).await;
    let store = tables.store(options().host("127.0.0.1").port(proxy.port));
    batch_is_one_round_trip(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn dropped_tables() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    tables.run("DROP TABLE {p}runs").await;
    let error = store
        .take_over(&NodeId::random(), &TakeOverFrom::ExpiredNodes, at(0), 9, &TaskFilter::Any)
        .await
        .unwrap_err();
    assert_store_error(&error, StoreErrorKind::Corrupt, "job tables");
    tables.drop().await;
}

#[tokio::test]
async fn a_pooler_that_switches_connections() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let next = async || store.next_wakeup(&TaskFilter::Any).await;
    assert_eq!(next().await.unwrap(), None);
    // From the point of view of this connection, its prepared statements are on another one.
    let mut connection = store.handle.current_backend().unwrap().dialect.read().await.unwrap();
    sqlx::raw_sql("DEALLOCATE ALL").execute(&mut *connection).await.unwrap();
    connection.release();
    assert_store_error(&next().await.unwrap_err(), StoreErrorKind::Other, "session mode");
    tables.drop().await;
}

#[tokio::test]
async fn text_with_a_nul_character() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let error = store.set_metadata("key", "NUL: \0").await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Invalid, "NUL");
    tables.drop().await;
}

#[tokio::test]
async fn a_character_that_the_encoding_does_not_support() {
    let mut tables = Tables::new().await;
    let database = format!("{}_latin", tables.schema);
    let create =
        format!("CREATE DATABASE {database} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    tables.run(&create).await;
    let options = options().database(&database);
    let store = PostgresJobStore::builder().connect_options(options).build().unwrap();
    store.start().await.unwrap();
    store.set_metadata("key", "é").await.unwrap();
    assert_store_error(
        &store.set_metadata("key", "😀").await.unwrap_err(),
        StoreErrorKind::Invalid,
        "encoding",
    );
    store.shutdown().await;
    tables.run(&format!("DROP DATABASE {database} WITH (FORCE)")).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_that_fails_midway_is_rolled_back() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    tables
        .run(
            "CREATE FUNCTION \"{schema}\".no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                IF NEW.id = 'job 11000' THEN
                    RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER no_space BEFORE INSERT ON {p}jobs
                FOR EACH ROW EXECUTE FUNCTION \"{schema}\".no_space();",
        )
        .await;
    let jobs: Vec<NewRecord> = (0..12_000).map(|n| due(&format!("job {n}"), at(0))).collect();
    let error = store.add(jobs.clone()).await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "disk is full");
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 0);
    let left = tables.run("DROP TRIGGER no_space ON {p}jobs; SELECT count(*) FROM {p}jobs");
    assert_eq!(left.await[0].get::<i64, _>(0), 0);
    store.add(jobs).await.unwrap();
    tables.drop().await;
}

#[tokio::test]
async fn an_abandoned_transaction_is_aborted_by_the_server() {
    let tables = Tables::new().await;
    let (gone, new_owner) = (tables.started().await, tables.started().await);
    abandoned_locks_expire(&gone.handle.current_backend().unwrap(), &new_owner).await;
    tables.drop().await;
}
