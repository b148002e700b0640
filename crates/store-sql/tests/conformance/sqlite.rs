//! SQLite.

use punctual_store_sql::SqliteJobStore;
use punctual_testkit::job_store::StoreFixture;
use tempfile::TempDir;

use crate::PATIENCE;

/// A file of its own, opened anew by each handle.
struct File(TempDir);

impl StoreFixture for File {
    type Store = SqliteJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(tempfile::tempdir().expect("a temporary folder")))
    }

    async fn open(&self) -> SqliteJobStore {
        let builder = SqliteJobStore::builder().file(self.0.path().join("jobs.sqlite"));
        builder.busy_timeout(PATIENCE).build().expect("a plain path")
    }
}

/// A database in memory, shared by clones of its handle.
struct Memory(SqliteJobStore);

impl StoreFixture for Memory {
    type Store = SqliteJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(SqliteJobStore::in_memory().expect("no options to be wrong")))
    }

    async fn open(&self) -> SqliteJobStore {
        self.0.clone()
    }
}

punctual_testkit::job_store_suite!(sqlite, File);
punctual_testkit::job_store_suite!(sqlite_in_memory, Memory);
