//! Conformance suites, a manual clock and a manual scheduler for Punctual and its store and executor crates.

pub mod calls;
mod clock;
mod display;
pub mod event_loop;
pub mod executor;
pub mod job_store;
mod manual;
mod options;
mod retry;
mod server;

pub use clock::ManualClock;
pub use display::on_display;
pub use manual::ManualScheduler;
pub use options::{
    PASSWORD, assert_error, assert_error_text, assert_invalid_options, assert_local_server_error,
};
pub use punctual_store_kit::{Layered, StoreCall, StoreLayer};
pub use retry::retry_until_ok;
pub use server::server_url;
