//! PostgreSQL.

mod claims;
mod commits;
mod database;
mod error;
mod jobs;
mod names;
mod options;
mod schema;
mod sql;
#[cfg(test)]
mod tests;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::{Handle, job_store};

pub use self::options::PostgresJobStoreBuilder;

use self::database::Postgres;
use self::options::Options;
use crate::database::Database;

/// Keeps jobs in a PostgreSQL database (12 or newer), which many machines can share.
///
/// Connecting, making the tables and migrating older ones happens when the store is started; later, lost
/// connections are made anew. Claiming a batch of due jobs and committing it is one round trip each.
/// Whoever adds or changes a job notifies all others. Clones are handles on the same connections.
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
    handle: Handle<Database<Postgres>>,
}

impl PostgresJobStore {
    /// A store in the database of this URL; see [`PostgresJobStoreBuilder::url`]. It connects when it is
    /// started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) for a URL that can't be.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// A store with options.
    pub fn builder() -> PostgresJobStoreBuilder {
        PostgresJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: Handle::new(options) }
    }
}

job_store!(PostgresJobStore, Database<Postgres>);
