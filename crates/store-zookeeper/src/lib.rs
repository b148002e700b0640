//! A ZooKeeper job store of the Punctual job scheduler: [`ZooKeeperJobStore`].
//!
//! A job is one node with its claim and its runs. The operations are those of `KvBackend` in `punctual-store-kit`: it reads nodes,
//! applies the methods of the model, and replaces their data on the condition that nobody else has changed it. This crate defines
//! the nodes, their indexes, and the transactions.

mod changes;
mod client;
mod config;
mod definition;
mod entries;
mod error;
mod history;
mod layout;
mod names;
mod options;
mod pieces;
mod queries;
mod server;
mod stale;
mod store;
mod swaps;
#[cfg(test)]
mod tests;
mod watch;
mod zookeeper;

use punctual_core::StoreError;
use punctual_store_kit::kv::KvBackend;
use punctual_store_kit::{BackendHandle, job_store};

pub use options::ZooKeeperJobStoreBuilder;

use config::Options;
use zookeeper::ZooKeeper;

/// Stores jobs in ZooKeeper (3.6 or newer), which many machines can share. Every change is on the disks of a majority of the servers
/// before it is acknowledged.
///
/// `start` opens a session with one of the servers; when it has lost its connection or has expired, the next call opens another one,
/// and nothing is lost. Claiming a batch of due jobs takes five or six requests one after the other, however many jobs are stored;
/// committing it takes one. Large batches are several requests at the same time. Clones share the session.
///
/// [`time`](punctual_core::JobStore::time) is the clock of the leading server. ZooKeeper keeps all nodes in memory: it is meant for
/// some ten thousand jobs, and for a short history.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_zookeeper::ZooKeeperJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let url = "zookeeper://mailer:secret@a.example.org,b.example.org,c.example.org/mailer";
/// let store = ZooKeeperJobStore::open(url)?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ZooKeeperJobStore {
    handle: BackendHandle<KvBackend<ZooKeeper>>,
}

impl ZooKeeperJobStore {
    /// Creates a store on the servers of this URL; see [`ZooKeeperJobStoreBuilder::url`]. It connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> ZooKeeperJobStoreBuilder {
        ZooKeeperJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(ZooKeeperJobStore, KvBackend<ZooKeeper>);
