//! The context of a run.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};
use std::task::Waker;
use std::time::Duration;

use crate::alias::Alias;
use crate::job::JobId;
use crate::latch::Latch;
use crate::store::RunId;
use crate::time::Timestamp;

/// The context of a run: its job, its scheduled time, its attempt number, the data of the application and the cancellation flag.
///
/// A task receives the context if its first parameter is a `JobContext`. Cheap to clone.
#[derive(Clone)]
pub struct JobContext(Arc<Inner>);

struct Inner {
    parts: JobContextParts,
    /// [`CANCELLED`], and [`ABORTED`] if the run did not end in time after that.
    latch: Latch,
    /// The reason of the first request for cancellation: 0 if there was none, else its discriminant.
    reason: AtomicU8,
    /// When the run started, in microseconds; [`NOT_STARTED`] before.
    started: AtomicI64,
}

const NOT_STARTED: i64 = i64::MIN;

/// The stages of the latch of a run.
const CANCELLED: u8 = 1;
const ABORTED: u8 = 2;

/// Why cancellation of a run was requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelReason {
    /// The timeout of a shutdown has expired.
    Shutdown = 1,
    /// The run has exceeded the [timeout](crate::JobOptions::timeout) of its job.
    Timeout = 2,
    /// A user has cancelled the run.
    User = 3,
    /// A later fire time has replaced the run ([`Overlap::CancelRunning`](crate::Overlap::CancelRunning)).
    Overlap = 4,
}

impl CancelReason {
    fn from_u8(number: u8) -> Option<Self> {
        [Self::Shutdown, Self::Timeout, Self::User, Self::Overlap]
            .into_iter()
            .find(|reason| *reason as u8 == number)
    }
}

/// The parts of a [`JobContext`], for schedulers and for unit tests of tasks.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobContextParts {
    /// The id of the job.
    pub job_id: JobId,
    /// The alias of the job's store.
    pub job_store: Alias,
    /// The id of the run, unique across all processes.
    pub run_id: RunId,
    /// The time computed by the trigger, without jitter or delay.
    pub scheduled_time: Timestamp,
    /// The attempt number, starting at 1. A larger number means that an earlier attempt failed and is
    /// [retried](crate::RetryPolicy), or did not finish: its process terminated or lost its lease, or no executor completed the run.
    pub attempt: u32,
    /// The data of the application: the values passed to the scheduler builder's `app_data`, and the scheduler itself.
    pub app_data: AppData,
    /// The [timeout](crate::JobOptions::timeout) of the job, if it has one.
    pub timeout: Option<Duration>,
}

impl JobContextParts {
    /// Creates the parts of the first attempt of a run, without data of the application.
    #[must_use]
    pub fn new(job_id: JobId, job_store: Alias, run_id: RunId, scheduled_time: Timestamp) -> Self {
        let app_data = AppData::default();
        Self { job_id, job_store, run_id, scheduled_time, attempt: 1, app_data, timeout: None }
    }

    /// Sets the attempt number.
    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// Sets the data of the application.
    #[must_use]
    pub fn with_app_data(self, app_data: AppData) -> Self {
        Self { app_data, ..self }
    }

    /// Sets the timeout of the job.
    #[must_use]
    pub fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }
}

impl JobContext {
    /// Creates a context from its parts.
    #[must_use]
    pub fn new(parts: JobContextParts) -> Self {
        Self(Arc::new(Inner {
            parts,
            latch: Latch::default(),
            reason: AtomicU8::new(0),
            started: AtomicI64::new(NOT_STARTED),
        }))
    }

    /// Returns the id of the job.
    #[must_use]
    pub fn job_id(&self) -> &JobId {
        &self.0.parts.job_id
    }

    /// Returns the alias of the job's store.
    #[must_use]
    pub fn job_store(&self) -> &Alias {
        &self.0.parts.job_store
    }

