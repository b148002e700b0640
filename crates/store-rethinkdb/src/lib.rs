//! A RethinkDB job store of the Punctual job scheduler: [`RethinkDbJobStore`].
//!
//! A job is one document with its claim and its runs. The operations are those of `KvBackend` in `punctual-store-kit`: it
//! reads documents, applies the methods of the model, and replaces the documents on the condition that nobody else has
//! changed them. This crate defines the documents, their indexes and the queries. It contains a client with the part of
//! RethinkDB's protocol that it uses, because no maintained library exists.
//!
//! The feature `tls` adds encrypted connections.

mod client;
mod config;
mod connection;
mod creation;
mod database;
mod error;
mod feed;
mod layout;
mod options;
mod queries;
mod reql;
mod scram;
mod server;
mod store;
mod stream;
mod swaps;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::kv::KvBackend;
use punctual_store_kit::{BackendHandle, job_store};

pub use options::RethinkDbJobStoreBuilder;

use config::Options;
use database::RethinkDb;

/// Stores jobs in RethinkDB (2.4 or newer), which many machines can share.
///
/// `start` connects, and creates tables and indexes; lost connections are replaced later, by connections to others if there are
/// several servers. Claiming a batch of due jobs takes two queries, committing it takes one, and a second one at the same
/// time for the history. Every change is on the disks of a majority of the table's replicas before it is acknowledged. Clones
/// share the connections.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_rethinkdb::RethinkDbJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = RethinkDbJobStore::open("rethinkdb://mailer:secret@a.example.org,b.example.org/mailer")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RethinkDbJobStore {
    handle: BackendHandle<KvBackend<RethinkDb>>,
}

impl RethinkDbJobStore {
    /// Creates a store on the servers of this URL; see [`RethinkDbJobStoreBuilder::url`]. It connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> RethinkDbJobStoreBuilder {
        RethinkDbJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(RethinkDbJobStore, KvBackend<RethinkDb>);
