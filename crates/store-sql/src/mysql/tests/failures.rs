//! Tests of servers that reject requests or are unreachable.

use std::time::Duration;

use punctual_core::{CommitOutcome, JobStore, StoreErrorKind};
use punctual_testkit::server_url;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::super::{MySqlJobStore, MySqlJobStoreBuilder};
use super::{Tables, assert_store_error, at, claim, claimed, due, get, unique};
use crate::client::{Client, SqlRow};
use crate::dialect::Dialect;
use crate::testing::FaultyProxy;
use crate::testing::failures::writes_are_rejected;
use crate::testing::server::{
    abandoned_locks_expire, batch_is_one_round_trip, closed_connection_is_replaced,
    concurrent_calls_share_one_connection, only_completed_calls_return_their_connection,
    reconnects_after_silent_loss, recovers_from_stall, short_call_is_one_round_trip,
    unreachable_server_is_reported,
};

/// Returns the server's id of the connection.
const NUMBER: &str = "SELECT CAST(CONNECTION_ID() AS SIGNED)";

/// The URL of the server with another user and database.
fn url(user: &str, database: &str) -> String {
    let options: MySqlConnectOptions = server_url("mysql").parse().unwrap();
    format!("mysql://{user}@{}:{}/{database}", options.get_host(), options.get_port())
}

fn database() -> String {
    let options: MySqlConnectOptions = server_url("mysql").parse().unwrap();
    options.get_database().unwrap().to_owned()
}

#[tokio::test]
async fn an_unreachable_server() {
    let builder = MySqlJobStore::builder().url("mysql://u:hunter2@127.0.0.1:1/jobs");
    unreachable_server_is_reported(
        &builder.acquire_timeout(Duration::from_millis(50)).build().unwrap(),
    )
    .await;
}

#[tokio::test]
async fn an_unknown_user_or_database() {
    let unknown_user = MySqlJobStore::open(url(&(unique() + ":hunter2"), &database())).unwrap();
    assert_store_error(
        &unknown_user.start().await.unwrap_err(),
        StoreErrorKind::Invalid,
        "user or the password",
    );
    let nowhere: MySqlConnectOptions = server_url("mysql").parse().unwrap();
    let nowhere = MySqlJobStore::builder().connect_options(nowhere.database(&unique()));
    let error = nowhere.build().unwrap().start().await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Invalid, "no such database");
}

#[tokio::test]
async fn a_user_with_too_few_privileges() {
    let mut tables = Tables::new().await;
    let user = unique()[..24].to_owned();
    let create = format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'hunter2'");
    tables.run(&create).await;
    let open = |database: &str| {
        let builder = MySqlJobStore::builder().url(url(&format!("{user}:hunter2"), database));
        builder.table_prefix(&*tables.prefix).build().unwrap()
    };
    let (store, elsewhere) = (open(&database()), open("missing_database"));
    assert_store_error(&elsewhere.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    assert_store_error(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");

    let grant = |what: &str| format!("GRANT {what} ON `{}`.* TO '{user}'@'%'", database());
    tables.run(&grant("SELECT, INSERT, UPDATE, DELETE")).await;
    assert_store_error(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    tables.started().await.shutdown().await;
    store.start().await.expect("existing tables require no further privileges");
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(claim(&store).await.unwrap().len(), 1);
    store.shutdown().await;
    tables.run("UPDATE {p}schema SET version = 9").await;
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported, "{error}");
    tables.run(&format!("DROP USER '{user}'@'%'")).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_read_only_database() {
    let tables = Tables::new().await;
    let writable = tables.started().await;
    let pool = MySqlPoolOptions::new()
        .after_connect(|connection, _| {
            Box::pin(async move {
                let set = "SET SESSION TRANSACTION READ ONLY";
                sqlx::raw_sql(set).execute(connection).await.map(drop)
            })
        })
        .connect(&server_url("mysql"))
        .await
        .unwrap();
    let store = MySqlJobStore::builder().pool(pool).table_prefix(&*tables.prefix).build().unwrap();
    writes_are_rejected(&store, &writable, StoreErrorKind::Unavailable, "read-only").await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_that_fails_midway_is_rolled_back() {
    let mut tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0)), due("b", at(0))]).await.unwrap();
    tables
        .run(
            "CREATE TRIGGER {p}full BEFORE INSERT ON {p}runs FOR EACH ROW
                 IF NEW.job_id = 'b' THEN
                     SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'no space';
                 END IF",
        )
        .await;
    let batch = claimed(&store, ["a", "b"]).await;
    let error = store.commit(batch.clone().into()).await.unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "disk");
    for job in ["a", "b"] {
        let record = get(&store, job).await;
        assert_eq!((record.fire_count, record.in_flight), (0, 0), "{job}");
    }
    tables.run("DROP TRIGGER {p}full").await;
    let outcomes = store.commit(batch.into()).await.unwrap();
    assert_eq!(outcomes, [CommitOutcome::Done; 2], "the same batch, repeated");
    tables.drop().await;
}

