//! Tests of the creation and migration of tables.

use punctual_core::JobStore;
use sqlx::{ConnectOptions, Row, SqliteConnection, sqlite::SqliteConnectOptions};

use super::super::SqliteJobStore;
use super::super::schema::{SCHEMA, migrate};
use super::{at, due};
use crate::migrate::Schema;
use crate::tables::TablePrefix;
use crate::testing::schema::{creates_no_tables, migrates_no_tables, newer, rejects_version_9};

const NEXT: &str = "ALTER TABLE {p}jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'blue';";

async fn connect(path: &std::path::Path) -> SqliteConnection {
    SqliteConnectOptions::new().filename(path).connect().await.unwrap()
}

#[tokio::test]
async fn an_older_file_is_migrated_and_keeps_its_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::open(&path).unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
    store.shutdown().await;

    // For the code of the next release, this file is older.
    let newer = newer(SCHEMA, NEXT);
    let mut connection = connect(&path).await;
    let tables = TablePrefix::default();
    for _ in 0..2 {
        migrate(&mut connection, &tables, &newer).await.unwrap();
    }
    let select = "SELECT j.id, j.colour, s.version FROM punctual_jobs j, punctual_schema s";
    let row = sqlx::query(select).fetch_one(&mut connection).await.unwrap();
    assert_eq!((row.get::<&str, _>(0), row.get::<&str, _>(1)), ("a", "blue"));
    assert_eq!(row.get::<i64, _>(2), newer.migrations.len() as i64);
}

#[tokio::test]
async fn with_make_tables_disabled_tables_are_neither_created_nor_migrated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let looking = SqliteJobStore::builder().file(&path).make_tables(false).build().unwrap();
    looking.start().await.unwrap_err();
    assert!(!path.exists());
    // An empty file is not changed.
    std::fs::write(&path, "").unwrap();
    looking.start().await.unwrap_err();
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
    creates_no_tables(&looking, &SqliteJobStore::open(&path).unwrap()).await;
    let mut connection = connect(&path).await;
    sqlx::query("UPDATE punctual_schema SET version = 0").execute(&mut connection).await.unwrap();
    migrates_no_tables(&looking).await;
}

#[tokio::test]
async fn a_newer_file_is_unsupported_and_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let store = SqliteJobStore::open(&path).unwrap();
    store.start().await.unwrap();
    store.add(vec![due("a", at(0))]).await.unwrap();
    store.shutdown().await;
    let mut connection = connect(&path).await;
    sqlx::query("UPDATE punctual_schema SET version = 9").execute(&mut connection).await.unwrap();
    rejects_version_9(&store, SCHEMA).await;
}

#[tokio::test]
async fn a_failed_migration_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(folder.path().join("jobs.sqlite"))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap();
    let tables = TablePrefix::default();
    let broken =
        Schema { migrations: &["CREATE TABLE {p}half (x); CREATE TABLE {p}half (x);"], ..SCHEMA };
    migrate(&mut connection, &tables, &broken).await.unwrap_err();
    let count = sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&mut connection).await;
    assert_eq!(count.unwrap().get::<i64, _>(0), 0);
    migrate(&mut connection, &tables, &SCHEMA).await.unwrap();
}
