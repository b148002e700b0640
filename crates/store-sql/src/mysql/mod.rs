//! MySQL and MariaDB.

mod claims;
mod client;
mod commits;
mod database;
mod error;
mod jobs;
mod options;
mod parameters;
mod schema;
mod script;
mod sql;
#[cfg(test)]
mod tests;

use punctual_core::StoreError;
use punctual_store_kit::{BackendHandle, job_store};

pub use self::options::MySqlJobStoreBuilder;

use self::database::MySql;
use self::options::Options;
use crate::database::Database;

/// Stores jobs in a MySQL (8.0.4 or newer) or MariaDB (10.6 or newer) database, which any number of processes on any
/// number of machines can share.
///
/// `start` connects, and creates or migrates the tables. A batch of claims or commits takes one round trip and one
/// transaction; concurrent claims of several processes don't block each other. Clones share the same connections.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_sql::MySqlJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = MySqlJobStore::open("mysql://mailer:secret@db.example.org/mailer")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MySqlJobStore {
    handle: BackendHandle<Database<MySql>>,
}

impl MySqlJobStore {
    /// Creates a store in the database of this URL: `mysql://user:password@host:port/database`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid or contains no database.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> MySqlJobStoreBuilder {
        MySqlJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(MySqlJobStore, Database<MySql>);
