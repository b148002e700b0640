//! The job stores of the Punctual job scheduler: one list of them, and how each is opened from a URL.
//!
//! The list is in `list.rs`. The table of backends ([`Backend::all`]) and the macro [`for_each_backend!`] are
//! made from it, and from those the `punctual` command, the tests and the benches know what there is.
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
//! assert_eq!(Backend::of_url("mysql://db.example.org/jobs")?.word(), "mysql");
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

/// Opens the store of this URL, whose scheme says which backend it is: see [`Backend::of_url`] and
/// [`Backend::open`].
///
/// # Errors
///
/// Those of both.
pub fn open(url: &str, options: &Options) -> Result<Arc<dyn DynJobStore>, StoreError> {
    Backend::of_url(url)?.open(url, options)
}
