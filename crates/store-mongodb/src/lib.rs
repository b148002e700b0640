//! A MongoDB job store of the Punctual job scheduler: [`MongoDbJobStore`].
//!
//! A job is one document with its claim and its runs. The operations are those of `KvBackend` in `punctual-store-kit`: it
//! reads documents, applies the methods of the model, and replaces the documents on the condition that nobody else has
//! changed them. This crate defines the documents, their indexes, and the commands.
//!
//! The feature `dns` adds `mongodb+srv://` URLs.

mod client;
mod config;
mod database;
mod error;
mod layout;
mod options;
mod queries;
mod server;
mod store;
mod swaps;
#[cfg(test)]
mod tests;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::kv::KvBackend;
use punctual_store_kit::{BackendHandle, job_store};

pub use options::MongoDbJobStoreBuilder;

use config::Options;
use database::MongoDb;

/// Stores jobs in MongoDB (4.4 or newer) or a server with the same protocol, which many machines can share: a single server,
/// a replica set, or a sharded cluster.
///
/// `start` connects and creates indexes; lost connections are replaced later. Claiming a batch of due jobs takes two
/// commands, committing it takes one, and a second one at the same time for the history. Every change is acknowledged by a
/// majority of the replica set, with its journal on the disk. Clones share the connections.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_mongodb::MongoDbJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = MongoDbJobStore::open("mongodb://mailer:secret@a.example.org,b.example.org/jobs?replicaSet=main")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct MongoDbJobStore {
    handle: BackendHandle<KvBackend<MongoDb>>,
}

impl MongoDbJobStore {
    /// Creates a store on the servers of this URL; see [`MongoDbJobStoreBuilder::url`]. It connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> MongoDbJobStoreBuilder {
        MongoDbJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(MongoDbJobStore, KvBackend<MongoDb>);
