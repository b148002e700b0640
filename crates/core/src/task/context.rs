//! What a run can know about itself.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::alias::Alias;
use crate::job::JobId;
use crate::signal::Signal;
use crate::store::RunId;
use crate::time::Timestamp;

/// Tells a run which job it belongs to, for which time it was scheduled, and whether it should end.
///
/// A task gets one by taking it as its first parameter; cheap to clone.
#[derive(Clone)]
pub struct JobContext(Arc<Inner>);

struct Inner {
    parts: JobContextParts,
    cancelled: Signal,
}

/// What a [`JobContext`] is made of; for schedulers, and for those who test a task by itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JobContextParts {
    /// The job.
    pub job_id: JobId,
    /// The alias of the store that keeps the job.
    pub job_store: Alias,
    /// The run.
    pub run_id: RunId,
    /// The time that the trigger gave, without jitter or lateness.
    pub scheduled_time: Timestamp,
    /// The number of the attempt: 1 for the first. A larger one says that a process claimed or ran this occurrence
    /// before and died, or seemed to, or that no executor brought it to an end.
    pub attempt: u32,
    /// What the scheduler's builder was given with `state`, and the scheduler itself.
    pub state: SharedState,
}

impl JobContextParts {
    /// The first attempt at a run, without shared state.
    #[must_use]
    pub fn new(job_id: JobId, job_store: Alias, run_id: RunId, scheduled_time: Timestamp) -> Self {
        let state = SharedState::default();
        Self { job_id, job_store, run_id, scheduled_time, attempt: 1, state }
    }

    /// The same, of another attempt.
    #[must_use]
    pub fn with_attempt(self, attempt: u32) -> Self {
        Self { attempt, ..self }
    }

    /// The same, with what the run can reach by its type.
    #[must_use]
    pub fn with_state(self, state: SharedState) -> Self {
        Self { state, ..self }
    }
}

impl JobContext {
    /// Puts a context together.
    #[must_use]
    pub fn new(parts: JobContextParts) -> Self {
        Self(Arc::new(Inner { parts, cancelled: Signal::default() }))
    }

    /// The job that this run belongs to.
    #[must_use]
    pub fn job_id(&self) -> &JobId {
        &self.0.parts.job_id
    }

    /// The alias of the store that keeps the job.
    #[must_use]
    pub fn job_store(&self) -> &Alias {
        &self.0.parts.job_store
    }

    /// This run; unique across all processes.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.0.parts.run_id
    }

    /// The time for which the run was scheduled: what the trigger gave, without jitter or lateness.
    #[must_use]
    pub fn scheduled_time(&self) -> Timestamp {
        self.0.parts.scheduled_time
    }

    /// The number of the attempt: 1 for the first. A larger one says that a process claimed or ran this occurrence
    /// before and died, or seemed to, or that no executor brought it to an end.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.parts.attempt
    }

    /// The value of type `T` that the scheduler's builder was given with `state`.
    #[must_use]
    pub fn state<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.parts.state.get()
    }

    /// Whether the run has been asked to end, by a shutdown whose time is up.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.cancelled.is_set()
    }

    /// Waits until the run is asked to end.
    pub async fn cancelled(&self) {
        self.0.cancelled.wait().await;
    }

    /// Asks the run to end; it decides itself whether and when.
    pub fn cancel(&self) {
        self.0.cancelled.set();
    }
}

impl fmt::Debug for JobContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.parts.fmt(f)
    }
}

/// Values by type that every run can reach; cheap to clone.
#[derive(Clone, Default)]
pub struct SharedState(Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl SharedState {
    /// The same values and `value`, which replaces one of the same type.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        Arc::make_mut(&mut self.0).insert(TypeId::of::<T>(), Arc::new(value));
        self
    }

    /// The value of type `T`.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let value = Arc::clone(self.0.get(&TypeId::of::<T>())?);
        value.downcast().ok()
    }
}

impl fmt::Debug for SharedState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedState({} values)", self.0.len())
    }
}
