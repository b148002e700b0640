//! [getting started]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/getting-started.md
//! [triggers]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/triggers.md
//! [late and overlapping runs]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/misfires.md
//! [retries]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/retries.md
//! [stores]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/stores.md
//! [transactions]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/transactions.md
//! [run history]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/history.md
//! [configuration]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/configuration.md
//! [loops]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/loops.md
//! [executors]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/executors.md
//! [events]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/events.md
//! [monitoring]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/monitoring.md
//! [testing your jobs]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/testing-your-jobs.md
//! [migrating from APScheduler]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/from-apscheduler.md
//! [may share a store]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/stores.md#several-processes-on-one-store
//! [examples]: https://github.com/punctual-rs/punctual/blob/main/docs/guide/from-apscheduler.md#examples
//! [architecture]: https://github.com/punctual-rs/punctual/blob/main/docs/architecture.md
//! [Benchmarks]: https://github.com/punctual-rs/punctual/blob/main/docs/benchmarks.md
//! [Its README]: https://github.com/punctual-rs/punctual/blob/main/crates/cli/README.md
//!
// Of two definitions of a link, the first applies: above for rustdoc, at the end of the README for its relative links.
#![doc = include_str!("../../../README.md")]
//!
//! # Overview
//!
//! - [`prelude`]: the types and traits that most programs need.
//! - Schedulers: [`BackgroundScheduler`], [`BlockingScheduler`], [`AsyncScheduler`], and those of the guide [loops].
//! - Triggers: [`DateTrigger`], [`IntervalTrigger`], [`CronTrigger`], [`CalendarIntervalTrigger`],
//!   [`AndTrigger`], [`OrTrigger`], [`ExceptTrigger`].
//! - Traits and types for custom stores, executors and triggers: [`core`].
//!
//! These crates, whose types occur in public signatures, are re-exported in the version that is used: [`chrono`],
//! [`chrono_tz`], [`futures_core`], [`serde_json`], and `sqlx` if an SQL store is enabled.

/// Dates and times: accepted by triggers, returned by [`Timestamp`] and [`Job`].
#[doc(no_inline)]
pub use chrono;
/// Time zones as values, accepted wherever a time zone is; see [`IntoZone`].
#[doc(no_inline)]
pub use chrono_tz;
/// Defines [`Stream`](futures_core::Stream), which [`EventStream`] implements.
#[doc(no_inline)]
pub use futures_core;
/// Defines [`Value`](serde_json::Value), the type of the values that runs return; see [`RunOutcome::Success`].
#[doc(no_inline)]
pub use serde_json;

