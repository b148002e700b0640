//! A Redis and Valkey job store of the Punctual job scheduler: [`RedisJobStore`].
//!
//! Each operation is a Lua script, which the server executes atomically; the files in `src/scripts` document their
//! arguments, and `common.lua` the keys. The Rust code encodes arguments and decodes replies.
//!
//! The feature `tls` adds encrypted connections.

mod client;
mod commits;
mod database;
mod error;
mod history;
mod jobs;
mod keys;
mod layout;
mod metadata;
mod nodes;
mod options;
mod reply;
mod scripts;
mod server;
mod servers;
mod store;
#[cfg(test)]
mod tests;
mod tls;
mod watch;

use punctual_core::StoreError;
use punctual_store_kit::{BackendHandle, job_store};

pub use options::RedisJobStoreBuilder;

use database::Redis;
use options::Options;

/// Stores jobs in Redis (7.0 or newer) or Valkey, which many machines can share.
///
/// `start` connects; a lost connection is replaced later. Claiming a batch of due jobs and committing it takes one round
/// trip each. All schedulers are notified when a job is added or changed. Clones share one connection.
///
/// How much a crash of the server can lose is determined by its settings: nothing with `appendonly yes` and
/// `appendfsync always`. See the guide for the other settings.
///
/// ```no_run
/// use punctual_core::{JobStore, TaskFilter};
/// use punctual_store_redis::RedisJobStore;
///
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let store = RedisJobStore::open("redis://:secret@redis.example.org/0")?;
/// store.start().await?;
/// assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, None);
/// store.shutdown().await;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct RedisJobStore {
    handle: BackendHandle<Redis>,
}

impl RedisJobStore {
    /// Creates a store on the server of this URL; see [`RedisJobStoreBuilder::url`]. It connects when it is started.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) if the URL is invalid.
    pub fn open(url: impl Into<String>) -> Result<Self, StoreError> {
        Self::builder().url(url).build()
    }

    /// Returns a builder for a store with options.
    pub fn builder() -> RedisJobStoreBuilder {
        RedisJobStoreBuilder::new()
    }

    fn with(options: Options) -> Self {
        Self { handle: BackendHandle::new(options) }
    }
}

job_store!(RedisJobStore, Redis);
