//! End-to-end tests of Punctual through its facade; see the files in `tests/tests`.
//!
//! This library contains the code that is shared by the tests and their child processes.

pub mod completions;
pub mod disk;
pub mod failpoint;
mod given_server;
mod guides;
pub mod jobs;
pub mod journal;
pub mod past_runs;
pub mod process;
pub mod server;
#[allow(dead_code, reason = "used by the tests of the store, too")]
#[path = "../crates/store-rethinkdb/tests/common/session.rs"]
mod session;
pub mod store;
pub mod test_store;
pub mod worker_config;

use std::sync::Arc;

use punctual_backends::Backend;
use punctual_custom_store::FolderJobStore;

/// The store of the examples; it is not among the listed backends.
static FOLDER: Backend = Backend::custom("folder", &["folder"], |url| {
    // No power loss is tested, so the store needn't sync.
    let folder = url.strip_prefix("folder:").expect("its URL");
    Ok(Arc::new(FolderJobStore::open_without_sync(folder)))
});

/// Returns the backend with this keyword.
///
/// # Panics
///
/// Panics if there is no such backend.
#[must_use]
pub fn backend(word: &str) -> &'static Backend {
    let unlisted = Some(&FOLDER).filter(|folder| folder.id() == word);
    unlisted.or(Backend::by_id(word)).unwrap_or_else(|| panic!("there is no backend {word}"))
}
