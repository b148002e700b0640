//! The scheduling engine of Punctual: a pure plan, passes over the stores, and thin blocking, background and async
//! schedulers.
//!
//! Most programs depend on the facade crate, `punctual`. Inside, it is made of layers. Each owns its state, and calls go
//! down only; up go a wake of the driver, and events.
//!
//! - `handle`: what users hold
//! - `lifecycle`: start, pause, shutdown, stores and executors that come and go, the driver
//! - `jobs`: add, find, change, remove, run now
//! - `pass`: what is done with each store again and again
//! - `runs`: from a resolved job to the report of its end
//! - `store`: a job store as the engine knows it
//! - `shared`: settings, clock, events, registries
//! - `plan`: what becomes of a due job, as a pure function

mod error;
mod handle;
mod jobs;
mod lifecycle;
mod pass;
mod plan;
mod runs;
mod shared;
mod store;

pub use error::SchedulerError;
#[doc(hidden)]
pub use handle::BuiltEngine;
pub use handle::{
    AsyncScheduler, BackgroundScheduler, BlockingScheduler, JobContextExt, SchedulerBuilder,
    SchedulerHandle, SyncScheduler, TransactionJobs, mode,
};
pub use jobs::{JobQuery, JobSelector};
pub use lifecycle::{Health, StoreHealth};
pub use shared::{EventStream, HistoryOptions, ListenerId, SchedulerState};
