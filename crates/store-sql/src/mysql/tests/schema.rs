//! Tests of the creation and migration of tables.

use punctual_core::JobStore;
use sqlx::Row;

use super::super::schema::{SCHEMA, migrate};
use super::{Tables, at, due};
use crate::tables::TablePrefix;
use crate::testing::schema::{creates_no_tables, migrates_no_tables, newer, rejects_version_9};

const NEXT: &str = "ALTER TABLE {p}nodes ADD COLUMN colour VARCHAR(9) NOT NULL DEFAULT 'blue';";

#[tokio::test]
async fn older_tables_are_migrated_and_keep_their_jobs() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0))]).await.unwrap();
    store.shutdown().await;

    // For the code of the next release, these tables are older.
    let prefix = TablePrefix::new(&tables.prefix).unwrap();
    for _ in 0..2 {
        migrate(&mut tables.own, &prefix, &newer(SCHEMA, NEXT)).await.unwrap();
    }
    let select = prefix.sql(
        "SELECT (SELECT COUNT(*) FROM {p}jobs), (SELECT COUNT(colour) FROM {p}nodes), version
         FROM {p}schema",
    );
    let row = sqlx::raw_sql(select).fetch_one(&mut tables.own).await.unwrap();
    let versions = SCHEMA.migrations.len() as i64;
    assert_eq!([0, 1, 2].map(|column| row.get::<i64, _>(column)), [1, 0, versions + 1]);
    tables.drop().await;
}

#[tokio::test]
async fn with_make_tables_disabled_tables_are_neither_created_nor_migrated() {
    let mut tables = Tables::new().await;
    let looking = tables.builder().make_tables(false).build().unwrap();
    creates_no_tables(&looking, &tables.builder().build().unwrap()).await;
    tables.run("UPDATE {p}schema SET version = 0").await;
    migrates_no_tables(&looking).await;
    tables.drop().await;
}

#[tokio::test]
async fn newer_tables_are_unsupported_and_not_changed() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.shutdown().await;
    tables.run("UPDATE {p}schema SET version = 9").await;
    rejects_version_9(&store, SCHEMA).await;
    tables.drop().await;
}

#[tokio::test]
async fn all_tables_have_a_primary_key() {
    // Servers can be configured to reject tables without one (`sql_require_primary_key`, `innodb_force_primary_key`).
    let mut tables = Tables::new().await;
    tables.started().await.shutdown().await;
    let without = "
        SELECT COUNT(*), COUNT(k.constraint_name) FROM information_schema.tables AS t
        LEFT JOIN information_schema.table_constraints AS k
            ON k.table_schema = t.table_schema AND k.table_name = t.table_name
            AND k.constraint_type = 'PRIMARY KEY'
        WHERE t.table_schema = DATABASE() AND LEFT(t.table_name, CHAR_LENGTH(?)) = ?";
    let query = sqlx::query_as(without).bind(&tables.prefix).bind(&tables.prefix);
    let counts: (i64, i64) = query.fetch_one(&mut tables.own).await.unwrap();
    assert_eq!(counts, (6, 6));
    tables.drop().await;
}

#[tokio::test]
async fn an_interrupted_migration_is_completed_by_the_next_start() {
    let mut tables = Tables::new().await;
    let prefix = TablePrefix::new(&tables.prefix).unwrap();
    let migration = SCHEMA.migrations[0];
    // Interrupted after each statement, before the version was written.
    for (cut, _) in migration.match_indices(" ROW_FORMAT = DYNAMIC;") {
        let begun = prefix.fill(SCHEMA.create_version) + ";" + &prefix.fill(&migration[..cut]);
        tables.run(&begun).await;
        migrate(&mut tables.own, &prefix, &SCHEMA).await.unwrap();
        tables
            .run("DROP TABLE {p}jobs, {p}runs, {p}nodes, {p}metadata, {p}history, {p}schema")
            .await;
    }
    // A migration that fails does not change the version.
    migrate(&mut tables.own, &prefix, &SCHEMA).await.unwrap();
    migrate(&mut tables.own, &prefix, &newer(SCHEMA, "ALTER TABLE {p}missing ADD x INT"))
        .await
        .unwrap_err();
    assert!(SCHEMA.is_current(&mut tables.own, |sql| prefix.sql(sql)).await.unwrap());
    tables.drop().await;
}
