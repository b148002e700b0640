//! The conformance suite of executors: the contract of [`Executor`](punctual_core::Executor) in
//! executable form.
//!
//! An executor is done when it passes. Its crate has one fixture, which says how a case gets an executor
//! and what it can do, and one line that makes a `#[test]` of each case:
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
//! No case sleeps: each waits for events, and fails when one has not come for a long time.

mod caps;
#[doc(hidden)]
pub mod cases;
mod errors;
mod fixture;
mod gate;
mod handle;
mod line;
#[doc(hidden)]
pub mod need;
mod order;
mod probe;
mod reports;
mod run;
mod suite;
mod tasks;
mod trial;

pub use caps::ExecutorCaps;
pub use fixture::ExecutorFixture;
pub use probe::{Ending, async_run, blocking_run, task_run};
#[doc(hidden)]
pub use run::run;
pub use tasks::tasks;
#[doc(hidden)]
pub use trial::Trial;

/// How long a case waits for what must happen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);
