//! The job stores of the Punctual job scheduler: a list of all backends, and a function that opens a store from a URL.
//!
//! The list is in `list.rs`. The table of backends ([`Backend::all`]) and the macro [`for_each_backend!`] are generated
//! from it; the `punctual` command, the tests and the benchmarks use these.
//!
//! Programs use the crate `punctual`, which re-exports [`stores`].
//!
//! ```
//! use punctual_backends::{Backend, Options};
//!
//! # #[cfg(feature = "store-sqlite")] {
//! let store = punctual_backends::open("sqlite:jobs.sqlite", &Options::new().with("prefix", "mailer_"))?;
//! assert!(store.caps().persistent);
//! # }
//! assert_eq!(Backend::of_url("mysql://db.example.org/jobs")?.id(), "mysql");
//! # Ok::<(), punctual_core::StoreError>(())
//! ```

mod backend;
mod each;
mod error;
mod list;
mod open;
mod options;
pub mod stores;
mod value;

pub use backend::{Backend, Location};
pub use options::Options;

use std::sync::Arc;

use punctual_core::{DynJobStore, StoreError};

/// Creates the store for this URL. The scheme determines the backend: see [`Backend::of_url`] and [`Backend::open`].
///
/// # Errors
///
/// The errors of both methods.
pub fn open(url: &str, options: &Options) -> Result<Arc<dyn DynJobStore>, StoreError> {
    Backend::of_url(url)?.open(url, options)
}
