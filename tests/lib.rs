//! End-to-end tests of Punctual through its facade, as a user: see the files in `tests/tests`.
//!
//! Here is what the tests and the processes that they start have in common.

pub mod disk;
pub mod ends;
mod guides;
pub mod halt;
pub mod home;
pub mod jobs;
pub mod journal;
pub mod past_runs;
pub mod process;
pub mod role;
pub mod server;
pub mod store;

use std::sync::Arc;

use punctual_backends::Backend;
use punctual_custom_store::FolderJobStore;

/// The store of the examples, which is in no list.
static FOLDER: Backend = Backend::unlisted("folder", &["folder"], |url| {
    // Nobody pulls the plug.
    let folder = url.strip_prefix("folder:").expect("its URL");
    Ok(Arc::new(FolderJobStore::open_without_sync(folder)))
});

/// The backend of this word.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn backend(word: &str) -> &'static Backend {
    let unlisted = Some(&FOLDER).filter(|folder| folder.word() == word);
    unlisted.or(Backend::of_word(word)).unwrap_or_else(|| panic!("there is no backend {word}"))
}
