//! End-to-end tests of Punctual through its facade, as a user: see the files in `tests/tests`.
//!
//! Here is what the tests and the processes that they start have in common.

pub mod client;
pub mod disk;
pub mod ends;
mod guides;
pub mod halt;
pub mod journal;
pub mod process;
pub mod role;
pub mod server;
pub mod store;
