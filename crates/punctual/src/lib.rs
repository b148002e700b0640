#![doc = include_str!("../../../README.md")]
//!
//! # Where things are
//!
//! - [`prelude`]: what most programs need.
//! - Schedulers: [`BackgroundScheduler`], [`BlockingScheduler`], [`AsyncScheduler`].
//! - Triggers: [`DateTrigger`], [`IntervalTrigger`], [`CronTrigger`], [`CalendarIntervalTrigger`],
//!   [`AndTrigger`], [`OrTrigger`].
//! - For stores, executors and triggers of one's own: [`core`].
//!
//! Crates whose types are in the signatures here are re-exported, in the versions that are used: [`chrono`],
//! [`chrono_tz`], [`serde_json`], and, with an SQL store, `sqlx`.

/// Dates and times: triggers take them, and [`Timestamp`] and [`Job`] give them.
#[doc(no_inline)]
pub use chrono;
/// Time zones as values, which are taken wherever a zone is; see [`IntoZone`].
#[doc(no_inline)]
pub use chrono_tz;
/// The [`Value`](serde_json::Value) that a run returned; see [`RunOutcome::Success`].
#[doc(no_inline)]
pub use serde_json;

/// The pools that the builders of SQL stores take, and the transactions of
/// [`AsyncScheduler::in_transaction`]. Its features are those that the stores need; a program that needs more
/// adds sqlx to its own dependencies, in the same version.
#[cfg(any(feature = "store-mysql", feature = "store-postgres", feature = "store-sqlite"))]
#[doc(no_inline)]
pub use punctual_backends::stores::sqlx;
#[allow(unused_imports, unreachable_pub, reason = "without a feature there are none")]
pub use punctual_backends::stores::*;
pub use punctual_core::{
    Alias, Clock, Coalesce, Codec, DebugExecutor, Event, EventMask, HistoryCursor, HistoryEntry,
    HistoryPage, HistoryQuery, IntoJobStore, IntoTrigger, IntoZone, Jitter, Job, JobBuilder,
    JobChange, JobContext, JobDefaults, JobId, JobProblem, JobRef, JobState, Killed, NewJob,
    OutcomeKind, Recovery, RunEvent, RunId, RunOutcome, SkipReason, SkippedRuns, StoreError,
    StoreErrorKind, SystemClock, Task, TaskError, Tasks, Timestamp, Trigger, TriggerError, Zone,
    ZoneDatabase, ZoneError, error_chain,
};
#[cfg(all(unix, feature = "executor-process"))]
pub use punctual_executor_process::{ProcessPoolBuilder, ProcessPoolExecutor};
#[cfg(feature = "executor-threads")]
pub use punctual_executor_threads::ThreadPoolExecutor;
#[cfg(feature = "executor-tokio")]
pub use punctual_executor_tokio::TokioExecutor;
#[cfg(feature = "macros")]
pub use punctual_macros::task;
#[doc(hidden)]
pub use punctual_scheduler::BuiltEngine;
pub use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, BlockingScheduler, EventStream, Health, HistoryOptions,
    JobContextExt, JobQuery, JobSelector, ListenerId, SchedulerBuilder, SchedulerError,
    SchedulerHandle, SchedulerState, StoreHealth, SyncScheduler, TransactionJobs, mode,
};
#[cfg(all(unix, feature = "task-command"))]
pub use punctual_task_command::{
    CapturedOutput, Command, CommandError, CommandOutput, CommandStatus, CommandStream,
    CommandTask, command, shell,
};
pub use punctual_triggers::{
    Amount, AndTrigger, AndTriggerBuilder, Calendar, CalendarIntervalTrigger,
    CalendarIntervalTriggerBuilder, CronTrigger, CronTriggerBuilder, CronValue, DateTimeInput,
    DateTrigger, DateTriggerBuilder, Except, ExceptTrigger, ExceptTriggerBuilder, Explanation,
    Fires, Fold, Gap, IntervalTrigger, IntervalTriggerBuilder, OrTrigger, OrTriggerBuilder,
    TriggerExt, explain, register_builtin,
};

/// What programs with a [`ProcessPoolExecutor`] need beside it; above all [`init`](process::init), the first
/// line of `main`.
#[cfg(all(unix, feature = "executor-process"))]
pub mod process {
    pub use punctual_executor_process::{
        OutputLine, OutputStream, RemoteError, ResultTooLong, init,
    };
}

#[doc(hidden)]
pub use punctual_core::private;

/// Traits and data for stores, executors and triggers of one's own: all that is in `punctual_core`.
///
/// The standard library's `core` is in here too, so that `use punctual::*` takes it away from nobody:
///
/// ```
/// use punctual::*;
///
/// fn memory_of<S: core::JobStore>() -> usize {
///     core::mem::size_of::<S>()
/// }
/// # #[cfg(feature = "store-memory")]
/// assert_ne!(memory_of::<MemoryJobStore>(), 0);
/// ```
pub mod core {
    #[doc(no_inline)]
    pub use ::core::*;
    #[doc(no_inline)]
    pub use punctual_core::*;
}

/// What most programs need: `use punctual::prelude::*;`.
pub mod prelude {
    #[cfg(all(unix, feature = "task-command"))]
    pub use crate::CommandTask;
    #[cfg(feature = "store-memory")]
    pub use crate::MemoryJobStore;
    #[cfg(feature = "store-mysql")]
    pub use crate::MySqlJobStore;
    #[cfg(feature = "store-postgres")]
    pub use crate::PostgresJobStore;
    #[cfg(all(unix, feature = "executor-process"))]
    pub use crate::ProcessPoolExecutor;
    #[cfg(feature = "store-sqlite")]
    pub use crate::SqliteJobStore;
    #[cfg(feature = "executor-threads")]
    pub use crate::ThreadPoolExecutor;
    #[cfg(feature = "executor-tokio")]
    pub use crate::TokioExecutor;
    #[cfg(feature = "macros")]
    pub use crate::task;
    pub use crate::{
        AndTrigger, AsyncScheduler, BackgroundScheduler, BlockingScheduler, Calendar,
        CalendarIntervalTrigger, Clock, Coalesce, CronTrigger, DateTrigger, Event, EventMask,
        Except, IntervalTrigger, Job, JobBuilder, JobChange, JobContext, JobContextExt,
        JobDefaults, JobId, JobQuery, NewJob, OrTrigger, Recovery, RunOutcome, SchedulerError,
        SystemClock, Tasks, Timestamp, Trigger, TriggerExt, Zone,
    };
}