/// Defines the connection pools accepted by the builders of SQL stores, and the transactions for
/// [`AsyncScheduler::in_transaction`]. Only the features required by the stores are enabled. A program that needs more
/// features adds sqlx in the same version to its dependencies.
#[cfg(any(feature = "store-mysql", feature = "store-postgres", feature = "store-sqlite"))]
#[doc(no_inline)]
pub use punctual_backends::stores::sqlx;
#[allow(unused_imports, unreachable_pub, reason = "empty without the store features")]
pub use punctual_backends::stores::*;
pub use punctual_core::{
    Alias, AppData, Call, CallerTransaction, CancelReason, CivilOffset, Clock, Coalesce, Codec,
    CodecError, CorruptEntry, CorruptKind, CorruptRecord, DebugExecutor, DeclaredTrigger,
    DynJobStore, Encoded, Event, EventMask, Executor, ExecutorError, ExecutorLoad, FireTimeAnomaly,
    HistoryCursor, IntoAction, IntoJobStore, IntoTrigger, IntoZone, Jitter, JobContext,
    JobContextParts, JobDefinition, JobError, JobId, JobOptions, JobProblem, JobRef, JobStore,
    NameError, NodeId, OutcomeKind, OutputLine, OutputStream, Overlap, PermanentError,
    ProcessTermination, Recovery, RetryAfter, RetryHint, RetryOf, RetryOn, RetryPolicy, Revision,
    RunEvent, RunId, RunOutcome, SkipReason, SkippedFireTimes, StoreError, StoreErrorKind,
    SystemClock, Tag, Tags, Task, TaskBody, TaskError, TaskFn, TaskName, TaskOutput,
    TaskRegistration, TaskRegistryError, TaskResult, TaskSchedule, Tasks, Timestamp, Trigger,
    TriggerDefaults, TriggerError, TriggerRegistry, TriggerSpec, Zone, ZoneDatabase, ZoneError,
    ZoneOffset, ZoneSpan, error_chain, tasks,
};
#[cfg(all(unix, feature = "loop-calloop"))]
pub use punctual_executor_loop::CalloopSource;
#[cfg(all(unix, feature = "loop-descriptor"))]
pub use punctual_executor_loop::LoopDescriptor;
#[cfg(feature = "loop-qt")]
pub use punctual_executor_loop::QtReceiver;
#[cfg(feature = "executor-loop")]
pub use punctual_executor_loop::{
    AttachError, LocalTask, LocalTaskError, LoopBudget, LoopExecutor, LoopFuture, LoopRunner,
};
#[cfg(all(unix, feature = "executor-process"))]
pub use punctual_executor_process::{ProcessPoolExecutor, ProcessPoolExecutorBuilder};
#[cfg(feature = "executor-threads")]
pub use punctual_executor_threads::ThreadPoolExecutor;
#[cfg(feature = "executor-tokio")]
pub use punctual_executor_tokio::TokioExecutor;
#[cfg(all(unix, feature = "loop-calloop"))]
pub use punctual_loops::CalloopScheduler;
#[cfg(feature = "loop-glib")]
pub use punctual_loops::GlibScheduler;
#[cfg(feature = "loop-qt")]
pub use punctual_loops::QtScheduler;
#[cfg(feature = "loop-winit")]
pub use punctual_loops::WinitScheduler;
/// Defines the event loop to which a [`CalloopScheduler`] is attached.
#[cfg(all(unix, feature = "loop-calloop"))]
#[doc(no_inline)]
pub use punctual_loops::calloop;
/// Defines the main context to which a [`GlibScheduler`] is attached.
#[cfg(feature = "loop-glib")]
#[doc(no_inline)]
pub use punctual_loops::glib;
/// Defines the event loop to which a [`WinitScheduler`] is attached.
#[cfg(feature = "loop-winit")]
#[doc(no_inline)]
pub use punctual_loops::winit;
#[cfg(feature = "executor-loop")]
pub use punctual_loops::{AttachedLoop, LocalScheduler, LoopError};
#[cfg(all(unix, feature = "loop-descriptor"))]
pub use punctual_loops::{ReactorLoop, ReactorScheduler};
#[cfg(feature = "macros")]
pub use punctual_macros::task;
#[doc(hidden)]
pub use punctual_scheduler::BuiltEngine;
pub use punctual_scheduler::{
    AsyncJobHandle, AsyncRunHandle, AsyncScheduler, BackgroundScheduler, BlockingScheduler,
    BulkChange, CancelRequest, EventStream, ExecutorHealth, FailureLog, Health, HistoryEntry,
    HistoryOptions, HistoryPage, HistoryQuery, ImportError, Job, JobBuilder, JobChange,
    JobContextExt, JobExport, JobHandle, JobImport, JobQuery, JobSelector, JobSink, JobState,
    ListenerId, NewJob, OnConflict, RunHandle, SchedulerBuilder, SchedulerError, SchedulerHandle,
    SchedulerState, SkippedJob, StoreHealth, SyncScheduler, TransactionJobs, TransactionalJobSink,
    mode,
};
#[cfg(all(unix, feature = "task-command"))]
pub use punctual_task_command::{
    CapturedOutput, CommandError, CommandOutput, CommandStatus, CommandTask, JobCommand, command,
    shell,
};
pub use punctual_triggers::{
    AndTrigger, AndTriggerBuilder, Calendar, CalendarIntervalTrigger,
    CalendarIntervalTriggerBuilder, CronTrigger, CronTriggerBuilder, CronValue, DateTimeInput,
    DateTrigger, DateTriggerBuilder, ExceptExt, ExceptTrigger, ExceptTriggerBuilder, Explanation,
    FireTimes, Fold, Gap, IntervalAmount, IntervalTrigger, IntervalTriggerBuilder, OrTrigger,
    OrTriggerBuilder, TriggerExt, explain, register_builtin_triggers, trigger_defaults,
};

