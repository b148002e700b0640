//! Names of tables and schemas: names that need quotes are rejected, names derived from SQL keywords are accepted.

use std::path::Path;
use std::sync::Arc;

use punctual::core::NewRecord;
use punctual::prelude::*;
use punctual::{DynJobStore, JobStore, StoreError, StoreErrorKind, TaskName};
use punctual_tests::server::Server;

const WRONG: [&str; 20] = [
    "",
    " ",
    "a b",
    "a.b",
    "a-b",
    "1a",
    "é",
    "a\"",
    "\"a\"",
    "a'",
    "`a`",
    "a\\",
    "a\0",
    "a\n",
    "a;--",
    "a/*",
    "jobs (x int); DROP TABLE punctual_jobs; --",
    "' OR ''='",
    "sqlite_a",
    "PG_a",
];

/// Names that are reserved words or contain upper-case letters.
const WORDS: [&str; 4] = ["select", "user", "Order", "_"];

const NO_SERVER: &str = "postgres://nobody@127.0.0.1:1/nothing";

type OpenedStore = Result<Arc<dyn DynJobStore>, StoreError>;

fn any(store: impl JobStore) -> Arc<dyn DynJobStore> {
    Arc::new(store)
}

fn sqlite(folder: &Path, prefix: &str) -> OpenedStore {
    let file = folder.join("jobs.sqlite");
    SqliteJobStore::builder().file(file).table_prefix(prefix).build().map(any)
}

fn mysql(url: &str, prefix: &str) -> OpenedStore {
    MySqlJobStore::builder().url(url).table_prefix(prefix).build().map(any)
}

fn postgres(url: &str, prefix: &str) -> OpenedStore {
    PostgresJobStore::builder().url(url).table_prefix(prefix).build().map(any)
}

fn postgres_schema(url: &str, schema: &str) -> OpenedStore {
    PostgresJobStore::builder().url(url).schema(schema).build().map(any)
}

#[test]
fn names_that_need_quotes_are_rejected() {
    let too_long = "x".repeat(64);
    for wrong in WRONG.into_iter().chain([&*too_long]) {
        for made in [
            sqlite(Path::new("/"), wrong),
            mysql(&NO_SERVER.replace("postgres", "mysql"), wrong),
            postgres(NO_SERVER, wrong),
            postgres_schema(NO_SERVER, wrong),
        ] {
            let error = made.err().unwrap_or_else(|| panic!("{wrong:?} is accepted"));
            assert_eq!(error.kind(), StoreErrorKind::Invalid);
            assert!(error.to_string().contains(&format!("{wrong:?}")), "{error}");
        }
    }
}

/// Checks that stores with different prefixes have separate jobs.
async fn check_prefixes(make: impl Fn(&str) -> OpenedStore) {
    let stores = WORDS.map(|word| make(word).unwrap());
    for (store, word) in stores.iter().zip(WORDS) {
        store.start().await.unwrap();
        let job = NewRecord {
            id: JobId::new(word).unwrap(),
            task: TaskName::new("work").unwrap(),
            definition: Vec::new().into(),
            schedule: None,
        };
        store.add(vec![job]).await.unwrap();
    }
    for (store, word) in stores.iter().zip(WORDS) {
        let jobs = store.list(None, 9).await.unwrap().records;
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].id.as_str(), word);
        store.shutdown().await;
    }
}

#[tokio::test]
async fn keywords_are_valid_prefixes_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    check_prefixes(|word| sqlite(folder.path(), word)).await;
}

#[tokio::test]
async fn keywords_are_valid_prefixes_in_mysql() {
    let server = Server::start("mysql");
    check_prefixes(|word| mysql(server.url(), word)).await;
}

#[tokio::test]
async fn keywords_are_valid_prefixes_in_postgres() {
    let server = Server::start("postgres");
    check_prefixes(|word| postgres(server.url(), word)).await;
    check_prefixes(|word| postgres_schema(server.url(), word)).await;
}
