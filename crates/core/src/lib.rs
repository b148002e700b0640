//! Traits and data of the Punctual job scheduler: what stores, executors, triggers and schedulers
//! agree on.
//!
//! Depend on this crate to write a job store ([`JobStore`]), an executor ([`Executor`]) or a trigger
//! ([`Trigger`]) of your own; to use the scheduler, depend on `punctual`. It has no runtime and does no
//! input or output.

mod alias;
mod codec;
mod error;
mod event;
mod executor;
mod job;
mod signal;
mod store;
mod task;
mod time;
mod trigger;

pub use alias::Alias;
pub use codec::{BINCODE_MARK, Codec, CodecError, Encoded};
pub use error::{NameError, error_chain};
pub use event::{
    Event, EventMask, Killed, MissReason, OutcomeKind, RunEvent, RunOutcome, SkippedRuns,
};
pub use executor::{
    AsyncRun, BlockingRun, DebugExecutor, Executor, ExecutorError, Lease, Prepared, Refused, Run,
    RunParts, RunQueue, RunReport, RunSink, Worker, inside_run,
};
pub use job::{
    CheckedChange, CheckedJob, Coalesce, Job, JobBuilder, JobChange, JobDefaults, JobDefinition,
    JobError, JobId, JobOptions, JobProblem, JobRef, JobSink, JobState, NewJob, Recovery, RunAt,
    TransactionalSink,
};
pub use store::{
    AddOutcome, BatchLimit, CallerTransaction, ChangeWatch, Claim, Claims, Commit, CommitAction,
    CommitBatch, CommitOutcome, CorruptKind, CorruptRecord, DynJobStore, Fence, HistoryCursor,
    HistoryEntry, HistoryPage, HistoryQuery, InFlightRun, IntoJobStore, JobCursor, JobPage,
    JobRecord, JobStore, Metadata, NewRecord, NodeId, NodeLease, OrphanedRun, RecordUpdate,
    Renewal, Revision, RunHistory, RunId, Schedule, StoreCaps, StoreError, StoreErrorKind,
    StoredJob, TakeOver, TaskFilter, TransactionalJobs,
};
pub use task::{
    Action, AnyTask, BoxFuture, Call, ClosureTask, IntoAction, JobContext, JobContextParts,
    SharedState, Task, TaskBody, TaskError, TaskFn, TaskName, TaskOutput, TaskRegistration,
    TaskRegistry, TaskRegistryError, TaskResult, Tasks,
};
pub use time::{
    CivilOffset, Clock, IntoZone, SystemClock, Timestamp, Zone, ZoneDatabase, ZoneError,
    ZoneOffset, ZoneSpan,
};
pub use trigger::{
    IntoTrigger, Jitter, Oddity, Trigger, TriggerDefaults, TriggerError, TriggerRegistry,
    TriggerSpec,
};

/// What `#[task]` writes code against; not for people.
#[doc(hidden)]
pub mod private {
    pub use serde_json::Value;

    pub use crate::task::private::{
        FallibleKind, PlainKind, ReadableErrorKind, Returned, UnreadableErrorKind,
    };
    pub use crate::task::{Call, JobContext, Task, TaskBody, TaskError};
}
