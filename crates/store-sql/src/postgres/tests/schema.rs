//! Tests of the creation and migration of tables.

use punctual_core::JobStore;
use sqlx::Row;

use super::super::names::QualifiedNames;
use super::super::schema::{SCHEMA, migrate};
use super::{Tables, at, due};
use crate::migrate::Schema;
use crate::tables::TablePrefix;
use crate::testing::schema::{creates_no_tables, migrates_no_tables, newer, rejects_version_9};

async fn names(tables: &mut Tables) -> QualifiedNames {
    let schema = tables.schema.clone();
    QualifiedNames::find(&mut tables.own, Some(&schema), &TablePrefix::default()).await.unwrap()
}

#[tokio::test]
async fn older_tables_are_migrated_and_keep_their_jobs() {
    let mut tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("a", at(0))]).await.unwrap();
    store.shutdown().await;

    // For the code of the next release, these tables are older.
    let next =
        newer(SCHEMA, "ALTER TABLE {p}nodes ADD COLUMN colour text NOT NULL DEFAULT 'blue';");
    let names = names(&mut tables).await;
    for _ in 0..2 {
        migrate(&mut tables.own, &names, &next).await.unwrap();
    }
    let counts = "SELECT (SELECT count(*) FROM {p}jobs), (SELECT count(colour) FROM {p}nodes),
        version FROM {p}schema";
    let row = tables.run(counts).await.remove(0);
    let versions = SCHEMA.migrations.len() as i64;
    assert_eq!([0, 1, 2].map(|column| row.get::<i64, _>(column)), [1, 0, versions + 1]);
    tables.drop().await;
}

#[tokio::test]
async fn stores_with_several_prefixes_create_their_schema_concurrently() {
    let tables = Tables::new().await;
    let starts = ["a_", "b_", "c_", "d_"].map(|prefix| {
        let store = tables.builder().table_prefix(prefix).build().unwrap();
        tokio::spawn(async move {
            store.start().await.unwrap();
            store.shutdown().await;
        })
    });
    for start in starts {
        start.await.unwrap();
    }
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
    // Published tables without one can't be updated.
    let mut tables = Tables::new().await;
    tables.started().await;
    let without = "
        SELECT count(*), count(i.indrelid) FROM pg_class AS c
        LEFT JOIN pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
        WHERE c.relnamespace = to_regnamespace('{schema}') AND c.relkind = 'r'";
    let row = tables.run(without).await.remove(0);
    assert_eq!([0, 1].map(|column| row.get::<i64, _>(column)), [6, 6]);
    tables.drop().await;
}

#[tokio::test]
async fn a_failed_migration_is_rolled_back() {
    let mut tables = Tables::new().await;
    let names = names(&mut tables).await;
    let broken =
        Schema { migrations: &["CREATE TABLE {p}half (); CREATE TABLE {p}half ();"], ..SCHEMA };
    migrate(&mut tables.own, &names, &broken).await.unwrap_err();
    let count = "SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace('{schema}')";
    assert_eq!(tables.run(count).await[0].get::<i64, _>(0), 0);
    migrate(&mut tables.own, &names, &SCHEMA).await.unwrap();
    tables.drop().await;
}
