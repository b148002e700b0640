//! The conformance suite of executors: the contract of [`Executor`](punctual_core::Executor) in executable form.
//!
//! An executor is complete when it passes. Its crate has one fixture, which creates executors for the cases and
//! declares their capabilities, and one macro call that generates a `#[test]` for each case:
//!
//! ```
//! use punctual_core::DebugExecutor;
//! use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture};
//!
//! struct Debug;
//!
//! impl ExecutorFixture for Debug {
//!     type Executor = DebugExecutor;
//!
//!     const CAPS: ExecutorCaps = ExecutorCaps::INLINE;
//!
//!     fn set_up() -> Self {
//!         Self
//!     }
//!
//!     fn open(&self, _limit: Option<usize>) -> DebugExecutor {
//!         DebugExecutor
//!     }
//! }
//!
//! punctual_testkit::executor_suite!(debug, Debug);
//! ```
//!
//! No case sleeps: each waits for events, and fails if an expected event does not occur within a minute.

mod caps;
mod case_context;
#[doc(hidden)]
pub mod cases;
mod connection;
mod errors;
mod fixture;
pub(crate) mod gate;
mod probe;
mod reports;
#[doc(hidden)]
pub mod requires;
mod run;
pub(crate) mod run_spec;
mod suite;
pub(crate) mod tasks;
mod under_test;

pub use caps::ExecutorCaps;
#[doc(hidden)]
pub use case_context::CaseContext;
pub use fixture::ExecutorFixture;
pub use probe::{OutcomeReceiver, async_run, blocking_run, task_run};
#[doc(hidden)]
pub use run::run;
pub use tasks::tasks;

/// Timeout of a case for an event that must occur.
pub(crate) const WAIT_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);
