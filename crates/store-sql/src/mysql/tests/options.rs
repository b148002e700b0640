//! Tests of the builder and of its options.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};
use punctual_testkit::{assert_invalid_options, server_url};
use sqlx::AssertSqlSafe;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};

use super::super::MySqlJobStore;
use super::Tables;
use crate::dialect::Dialect;
use crate::testing::options::{
    are_separate, keeps_the_pool_open, restarts_in_another_runtime, runtime,
};

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    let good = || MySqlJobStore::builder().url("mysql://u:hunter2@localhost/jobs");
    good().build().unwrap();
    MySqlJobStore::builder().connect_options(MySqlConnectOptions::new()).build().unwrap();
    MySqlJobStore::open("mariadb://u:hunter2@localhost/jobs").unwrap();
    assert_invalid_options(
        [
            MySqlJobStore::builder().build(),
            MySqlJobStore::open(""),
            MySqlJobStore::open("postgres://u:hunter2@localhost/jobs"),
            MySqlJobStore::open("mysql://u:hunter2@localhost"),
            MySqlJobStore::open("mysql://u:hunter2@localhost:port/jobs"),
            MySqlJobStore::open("mysql://u:hunter2@localhost/jobs?ssl-mode=perhaps"),
            good().table_prefix("jobs; --").build(),
            good().max_connections(0).build(),
            good().acquire_timeout(Duration::ZERO).build(),
            good().acquire_timeout(Duration::MAX).build(),
            good().lock_timeout(Duration::from_millis(999)).build(),
            good().lock_timeout(Duration::MAX).build(),
            good().statement_timeout(Duration::ZERO).build(),
            good().statement_timeout(Duration::MAX).build(),
        ],
        "hunter2",
    );
}

#[test]
fn debug_does_not_contain_the_password() {
    let builder = MySqlJobStore::builder().url("mysql://u:hunter2@localhost/jobs");
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
    let wrong = MySqlJobStore::builder().url("mysql://u:hunter2@localhost:port/jobs");
    assert!(!format!("{wrong:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_store_that_is_not_started_is_unavailable() {
    let store = MySqlJobStore::open("mysql://localhost/jobs").unwrap();
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
}

#[tokio::test]
async fn stores_with_different_prefixes_are_separate() {
    let (one, two) = (Tables::new().await, Tables::new().await);
    are_separate(&one.builder().build().unwrap(), &two.builder().build().unwrap()).await;
    one.drop().await;
    two.drop().await;
}

#[tokio::test]
async fn a_user_provided_pool_is_used_and_kept_open() {
    let tables = Tables::new().await;
    // One connection, with the strictest isolation level: the store must not depend on either.
    let pool = MySqlPoolOptions::new()
        .max_connections(1)
        .after_connect(|connection, _| {
            Box::pin(async move {
                let set = "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE";
                sqlx::raw_sql(set).execute(connection).await.map(drop)
            })
        })
        .connect(&server_url("mysql"))
        .await
        .unwrap();
    let builder = MySqlJobStore::builder().pool(pool.clone());
    let store = builder.table_prefix(&*tables.prefix).build().unwrap();
    keeps_the_pool_open(&store, &pool).await;
    // The name of the variable depends on the server and its version.
    let isolation =
        "SHOW VARIABLES WHERE Variable_name IN ('transaction_isolation', 'tx_isolation')";
    let isolation: (String, String) = sqlx::query_as(isolation).fetch_one(&pool).await.unwrap();
    assert_eq!(isolation.1, "SERIALIZABLE", "the user's settings are kept");
    tables.drop().await;
}

#[tokio::test]
async fn a_pool_without_a_database_is_invalid() {
    let url = server_url("mysql");
    let (server, _database) = url.rsplit_once('/').unwrap();
    let options: MySqlConnectOptions = server.parse().unwrap();
    let store = MySqlJobStore::builder().connect_options(options).build().unwrap();
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains("no database"), "{error}");
}

#[tokio::test]
async fn a_pool_with_unsuitable_settings_is_invalid() {
    let mut tables = Tables::new().await;
    let is_mariadb = "SELECT VERSION() LIKE '%MariaDB%'";
    let is_mariadb: bool = sqlx::query_scalar(is_mariadb).fetch_one(&mut tables.own).await.unwrap();
    let settings = [
        "autocommit = 0",
        "sql_safe_updates = 1",
        "sql_big_selects = 0",
        "sql_select_limit = 10",
        "group_concat_max_len = 1024",
    ];
    for setting in settings {
        let pool = MySqlPoolOptions::new()
            .after_connect(move |connection, _| {
                let set = AssertSqlSafe(format!("SET SESSION {setting}"));
                Box::pin(async move { sqlx::raw_sql(set).execute(connection).await.map(drop) })
            })
            .connect_lazy(&server_url("mysql"))
            .unwrap();
        let builder = MySqlJobStore::builder().pool(pool).table_prefix(&*tables.prefix);
        let started = builder.build().unwrap().start().await;
        if setting.starts_with("group_concat") && !is_mariadb {
            started.expect("MySQL has no limit for aggregated keys");
            continue;
        }
        let error = started.unwrap_err();
        let (name, _) = setting.split_once(' ').unwrap();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(name), "{error}");
    }
    tables.drop().await;
}

#[tokio::test]
async fn own_connections_have_the_required_settings() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let database = store.handle.current_backend().unwrap();
    let mut connection = database.dialect.read().await.unwrap();
    let set = "
        SELECT CONCAT_WS(' ', @@autocommit + 0, @@sql_safe_updates + 0, @@sql_big_selects + 0,
            @@sql_select_limit, @@group_concat_max_len)";
    let found: String = sqlx::query_scalar(set).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(found, "1 0 1 18446744073709551615 1073741824");
    tables.drop().await;
}

#[test]
fn a_store_restarts_in_another_runtime() {
    let tables = runtime().block_on(Tables::new());
    restarts_in_another_runtime(&tables.builder().build().unwrap());
    runtime().block_on(async { Tables { own: super::connect().await, ..tables }.drop().await });
}
