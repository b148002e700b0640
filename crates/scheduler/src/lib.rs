//! The scheduling engine of Punctual: a pure planning function, passes over the job stores, and the blocking,
//! background and async schedulers.
//!
//! Most programs depend on the facade crate, `punctual`. The crate is layered. Each layer owns its state and calls only
//! the layers below it. Lower layers signal upwards in two ways: they wake the driver, and they emit events.
//!
//! - `handle`: the public schedulers, builder and handles
//! - `lifecycle`: start, pause, shutdown, adding and removing stores and executors, the driver
//! - `jobs`: add, find, change, remove, run now
//! - `pass`: the work done on each store in every pass
//! - `runs`: starting runs and processing their reports
//! - `store`: a registered job store with its clock, lease and buffers
//! - `shared`: settings, clock, events, registries
//! - `job`: the descriptions, changes and snapshots of jobs
//! - `plan`: plans the runs of a due job, as a pure function

mod error;
mod handle;
mod import_error;
mod job;
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
    AsyncJobHandle, AsyncRunHandle, AsyncScheduler, BackgroundScheduler, BlockingScheduler,
    JobContextExt, JobHandle, RunHandle, SchedulerBuilder, SchedulerHandle, SyncScheduler,
    TransactionJobs, mode,
};
pub use import_error::ImportError;
pub use job::{Job, JobBuilder, JobChange, JobSink, JobState, NewJob, TransactionalJobSink};
pub use jobs::{
    BulkChange, CancelRequest, HistoryEntry, HistoryPage, HistoryQuery, JobExport, JobImport,
    JobQuery, JobSelector, OnConflict, SkippedJob,
};
pub use lifecycle::{ExecutorHealth, Health, StoreHealth};
pub use shared::{EventStream, FailureLog, HistoryOptions, ListenerId, SchedulerState};
