//! PostgreSQL.

mod claims;
mod commits;
mod copy;
mod database;
mod error;
mod jobs;
mod names;
mod options;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod uuid;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::{BackendHandle, job_store};

pub use self::options::PostgresJobStoreBuilder;

use self::database::Postgres;
use self::options::Options;
use crate::database::Database;

/// Stores jobs in a PostgreSQL database (12 or newer), which many machines can share.
///
/// `start` connects, and creates or migrates the tables; lost connections are replaced later. Claiming a batch of due
/// jobs and committing it takes one round trip each. All schedulers are notified when a job is added or changed. Clones
/// share the same connections.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_sql::PostgresJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = PostgresJobStore::open("postgres://mailer:secret@db.example.org/mailer")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct PostgresJobStore {
    handle: BackendHandle<Database<Postgres>>,
}

impl PostgresJobStore {
    /// Creates a store in the database of this URL; see [`PostgresJobStoreBuilder::url`]. It connects when it is
    /// started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> PostgresJobStoreBuilder {
        PostgresJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(PostgresJobStore, Database<Postgres>);