    /// Returns the id of the run, unique across all processes.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.0.parts.run_id
    }

    /// Returns the time for which the run was scheduled: the time computed by the trigger, without jitter or delay.
    #[must_use]
    pub fn scheduled_time(&self) -> Timestamp {
        self.0.parts.scheduled_time
    }

    /// Returns the attempt number, starting at 1. A larger number means that an earlier attempt failed and is
    /// [retried](crate::RetryPolicy), or did not finish: its process terminated or lost its lease, or no executor completed the run.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.parts.attempt
    }

    /// Returns the value of type `T` that was passed to the scheduler builder's `app_data`.
    #[must_use]
    pub fn app_data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.parts.app_data.get()
    }

    /// Returns the [timeout](crate::JobOptions::timeout) of the job, if it has one.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.0.parts.timeout
    }

    /// Returns when the run started, according to the clock of its store. `None` before the start, and in a child process.
    #[must_use]
    pub fn started(&self) -> Option<Timestamp> {
        let started = self.0.started.load(Ordering::Acquire);
        (started != NOT_STARTED).then(|| Timestamp::from_micros(started))
    }

    /// Sets when the run started.
    pub(crate) fn set_started(&self, started: Option<Timestamp>) {
        let started = started.map_or(NOT_STARTED, Timestamp::as_micros);
        self.0.started.store(started, Ordering::Release);
    }

    /// Returns whether cancellation of the run was requested: by a user, by the timeout of the job, by a later fire time, or by a shutdown that
    /// timed out.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.latch.has_reached(CANCELLED)
    }

    /// Waits until cancellation of the run is requested.
    pub async fn cancelled(&self) {
        self.0.latch.wait(CANCELLED).await;
    }

    /// Returns why cancellation of the run was requested: the first reason. `None` if it was not requested. In a child
    /// process it is always [`Shutdown`](CancelReason::Shutdown).
    #[must_use]
    pub fn cancel_reason(&self) -> Option<CancelReason> {
        CancelReason::from_u8(self.0.reason.load(Ordering::Acquire))
    }

    /// Requests cancellation of the run, as a shutdown does. Cancellation is cooperative: the task decides whether and when it
    /// returns.
    pub fn cancel(&self) {
        self.cancel_for(CancelReason::Shutdown);
    }

    /// Requests cancellation of the run for this reason, which determines the outcome that is reported. Returns `false` if it
    /// was requested before; the first reason is kept.
    ///
    /// ```
    /// use punctual_core::{Alias, CancelReason, JobContext, JobContextParts, JobId, RunId, Timestamp};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (job, store) = (JobId::new("report")?, Alias::default());
    /// let parts = JobContextParts::new(job, store, RunId::random(), Timestamp::UNIX_EPOCH);
    /// let context = JobContext::new(parts);
    /// assert!(context.cancel_for(CancelReason::User));
    /// assert!(context.is_cancelled() && !context.cancel_for(CancelReason::Timeout));
    /// assert_eq!(context.cancel_reason(), Some(CancelReason::User));
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel_for(&self, reason: CancelReason) -> bool {
        let first =
            self.0.reason.compare_exchange(0, reason as u8, Ordering::AcqRel, Ordering::Acquire);
        self.0.latch.raise(CANCELLED);
        first.is_ok()
    }

    /// Ends the run without its cooperation, if its executor can do that: the future of an async task is dropped. The
    /// scheduler calls this method when a run has not ended in time after its cancellation was requested. A run that is aborted is
    /// [cancelled](Self::is_cancelled), too.
    ///
    /// ```
    /// use punctual_core::{Alias, JobContext, JobContextParts, JobId, RunId, Timestamp};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (job, store) = (JobId::new("report")?, Alias::default());
    /// let parts = JobContextParts::new(job, store, RunId::random(), Timestamp::UNIX_EPOCH);
    /// let context = JobContext::new(parts);
    /// context.cancel();
    /// assert!(context.is_cancelled() && !context.is_aborted());
    /// context.abort();
    /// assert!(context.is_cancelled() && context.is_aborted());
    /// # Ok(())
    /// # }
    /// ```
    pub fn abort(&self) {
        self.0.latch.raise(ABORTED);
    }

    /// Returns whether the run is to be ended without its cooperation.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.0.latch.has_reached(ABORTED)
    }

    /// Registers a waker that is woken by [`abort`](Self::abort). Returns whether it was called already.
    pub(crate) fn wake_on_abort(&self, waker: &Waker) -> bool {
        self.0.latch.register(ABORTED, waker)
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.parts.fmt(f)
    }
}

/// The data of the application: a set of values, at most one per type, that all runs share. Cheap to clone.
#[derive(Clone, Default)]
pub struct AppData(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl AppData {
    /// Adds `value`, replacing an existing value of the same type.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(value));
        self
    }

    /// Returns the value of type `T`.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = Arc::clone(self.0.get(&TypeId::of::<T>())?);
        value.downcast().ok()
    }
}

impl fmt::Debug for AppData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AppData({} values)", self.0.len())
    }
}
