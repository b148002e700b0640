//! Servers that refuse, or are not there.

use std::time::Duration;

use punctual_core::{CommitOutcome, JobStore, StoreErrorKind};
use punctual_testkit::server_url;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions, MySqlSslMode};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::super::{MySqlJobStore, MySqlJobStoreBuilder};
use super::{Tables, at, claim, claimed, due, get, tells, unique};
use crate::client::{Client, Columns};
use crate::dialect::Dialect;
use crate::testing::Line;
use crate::testing::server::{
    bears_silence, connects_anew, gives_up, holds_nothing_for_long,
    only_finished_calls_give_it_back, outlives_its_connections, speaks_once_for_a_batch,
};
use crate::testing::trouble::only_reads;

/// Answers a connection's number on the server.
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
async fn a_server_that_is_not_there() {
    let builder = MySqlJobStore::builder().url("mysql://u:hunter2@127.0.0.1:1/jobs");
    gives_up(&builder.acquire_timeout(Duration::from_millis(50)).build().unwrap()).await;
}

#[tokio::test]
async fn a_user_or_a_database_that_is_not_there() {
    let nobody = MySqlJobStore::open(url(&(unique() + ":hunter2"), &database())).unwrap();
    tells(&nobody.start().await.unwrap_err(), StoreErrorKind::Invalid, "user or the password");
    let nowhere: MySqlConnectOptions = server_url("mysql").parse().unwrap();
    let nowhere = MySqlJobStore::builder().connect_options(nowhere.database(&unique()));
    let error = nowhere.build().unwrap().start().await.unwrap_err();
    tells(&error, StoreErrorKind::Invalid, "no such database");
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
    tells(&elsewhere.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    tells(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");

    let grant = |what: &str| format!("GRANT {what} ON `{}`.* TO '{user}'@'%'", database());
    tables.run(&grant("SELECT, INSERT, UPDATE, DELETE")).await;
    tells(&store.start().await.unwrap_err(), StoreErrorKind::Invalid, "privilege");
    tables.started().await.shutdown().await;
    store.start().await.expect("with the tables there it needs no more");
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
async fn a_database_that_may_only_be_read() {
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
    only_reads(&store, &writable, StoreErrorKind::Unavailable, "only be read").await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_that_fails_midway_is_undone_whole() {
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
    tells(&error, StoreErrorKind::Unavailable, "disk");
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
async fn connections_that_the_server_closed_are_made_anew() {
    let mut tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    connects_anew(&store, async || {
        let mut connection = store.handle.opened().unwrap().dialect.read().await.unwrap();
        let id = connection.fetch(AssertSqlSafe(NUMBER).into_sql_str(), &[]).await.unwrap();
        connection.finish();
        tables.run(&format!("KILL {}", id[0].int(0).unwrap())).await;
    })
    .await;
    tables.drop().await;
}

#[tokio::test]
async fn the_connection_of_a_call_that_is_cut_off_is_closed() {
    let tables = Tables::new().await;
    let store = tables.builder().max_connections(1).build().unwrap();
    store.start().await.unwrap();
    let database = store.handle.opened().unwrap();
    only_finished_calls_give_it_back(&database.dialect, NUMBER).await;
    tables.drop().await;
}

impl Tables {
    /// A line to the server, and a store that speaks through it.
    async fn behind_a_line(&self) -> (Line, MySqlJobStoreBuilder) {
        let options: MySqlConnectOptions = server_url("mysql").parse().unwrap();
        let line = Line::to(options.get_host(), options.get_port()).await;
        // What is encrypted can't be counted. A password goes unencrypted too where it has just been used.
        let options = options.host("127.0.0.1").port(line.port).ssl_mode(MySqlSslMode::Disabled);
        let builder = MySqlJobStore::builder().connect_options(options);
        (line, builder.table_prefix(&*self.prefix))
    }
}

#[tokio::test]
async fn a_server_that_is_silent() {
    let tables = Tables::new().await;
    let (line, builder) = tables.behind_a_line().await;
    let builder = builder.statement_timeout(Duration::from_secs(2));
    let store = builder.acquire_timeout(Duration::from_secs(2)).build().unwrap();
    bears_silence(&store, &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn connections_that_are_lost_without_a_word() {
    let tables = Tables::new().await;
    let (line, builder) = tables.behind_a_line().await;
    let builder = builder.statement_timeout(Duration::from_secs(1)).max_connections(2);
    let store = builder.acquire_timeout(Duration::from_secs(1)).build().unwrap();
    outlives_its_connections(&store, &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_batch_is_one_round_trip() {
    let tables = Tables::new().await;
    let (line, builder) = tables.behind_a_line().await;
    speaks_once_for_a_batch(&builder.build().unwrap(), &line).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_transaction_that_is_abandoned_is_ended_by_the_server() {
    let tables = Tables::new().await;
    let (gone, heir) = (tables.started().await, tables.started().await);
    holds_nothing_for_long(&gone.handle.opened().unwrap(), &heir).await;
    tables.drop().await;
}
