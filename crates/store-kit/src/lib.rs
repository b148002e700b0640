//! Shared building blocks for job stores of the Punctual job scheduler.
//!
//! A store is any type that implements [`JobStore`](punctual_core::JobStore); using this crate is optional. It provides
//! building blocks for stores with a connection, independent of the backend:
//!
//! - [`Backend`], an open connection with the operations of `JobStore`, and [`BackendHandle`], which opens it when the
//!   store is started, closes it when the store is shut down, applies a timeout to calls if the backend defines one,
//!   and retries calls after write conflicts. [`job_store!`] implements `JobStore` for a type with such a handle.
//! - [`kv`], a complete `Backend` on top of a key-value store with compare-and-swap.
//! - [`parts`], [`job_chunks`] and [`commit_groups`] split batches into requests.
//! - [`PageReader`] and [`history_range`] collect pages of records of which some may be corrupt.
//! - [`StoreLayer`] wraps a store and overrides some of its methods.
//! - [`check_name`], [`SecretUrl`], [`HostsUrl`], [`Login`], [`Certificates`] and [`Timeouts`] validate the settings of a store's builder; [`Cause`] attaches
//!   an error of a client.
//!
//! None of these helpers defines state transitions; those are the methods of [`StoredJob`](punctual_core::StoredJob).
//! `kv` calls them directly, other backends implement them in their own way. A store is complete when it passes
//! `punctual_testkit::job_store_suite!`.
//!
//! # Examples
//!
//! A store on top of a key-value store with compare-and-swap, here a map in memory:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::{Arc, Mutex};
//!
//! use punctual_core::{
//!     StoredDefinition, JobId, JobStore, NewRecord, Schedule, StoreCaps, StoreError, TaskFilter, TaskName, Timestamp,
//! };
//! use punctual_store_kit::kv::{CompareAndSwap, KvBackend, KvEntry, KvNamespace, KvStore, KvValue};
//! use punctual_store_kit::{BackendHandle, job_store};
//!
//! /// Values with their versions, which come from one counter.
//! #[derive(Debug, Default)]
//! struct Entries {
//!     last: u64,
//!     by_key: BTreeMap<(KvNamespace, String), (u64, KvValue)>,
//! }
//!
//! /// Usually the client of a server.
//! #[derive(Clone, Debug, Default)]
//! struct MapStore(Arc<Mutex<Entries>>);
//!
//! impl KvStore for MapStore {
//!     /// Usually its URL.
//!     type Options = MapStore;
//!     type Version = u64;
//!
//!     fn caps(_: &MapStore) -> StoreCaps {
//!         StoreCaps::memory()
//!     }
//!
//!     async fn open(store: &MapStore) -> Result<Self, StoreError> {
//!         Ok(store.clone())
//!     }
//!
//!     async fn list(&self, namespace: KvNamespace) -> Result<Vec<KvEntry<u64>>, StoreError> {
//!         let entries = self.0.lock().expect("not poisoned");
//!         let in_namespace = entries.by_key.iter().filter(|((other, _), _)| *other == namespace);
//!         let entry = |((_, storage_key), (version, value)): (&(_, String), &(u64, KvValue))| KvEntry {
//!             storage_key: storage_key.clone(),
//!             version: *version,
//!             value: value.clone(),
//!         };
//!         Ok(in_namespace.map(entry).collect())
//!     }
//!
//!     async fn read(
//!         &self,
//!         namespace: KvNamespace,
//!         keys: Vec<String>,
//!     ) -> Result<Vec<Option<KvEntry<u64>>>, StoreError> {
//!         let entries = self.0.lock().expect("not poisoned");
//!         let read = |storage_key: String| {
//!             let (version, value) = entries.by_key.get(&(namespace, storage_key.clone()))?.clone();
//!             Some(KvEntry { storage_key, version, value })
//!         };
//!         Ok(keys.into_iter().map(read).collect())
//!     }
//!
//!     async fn swap(&self, swaps: Vec<CompareAndSwap<u64>>) -> Result<Vec<bool>, StoreError> {
//!         let mut entries = self.0.lock().expect("not poisoned");
//!         let swap = |CompareAndSwap { namespace, storage_key, expected, new, .. }: CompareAndSwap<u64>| {
//!             let key = (namespace, storage_key);
//!             let current = entries.by_key.get(&key).map(|(version, _)| *version);
//!             let is_current = current == expected.map(|entry| entry.version);
//!             if is_current {
//!                 entries.last += 1;
//!                 let version = entries.last;
//!                 match new {
//!                     Some(value) => entries.by_key.insert(key, (version, value)),
//!                     None => entries.by_key.remove(&key),
//!                 };
//!             }
//!             is_current
//!         };
//!         Ok(swaps.into_iter().map(swap).collect())
//!     }
//! }
//!
//! /// The public store type.
//! #[derive(Clone)]
//! pub struct ExampleJobStore {
//!     handle: BackendHandle<KvBackend<MapStore>>,
//! }
//!
//! job_store!(ExampleJobStore, KvBackend<MapStore>);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # pollster::block_on(async {
//! let store = ExampleJobStore { handle: BackendHandle::new(MapStore::default()) };
//! assert!(store.add(vec![]).await.is_err(), "not started");
//! store.start().await?;
//! let job = NewRecord {
//!     id: JobId::new("mail")?,
//!     task: TaskName::new("send_mail")?,
//!     definition: StoredDefinition::from(&b"{}"[..]),
//!     schedule: Some(Schedule::at(Timestamp::from_seconds(60))),
//! };
//! store.add(vec![job]).await?;
//! assert_eq!(store.next_wakeup(&TaskFilter::Any).await?, Some(Timestamp::from_seconds(60)));
//! # Ok(())
//! # })
//! # }
//! ```

#[macro_use]
mod methods;

mod backend;
mod batch;
mod cause;
mod certificates;
mod handle;
mod hosts;
pub mod kv;
mod layer;
mod login;
mod name;
mod page;
mod secret;
mod store;
mod timeouts;

#[doc(hidden)]
pub use punctual_core as core;

pub use backend::Backend;
pub use batch::{CommitGroup, commit_groups, job_chunks, parts, task_names};
pub use cause::Cause;
pub use certificates::{Certificates, Pem};
pub use handle::BackendHandle;
pub use hosts::{HostAddress, HostsUrl};
pub use layer::{Layered, StoreCall, StoreLayer};
pub use login::Login;
pub use name::{check_metadata_key, check_name, invalid};
pub use page::{PageReader, history_range};
pub use secret::SecretUrl;
pub use timeouts::{Timeouts, check_timeout};
