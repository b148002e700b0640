//! End-to-end tests of Punctual through its facade, as a user: see the files in `tests/tests`.
//!
//! Here is what the tests and the processes that they start have in common.

pub mod disk;
pub mod ends;
mod guides;
pub mod halt;
pub mod home;
pub mod journal;
pub mod past_runs;
pub mod process;
pub mod role;
pub mod server;
pub mod store;

use punctual_backends::Backend;

/// The backend of this word.
///
/// # Panics
///
/// When there is none.
#[must_use]
pub fn backend(word: &str) -> &'static Backend {
    Backend::of_word(word).unwrap_or_else(|| panic!("there is no backend {word}"))
}
