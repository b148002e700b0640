//! What job stores of the Punctual job scheduler have in common, for those who write another one.
//!
//! A store is a [`JobStore`](punctual_core::JobStore), and nothing here has to be used to make one. What is here
//! is what every store with a connection needs besides knowing its backend:
//!
//! - [`Backend`], an open connection with the operations of the contract, and [`Handle`], which opens it when the
//!   store is started, closes it when it is shut down, limits how long a call takes if the backend says how long,
//!   and makes calls again that have collided with others. [`job_store!`] makes a store of the two.
//! - [`parts`], [`job_parts`] and [`waves`] cut batches into requests.
//! - [`PageReader`] and [`history_range`] gather pages, also of what can't be read in part.
//! - [`StoreLayer`] makes a store that does most things as another does.
//! - [`check_name`] and [`SecretUrl`] are for a store's builder.
//!
//! What becomes of a record is in none of them: that are the methods of
//! [`StoredJob`](punctual_core::StoredJob), which a backend carries out in its own way, or calls as they are, if
//! all it has is compare-and-swap. A store is done when it passes `punctual_testkit::job_store_suite!`.
//!
//! ```
//! use punctual_core::{AddOutcome, JobStore, NewRecord, StoreCaps, StoreError};
//! use punctual_store_kit::{Backend, Handle, SecretUrl, job_store};
//! # use punctual_core::{
//! #     Claims, CommitBatch, CommitOutcome, CorruptRecord, JobCursor, JobId, JobPage, Metadata, NodeId, RecordUpdate,
//! #     Renewal, Revision, StoredJob, TakeOver, TaskFilter, Timestamp,
//! # };
//! # use std::time::Duration;
//!
//! /// Keeps jobs on a server.
//! #[derive(Clone)]
//! pub struct ExampleJobStore {
//!     handle: Handle<Server>,
//! }
//!
//! impl ExampleJobStore {
//!     /// A store on the server of this URL.
//!     pub fn open(url: &str) -> Result<Self, StoreError> {
//!         Ok(Self { handle: Handle::new(SecretUrl::new("example", &["example"], url)?) })
//!     }
//! }
//!
//! job_store!(ExampleJobStore, Server);
//!
//! /// The connections to the server.
//! #[derive(Clone, Debug)]
//! struct Server;
//!
//! impl Backend for Server {
//!     type Options = SecretUrl;
//!
//!     fn caps(_: &SecretUrl) -> StoreCaps {
//!         StoreCaps::shared()
//!     }
//!
//!     async fn open(url: &SecretUrl) -> Result<Self, StoreError> {
//!         url.read(|_| Ok::<_, StoreError>(Self))
//!     }
//!
//!     async fn close(&self) {}
//!
//!     async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
//!         Ok(vec![AddOutcome::Added; records.len()])
//!     }
//!     // And so on, for each operation.
//! #   async fn update(&self, _: &JobId, _: Revision, _: &RecordUpdate) -> Result<Revision, StoreError> { todo!() }
//! #   async fn remove(&self, _: &[JobId]) -> Result<Vec<bool>, StoreError> { todo!() }
//! #   async fn get(&self, _: &JobId) -> Result<Option<StoredJob>, StoreError> { todo!() }
//! #   async fn list(&self, _: Option<&JobCursor>, _: usize) -> Result<JobPage, StoreError> { todo!() }
//! #   async fn claim_due(&self, _: &NodeId, _: Timestamp, _: usize, _: Duration, _: &TaskFilter) -> Result<Claims, StoreError> { todo!() }
//! #   async fn commit(&self, _: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> { todo!() }
//! #   async fn renew(&self, _: &NodeId, _: Timestamp, _: Timestamp, _: &TaskFilter) -> Result<Renewal, StoreError> { todo!() }
//! #   async fn take_over(&self, _: &NodeId, _: Timestamp, _: usize, _: &TaskFilter) -> Result<TakeOver, StoreError> { todo!() }
//! #   async fn next_wakeup(&self, _: &TaskFilter) -> Result<Option<Timestamp>, StoreError> { todo!() }
//! #   async fn metadata(&self) -> Result<Metadata, StoreError> { todo!() }
//! #   async fn set_metadata(&self, _: &str, _: &str) -> Result<(), StoreError> { todo!() }
//! #   async fn discard(&self, _: &CorruptRecord) -> Result<bool, StoreError> { todo!() }
//! }
//!
//! # pollster::block_on(async {
//! let store = ExampleJobStore::open("example://me:secret@db.example.org")?;
//! assert!(store.add(vec![]).await.is_err(), "it is not started");
//! store.start().await?;
//! assert!(store.add(vec![]).await?.is_empty());
//! # Ok::<(), StoreError>(())
//! # })?;
//! # Ok::<(), StoreError>(())
//! ```

#[macro_use]
mod methods;

mod backend;
mod batch;
mod handle;
mod layer;
mod name;
mod page;
mod secret;
mod store;

#[doc(hidden)]
pub use punctual_core as core;

pub use backend::Backend;
pub use batch::{Wave, job_parts, parts, task_names, waves};
pub use handle::Handle;
pub use layer::{Layered, StoreCall, StoreLayer};
pub use name::{check_name, invalid};
pub use page::{PageReader, history_range};
pub use secret::SecretUrl;