#[tokio::test]
async fn connections_closed_by_the_server_are_replaced() {
    let mut tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    closed_connection_is_replaced(&store, async || {
        let mut connection = store.handle.current_backend().unwrap().dialect.read().await.unwrap();
        let id = connection.fetch(AssertSqlSafe(NUMBER).into_sql_str(), &[]).await.unwrap();
        connection.release();
        tables.run(&format!("KILL {}", id[0].int(0).unwrap())).await;
    })
    .await;
    tables.drop().await;
}

#[tokio::test]
async fn the_connection_of_a_cancelled_call_is_closed() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let database = store.handle.current_backend().unwrap();
    only_completed_calls_return_their_connection(&database.dialect, NUMBER).await;
    tables.drop().await;
}

impl Tables {
    /// A proxy in front of the server, and a builder of stores that connect to it.
    async fn behind_a_proxy(&self) -> (FaultyProxy, MySqlJobStoreBuilder) {
        let options: MySqlConnectOptions = server_url("mysql").parse().unwrap();
        let proxy = FaultyProxy::to(options.get_host(), options.get_port()).await;
        // Round trips of encrypted connections can't be counted. A cached password is accepted without encryption.
        let options = options.host("127.0.0.1").port(proxy.port).ssl_mode(MySqlSslMode::Disabled);
        let builder = MySqlJobStore::builder().connect_options(options);
        (proxy, builder.table_prefix(&*self.prefix))
    }
}

#[tokio::test]
async fn a_stalled_server() {
    let tables = Tables::new().await;
    let (proxy, builder) = tables.behind_a_proxy().await;
    let builder = builder.statement_timeout(Duration::from_secs(2));
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    recovers_from_stall(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn silently_lost_connections() {
    let tables = Tables::new().await;
    let (proxy, builder) = tables.behind_a_proxy().await;
    let builder = builder.statement_timeout(Duration::from_secs(1)).max_connections(2);
    let store = builder.acquire_timeout(Duration::from_secs(1)).build().unwrap();
    reconnects_after_silent_loss(&store, &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_short_call_is_one_round_trip() {
    let tables = Tables::new().await;
    let (proxy, builder) = tables.behind_a_proxy().await;
    short_call_is_one_round_trip(&builder.build().unwrap(), &proxy).await;
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
    let (proxy, builder) = tables.behind_a_proxy().await;
    batch_is_one_round_trip(&builder.build().unwrap(), &proxy).await;
    tables.drop().await;
}

#[tokio::test]
async fn an_abandoned_transaction_is_aborted_by_the_server() {
    let tables = Tables::new().await;
    let (gone, new_owner) = (tables.started().await, tables.started().await);
    abandoned_locks_expire(&gone.handle.current_backend().unwrap(), &new_owner).await;
    tables.drop().await;
}
