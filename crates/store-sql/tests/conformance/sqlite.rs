//! SQLite, in files and in memory.

use punctual_store_sql::SqliteJobStore;
use punctual_testkit::job_store::{Corruption, OpenTransaction, StoreFixture};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};
use sqlx::{AssertSqlSafe, ConnectOptions};
use tempfile::TempDir;

use crate::transaction::begin;
use crate::{WAIT_TIMEOUT, corruption};

/// A separate file for each case; each store opens its own connections.
struct File(TempDir);

impl File {
    fn options(&self) -> SqliteConnectOptions {
        let options = SqliteConnectOptions::new().filename(self.0.path().join("jobs.sqlite"));
        options.busy_timeout(WAIT_TIMEOUT)
    }
}

impl StoreFixture for File {
    type Store = SqliteJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(tempfile::tempdir().expect("a temporary directory")))
    }

    async fn open(&self) -> SqliteJobStore {
        let builder = SqliteJobStore::builder().file(self.0.path().join("jobs.sqlite"));
        builder.busy_timeout(WAIT_TIMEOUT).build().expect("valid options")
    }

    async fn begin(&self) -> Option<Box<dyn OpenTransaction>> {
        Some(begin(&SqlitePool::connect_lazy_with(self.options())).await)
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        let mut connection = self.options().connect().await.expect("a file");
        let by_id = [("jobs", "id"), ("runs", "job_id")];
        for statement in corruption::statements(&corruption, "punctual_", &by_id, "key") {
            let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
            done.expect("SQLite accepts all values");
        }
        true
    }
}

/// A database in memory, which clones of the store share.
struct Memory(SqliteJobStore);

impl StoreFixture for Memory {
    type Store = SqliteJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(SqliteJobStore::in_memory().expect("valid options")))
    }

    async fn open(&self) -> SqliteJobStore {
        self.0.clone()
    }
}

punctual_testkit::job_store_suite!(sqlite, File);
punctual_testkit::job_store_suite!(sqlite_in_memory, Memory);
