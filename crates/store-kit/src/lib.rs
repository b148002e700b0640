//! What job stores of the Punctual job scheduler have in common, for those who write another one.
//!
//! A store is a [`JobStore`](punctual_core::JobStore), and nothing here has to be used to make one. What is here
//! is what every store with a connection needs besides knowing its backend:
//!
//! - [`Backend`], an open connection with the operations of the contract, and [`Handle`], which opens it when the
//!   store is started, closes it when it is shut down, limits how long a call takes if the backend says how long,
//!   and makes calls again that have collided with others. [`job_store!`] makes a store of the two.
//! - [`cells`], the whole `Backend` for a backend that has nothing but compare-and-swap.
//! - [`parts`], [`job_parts`] and [`waves`] cut batches into requests.
//! - [`PageReader`] and [`history_range`] gather pages, also of what can't be read in part.
//! - [`StoreLayer`] makes a store that does most things as another does.
//! - [`check_name`] and [`SecretUrl`] are for a store's builder.
//!
//! What becomes of a record is in none of them: that are the methods of
//! [`StoredJob`](punctual_core::StoredJob), which a backend carries out in its own way; `cells` calls them as they
//! are. A store is done when it passes `punctual_testkit::job_store_suite!`.
//!
//! # Examples
//!
//! A store on a medium that can compare and swap, here a map in memory:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::{Arc, Mutex};
//!
//! use punctual_core::{
//!     Encoded, JobId, JobStore, NewRecord, Schedule, StoreCaps, StoreError, TaskFilter, TaskName, Timestamp,
//! };
//! use punctual_store_kit::cells::{Cell, CellKind, CellStore, CellValue, Medium, Swap};
//! use punctual_store_kit::{Handle, job_store};
//!
//! /// Values with their versions, all of them taken from one counter.
//! #[derive(Debug, Default)]
//! struct Cells {
//!     last: u64,
//!     by_name: BTreeMap<(CellKind, String), (u64, CellValue)>,
//! }
//!
//! /// Elsewhere the client of a server.
//! #[derive(Clone, Debug, Default)]
//! struct Shelf(Arc<Mutex<Cells>>);
//!
//! impl Medium for Shelf {
//!     /// Elsewhere its URL.
//!     type Options = Shelf;
//!     type Version = u64;
//!
//!     fn caps(_: &Shelf) -> StoreCaps {
//!         StoreCaps::memory()
//!     }
//!
//!     async fn open(shelf: &Shelf) -> Result<Self, StoreError> {
//!         Ok(shelf.clone())
//!     }
//!
//!     async fn list(&self, kind: CellKind) -> Result<Vec<Cell<u64>>, StoreError> {
//!         let cells = self.0.lock().expect("nobody panics");
//!         let of_kind = cells.by_name.iter().filter(|((own, _), _)| *own == kind);
//!         let cell = |((_, name), (version, value)): (&(_, String), &(u64, CellValue))| Cell {
//!             name: name.clone(),
//!             version: *version,
//!             value: value.clone(),
//!         };
//!         Ok(of_kind.map(cell).collect())
//!     }
//!
//!     async fn read(&self, kind: CellKind, names: Vec<String>) -> Result<Vec<Option<Cell<u64>>>, StoreError> {
//!         let cells = self.0.lock().expect("nobody panics");
//!         let read = |name: String| {
//!             let (version, value) = cells.by_name.get(&(kind, name.clone()))?.clone();
//!             Some(Cell { name, version, value })
//!         };
//!         Ok(names.into_iter().map(read).collect())
//!     }
//!
//!     async fn swap(&self, swaps: Vec<Swap<u64>>) -> Result<Vec<bool>, StoreError> {
//!         let mut cells = self.0.lock().expect("nobody panics");
//!         let swap = |Swap { kind, name, old, new, .. }: Swap<u64>| {
//!             let key = (kind, name);
//!             let is_old = cells.by_name.get(&key).map(|(version, _)| *version) == old.map(|old| old.version);
//!             if is_old {
//!                 cells.last += 1;
//!                 let version = cells.last;
//!                 match new {
//!                     Some(value) => cells.by_name.insert(key, (version, value)),
//!                     None => cells.by_name.remove(&key),
//!                 };
//!             }
//!             is_old
//!         };
//!         Ok(swaps.into_iter().map(swap).collect())
//!     }
//! }
//!
//! /// The store as users see it.
//! #[derive(Clone)]
//! pub struct ExampleJobStore {
//!     handle: Handle<CellStore<Shelf>>,
//! }
//!
//! job_store!(ExampleJobStore, CellStore<Shelf>);
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # pollster::block_on(async {
//! let store = ExampleJobStore { handle: Handle::new(Shelf::default()) };
//! assert!(store.add(vec![]).await.is_err(), "it is not started");
//! store.start().await?;
//! let job = NewRecord {
//!     id: JobId::new("mail")?,
//!     task: TaskName::new("send_mail")?,
//!     definition: Encoded::from(&b"{}"[..]),
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
pub mod cells;
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
