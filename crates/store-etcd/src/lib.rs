//! An etcd job store of the Punctual job scheduler: [`EtcdJobStore`].
//!
//! A job is one key with its claim and its runs. The operations are those of `KvBackend` in `punctual-store-kit`: it reads keys,
//! applies the methods of the model, and replaces the values on the condition that nobody else has changed them. This crate
//! defines the keys, their indexes, and the transactions. It contains the messages of etcd's API that it uses, so that nobody
//! needs a compiler of protocol definitions to build it.
//!
//! The feature `tls` adds encrypted connections.

mod client;
mod config;
mod error;
mod etcd;
mod history;
mod history_keys;
mod layout;
mod messages;
mod options;
mod queries;
mod server;
mod stale;
mod store;
mod swaps;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::kv::KvBackend;
use punctual_store_kit::{BackendHandle, job_store};

pub use options::EtcdJobStoreBuilder;

use config::Options;
use etcd::Etcd;

/// Stores jobs in etcd (3.4 or newer), which many machines can share. Every change is on the disks of a majority of the
/// servers before it is acknowledged.
///
/// `start` connects to one of the servers; lost connections are replaced later, by connections to others if there are several.
/// Claiming a batch of due jobs takes three requests one after the other, committing it takes one; large batches are several
/// requests at the same time. Clones share the connection.
///
/// etcd has no clock, so [`time`](punctual_core::JobStore::time) returns `None`: the clocks of the machines must agree. The database
/// of etcd has a quota, and keeps old revisions until they are compacted: the servers need `--auto-compaction-mode=periodic`
/// and `--auto-compaction-retention` of some minutes.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_etcd::EtcdJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = EtcdJobStore::open("etcd://mailer:secret@a.example.org,b.example.org,c.example.org/mailer")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EtcdJobStore {
    handle: BackendHandle<KvBackend<Etcd>>,
}

impl EtcdJobStore {
    /// Creates a store on the servers of this URL; see [`EtcdJobStoreBuilder::url`]. It connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> EtcdJobStoreBuilder {
        EtcdJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(EtcdJobStore, KvBackend<Etcd>);
