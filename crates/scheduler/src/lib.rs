//! The scheduling engine of Punctual: a pure plan, one tick, and thin blocking, background and async
//! drivers.
//!
//! Most programs depend on the facade crate, `punctual`. Inside, `plan` decides what becomes of a due
//! job, `engine::tick` makes one pass over the stores, and `driver` sleeps until the next.

mod asynchronous;
mod background;
mod blocking;
mod bridge;
mod builder;
mod context;
mod defaults;
mod driver;
mod engine;
mod error;
mod events;
mod health;
mod history;
mod plan;
mod shared;
mod synchronous;
mod thread;
mod within;

use std::time::Duration;

pub use asynchronous::AsyncScheduler;
pub use background::{Background, BackgroundScheduler, Handle, SchedulerHandle};
pub use blocking::{Blocking, BlockingScheduler};
pub use builder::{BuiltEngine, SchedulerBuilder};
pub use context::JobContextExt;
pub use engine::{JobSelector, SchedulerState};
pub use error::SchedulerError;
pub use events::{EventStream, ListenerId};
pub use health::{Health, StoreHealth};
pub use history::HistoryOptions;
pub use synchronous::SyncScheduler;
pub use within::JobsWithin;

/// How long a shutdown waits for the runs under way, unless it is told otherwise.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);
