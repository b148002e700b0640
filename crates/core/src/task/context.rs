//! The context of a run.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

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
    cancelled: Latch,
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
    /// The attempt number, starting at 1. A larger number means that an earlier attempt did not finish: its process
    /// terminated or lost its lease, or no executor completed the run.
    pub attempt: u32,
    /// The data of the application: the values passed to the scheduler builder's `app_data`, and the scheduler itself.
    pub app_data: AppData,
}

impl JobContextParts {
    /// Creates the parts of the first attempt of a run, without data of the application.
    #[must_use]
    pub fn new(job_id: JobId, job_store: Alias, run_id: RunId, scheduled_time: Timestamp) -> Self {
        let app_data = AppData::default();
        Self { job_id, job_store, run_id, scheduled_time, attempt: 1, app_data }
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
}

impl JobContext {
    /// Creates a context from its parts.
    #[must_use]
    pub fn new(parts: JobContextParts) -> Self {
        Self(Arc::new(Inner { parts, cancelled: Latch::default() }))
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

    /// Returns the attempt number, starting at 1. A larger number means that an earlier attempt did not finish: its
    /// process terminated or lost its lease, or no executor completed the run.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.parts.attempt
    }

    /// Returns the value of type `T` that was passed to the scheduler builder's `app_data`.
    #[must_use]
    pub fn app_data<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.parts.app_data.get()
    }

    /// Returns whether cancellation of the run was requested, for example because a shutdown timed out.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_set()
    }

    /// Waits until cancellation of the run is requested.
    pub async fn cancelled(&self) {
        self.0.cancelled.wait().await;
    }

    /// Requests cancellation of the run. Cancellation is cooperative: the task decides whether and when it returns.
    pub fn cancel(&self) {
        self.0.cancelled.set();
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
