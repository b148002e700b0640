//! What users hold: the builder, and the blocking, background and async schedulers, which are thin: they call the
//! engine.

mod adding;
mod asynchronous;
mod background;
mod blocking;
mod bridge;
mod builder;
mod context;
mod defaults;
mod methods;
pub mod mode;
mod named;
mod reference;
mod starting;
mod synchronous;
mod thread;
mod transaction;
mod waiting;

pub use self::asynchronous::AsyncScheduler;
pub use self::background::{BackgroundScheduler, SchedulerHandle};
pub use self::blocking::BlockingScheduler;
pub use self::builder::{BuiltEngine, SchedulerBuilder};
pub use self::context::JobContextExt;
pub use self::synchronous::SyncScheduler;
pub use self::transaction::TransactionJobs;
