//! MySQL and MariaDB.

mod claims;
mod client;
mod commits;
mod database;
mod error;
mod jobs;
mod numbered;
mod options;
mod schema;
mod script;
mod sql;
#[cfg(test)]
mod tests;

use punctual_core::StoreError;
use punctual_store_kit::{Handle, job_store};

pub use self::options::MySqlJobStoreBuilder;

use self::database::MySql;
use self::options::Options;
use crate::database::Database;

/// Keeps jobs in a MySQL (8.0.4 or newer) or MariaDB (10.6 or newer) database, which any number of
/// processes on any number of machines can share.
///
/// Connecting, making the tables and migrating older ones happens when the store is started. A batch of
/// claims or commits is one round trip and one transaction; processes that claim at the same time don't
/// wait for each other. Clones are handles on the same connections.
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
    handle: Handle<Database<MySql>>,
}

impl MySqlJobStore {
    /// A store in the database of this URL: `mysql://user:password@host:port/database`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) for a URL that is none or names no database.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// A store with options.
    pub fn builder() -> MySqlJobStoreBuilder {
        MySqlJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: Handle::new(options) }
    }
}

job_store!(MySqlJobStore, Database<MySql>);
