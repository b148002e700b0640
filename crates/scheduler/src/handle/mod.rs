//! The public types: the builder, and the blocking, background and async schedulers. They forward calls to the engine.

mod aliases;
mod asynchronous;
mod background;
mod block_on;
mod blocking;
mod build;
mod builder;
mod builder_start;
mod context;
mod defaults;
mod job_handle;
mod job_sink;
mod methods;
pub mod mode;
mod on_runtime;
mod reference;
mod run_handle;
mod signals;
mod synchronous;
mod thread;
mod transaction;
mod waiting;
mod waiting_jobs;

pub use self::asynchronous::AsyncScheduler;
pub use self::background::{BackgroundScheduler, SchedulerHandle};
pub use self::blocking::BlockingScheduler;
pub use self::build::BuiltEngine;
pub use self::builder::SchedulerBuilder;
pub use self::context::JobContextExt;
pub use self::job_handle::{AsyncJobHandle, JobHandle};
pub use self::run_handle::{AsyncRunHandle, RunHandle};
pub use self::synchronous::SyncScheduler;
pub use self::transaction::TransactionJobs;
