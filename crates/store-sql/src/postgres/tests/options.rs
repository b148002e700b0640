//! Tests of the builder and of its options.

use std::time::Duration;

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};
use punctual_testkit::{assert_invalid_options, server_url};
use sqlx::Row;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::super::PostgresJobStore;
use super::{Tables, at, claim, due};
use crate::dialect::Dialect;
use crate::testing::options::{
    are_separate, keeps_the_pool_open, restarts_in_another_runtime, runtime,
};
use crate::testing::remove_all;

#[test]
fn invalid_options_are_rejected_by_the_builder() {
    let good = || PostgresJobStore::builder().url("postgres://u:hunter2@localhost/jobs");
    good().schema("Order").build().unwrap();
    PostgresJobStore::open("postgresql://u:hunter2@localhost").unwrap();
    assert_invalid_options(
        [
            PostgresJobStore::builder().build(),
            PostgresJobStore::open(""),
            PostgresJobStore::open("mysql://u:hunter2@localhost/jobs"),
            PostgresJobStore::open("postgres://u:hunter2@localhost:port/jobs"),
            PostgresJobStore::open("postgres://u:hunter2@localhost/jobs?sslmode=perhaps"),
            good().table_prefix("jobs; --").build(),
            good().schema("").build(),
            good().schema("a\"b").build(),
            good().schema("a;DROP TABLE jobs--").build(),
            good().schema("pg_mine").build(),
            good().schema("x".repeat(64)).build(),
            good().max_connections(0).build(),
            good().acquire_timeout(Duration::ZERO).build(),
            good().statement_timeout(Duration::from_micros(1)).build(),
            good().statement_timeout(Duration::MAX).build(),
        ],
        "hunter2",
    );
}

#[test]
fn debug_does_not_contain_the_password() {
    let url = "postgres://u:hunter2@localhost/jobs";
    let options: PgConnectOptions = url.parse().unwrap();
    for builder in
        [PostgresJobStore::builder().url(url), PostgresJobStore::builder().connect_options(options)]
    {
        assert!(!format!("{builder:?}").contains("hunter2"));
        assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
    }
    let wrong = PostgresJobStore::builder().url("postgres://u:hunter2@localhost:port/jobs");
    assert!(!format!("{wrong:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_store_that_is_not_started_is_unavailable() {
    let store = PostgresJobStore::open("postgres://localhost/jobs").unwrap();
    let error = store.next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert!(error.is_retryable());
}

#[tokio::test]
async fn stores_with_different_prefixes_are_separate_unless_only_the_case_differs() {
    let tables = Tables::new().await;
    let open = |prefix: &str| tables.builder().table_prefix(prefix).build().unwrap();
    let (one, again) = (open("One_"), open("oNE_"));
    are_separate(&one, &open("two_")).await;
    one.add(vec![due("a", at(0))]).await.unwrap();
    again.start().await.unwrap();
    assert_eq!(remove_all(&again).await.unwrap(), 1);
    tables.drop().await;
}

#[tokio::test]
async fn the_name_of_the_schema_is_used_unchanged() {
    let mut tables = Tables::new().await;
    // A keyword in mixed case, which must be quoted everywhere.
    let schema = format!("Table_{}", tables.schema.to_uppercase());
    let store = tables.builder().schema(&*schema).build().unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(claim(&store).await.unwrap().len(), 1);
    let found = tables.run(&format!("SELECT id FROM \"{schema}\".punctual_jobs")).await;
    assert_eq!(found.len(), 1);
    tables.run(&format!("DROP SCHEMA \"{schema}\" CASCADE")).await;
    tables.drop().await;
}

#[tokio::test]
async fn the_default_schema_is_that_of_the_connection() {
    let mut tables = Tables::new().await;
    tables.run("CREATE SCHEMA {schema}").await;
    let options: PgConnectOptions = server_url("postgres").parse().unwrap();
    let options = options.options([("search_path", format!("missing, {}", tables.schema))]);
    let store = PostgresJobStore::builder().connect_options(options.clone()).build().unwrap();
    store.start().await.unwrap();
    assert_eq!(tables.run("SELECT 1 FROM {p}jobs").await.len(), 0);

    let nowhere = options.options([("search_path", "missing")]);
    let store = PostgresJobStore::builder().connect_options(nowhere).build().unwrap();
    let error = store.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid, "{error}");
    assert!(error.to_string().contains("search_path"), "{error}");
    tables.drop().await;
}

#[tokio::test]
async fn a_user_provided_pool_is_used_and_kept_open() {
    let tables = Tables::new().await;
    let pool = PgPoolOptions::new().max_connections(1).connect(&server_url("postgres")).await;
    let pool = pool.unwrap();
    let open = || PostgresJobStore::builder().pool(pool.clone()).schema(&*tables.schema).build();
    let store = open().unwrap();
    store.start().await.unwrap();
    let watch = store.watch().await.unwrap();
    assert!(watch.is_some(), "it uses a connection in addition to the pool's only one");
    keeps_the_pool_open(&store, &pool).await;
    tables.drop().await;
}

#[tokio::test]
async fn a_pool_with_an_unsuitable_isolation_level_is_invalid() {
    let tables = Tables::new().await;
    let options: PgConnectOptions = server_url("postgres").parse().unwrap();
    let strict = options.options([("default_transaction_isolation", "serializable")]);
    let pool = PgPoolOptions::new().connect_lazy_with(strict.clone());
    let builder = PostgresJobStore::builder().schema(&*tables.schema);
    let error = builder.pool(pool).build().unwrap().start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    assert!(error.to_string().contains("serializable"), "{error}");

    let builder = PostgresJobStore::builder().schema(&*tables.schema);
    let store = builder.connect_options(strict).build().unwrap();
    store.start().await.expect("the store sets the isolation level of its own connections");
    tables.drop().await;
}

#[tokio::test]
async fn connections_have_an_application_name() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let name = "SELECT current_setting('application_name')";
    let mut connection = store.handle.current_backend().unwrap().dialect.read().await.unwrap();
    let row = sqlx::raw_sql(name).fetch_one(&mut *connection).await.unwrap();
    assert_eq!(row.get::<&str, _>(0), "punctual");
    tables.drop().await;
}

#[tokio::test]
async fn no_startup_parameter_is_sent_that_pgbouncer_rejects() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let source = "SELECT source FROM pg_settings WHERE name = 'extra_float_digits'";
    let mut connection = store.handle.current_backend().unwrap().dialect.read().await.unwrap();
    let row = sqlx::raw_sql(source).fetch_one(&mut *connection).await.unwrap();
    assert_ne!(row.get::<&str, _>(0), "client");
    tables.drop().await;
}

#[test]
fn a_store_restarts_in_another_runtime() {
    let tables = runtime().block_on(Tables::new());
    restarts_in_another_runtime(&tables.builder().build().unwrap());
    runtime().block_on(async { Tables { own: super::connect().await, ..tables }.drop().await });
}