/// Configuration from maps, TOML and INI files, and environment variables: see [`Config`](config::Config).
#[cfg(feature = "config")]
pub mod config {
    pub use punctual_config::{
        Config, ConfigBuilder, ConfigError, ConfigWarning, Configure, ConfiguredTrigger,
        FromConfig, PluginError, Plugins, Section,
    };
}

/// Functions and types for programs with a [`ProcessPoolExecutor`]. Such a program calls [`init`](process::init) in the
/// first line of `main`.
#[cfg(all(unix, feature = "executor-process"))]
pub mod process {
    pub use punctual_executor_process::{RemoteError, ResultTooLong, init};
}

#[doc(hidden)]
pub use punctual_core::private;

/// Traits and types for custom stores, executors and triggers: re-exports the crate `punctual_core`.
///
/// The standard library's `core` is re-exported as well, because `use punctual::*` shadows that name:
///
/// ```
/// use punctual::*;
///
/// fn store_size<S: core::JobStore>() -> usize {
///     core::mem::size_of::<S>()
/// }
/// # #[cfg(feature = "store-memory")]
/// assert_ne!(store_size::<MemoryJobStore>(), 0);
/// ```
pub mod core {
    #[doc(no_inline)]
    pub use ::core::*;
    #[doc(no_inline)]
    pub use punctual_core::*;
}

/// The types and traits that most programs need: `use punctual::prelude::*;`.
pub mod prelude {
    #[cfg(all(unix, feature = "task-command"))]
    pub use crate::CommandTask;
    #[cfg(feature = "store-etcd")]
    pub use crate::EtcdJobStore;
    #[cfg(feature = "store-memory")]
    pub use crate::MemoryJobStore;
    #[cfg(feature = "store-mongodb")]
    pub use crate::MongoDbJobStore;
    #[cfg(feature = "store-mysql")]
    pub use crate::MySqlJobStore;
    #[cfg(feature = "store-postgres")]
    pub use crate::PostgresJobStore;
    #[cfg(all(unix, feature = "executor-process"))]
    pub use crate::ProcessPoolExecutor;
    #[cfg(feature = "store-redis")]
    pub use crate::RedisJobStore;
    #[cfg(feature = "store-rethinkdb")]
    pub use crate::RethinkDbJobStore;
    #[cfg(feature = "store-sqlite")]
    pub use crate::SqliteJobStore;
    #[cfg(feature = "executor-threads")]
    pub use crate::ThreadPoolExecutor;
    #[cfg(feature = "executor-tokio")]
    pub use crate::TokioExecutor;
    #[cfg(feature = "store-zookeeper")]
    pub use crate::ZooKeeperJobStore;
    #[cfg(feature = "config")]
    pub use crate::config::{Config, Configure};
    #[cfg(feature = "macros")]
    pub use crate::task;
    pub use crate::{
        AndTrigger, AsyncJobHandle, AsyncScheduler, BackgroundScheduler, BlockingScheduler,
        Calendar, CalendarIntervalTrigger, Clock, Coalesce, CronTrigger, DateTrigger, Event,
        EventMask, ExceptExt, FailureLog, Fold, Gap, HistoryQuery, IntervalTrigger, Jitter, Job,
        JobBuilder, JobChange, JobContext, JobContextExt, JobHandle, JobId, JobOptions, JobQuery,
        JobState, NewJob, OrTrigger, Overlap, Recovery, RetryPolicy, RunOutcome, SchedulerError,
        SystemClock, Tasks, Timestamp, Trigger, TriggerExt, Zone, tasks,
    };
    #[cfg(feature = "executor-loop")]
    pub use crate::{LocalScheduler, LoopBudget, LoopExecutor};
}
