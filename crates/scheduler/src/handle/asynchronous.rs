//! The scheduler for async programs.

use std::any::Any;
use std::ops::DerefMut;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, CallerTransaction, CorruptRecord, Event, EventMask, Executor, HistoryPage, HistoryQuery,
    IntoAction, IntoTrigger, Job, JobBuilder, JobChange, JobStore, NewJob, RunEvent, RunId,
    Timestamp, inside_run,
};

use super::builder::{BuiltEngine, SchedulerBuilder};
use super::methods::shared_methods;
use super::within::JobsWithin;
use crate::error::SchedulerError;
use crate::jobs::JobSelector;
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, ListenerId, SHUTDOWN_TIMEOUT, SchedulerState};
use crate::store::Place;

/// A scheduler that lives on the caller's tokio runtime; its methods are async. Cheap to clone: clones
/// are the same scheduler.
///
/// Dropping it does not stop it; [`shutdown`](Self::shutdown) does.
#[derive(Clone, Debug)]
pub struct AsyncScheduler {
    pub(super) engine: Arc<Engine>,
}

impl From<BuiltEngine> for AsyncScheduler {
    fn from(built: BuiltEngine) -> Self {
        Self::of(built.0)
    }
}

impl AsyncScheduler {
    /// Describes a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine }
    }

    /// Opens stores and executors, adds the jobs that waited for it, and begins to run jobs. Works
    /// again after a shutdown.
    ///
    /// # Errors
    ///
    /// [`AlreadyRunning`](SchedulerError::AlreadyRunning); what a store or executor says; the first
    /// waiting job that can't be added. Then nothing is left started, and the jobs wait on.
    pub async fn start(&self) -> Result<(), SchedulerError> {
        self.spawn_start(false, true).await
    }

    /// Starts, but runs no jobs until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_paused(&self) -> Result<(), SchedulerError> {
        self.spawn_start(true, true).await
    }

    /// Starts without a driver: nothing happens until somebody calls [`tick`](Self::tick). For tests
    /// and for loops of one's own; see `ManualScheduler` in `punctual-testkit`.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub async fn start_manual(&self) -> Result<(), SchedulerError> {
        self.spawn_start(false, false).await
    }

    /// Starts in a task of its own, so that a caller who loses patience leaves nothing half-started.
    async fn spawn_start(&self, paused: bool, with_driver: bool) -> Result<(), SchedulerError> {
        let engine = Arc::clone(&self.engine);
        let runtime = tokio::runtime::Handle::try_current()
            .map_err(|error| SchedulerError::Runtime(std::io::Error::other(error)))?;
        let started = runtime.spawn(async move { engine.start(paused, with_driver).await });
        started.await.unwrap_or_else(|error| Err(SchedulerError::Runtime(error.into())))
    }

    /// One pass at the instant `now`: deals with runs that have ended, and starts those that are due.
    /// Answers when the next pass is needed, `now` or earlier for "at once"; `None` when nothing is
    /// scheduled. Drivers call it.
    pub async fn tick(&self, now: Timestamp) -> Option<Timestamp> {
        self.engine.tick(now).await
    }

    /// Waits until a pass may be needed earlier than the last one answered: a run has ended, or a job
    /// has been added or changed. For loops of one's own.
    pub async fn woken(&self) {
        self.engine.shared.wake.woken().await;
    }

    /// Takes nothing new, waits at most 30 seconds for the runs under way, and closes everything; see
    /// [`shutdown_within`](Self::shutdown_within).
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub async fn shutdown(&self) -> Result<(), SchedulerError> {
        self.shutdown_within(SHUTDOWN_TIMEOUT).await
    }

    /// Takes nothing new, waits at most `wait` for the runs under way, then asks them to end and closes
    /// everything. Called by a job, it answers at once and waits for the others in the background. It
    /// goes on to its end also when the caller loses patience.
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub async fn shutdown_within(&self, wait: Duration) -> Result<(), SchedulerError> {
        let shutdown = Arc::clone(&self.engine).shutdown_from_anywhere(wait, inside_run());
        let ended = tokio::spawn(shutdown);
        ended.await.unwrap_or_else(|error| Err(SchedulerError::Runtime(error.into())))
    }

    /// Waits until the scheduler has shut down; at once when it does not run.
    pub async fn stopped(&self) {
        self.engine.stopped().await;
    }

    /// Describes a job that does `call`: a call of a `#[task]`, or a closure for stores in memory. It is
    /// added by [`JobBuilder::add`].
    pub fn add_job<M>(&self, call: impl IntoAction<M>) -> JobBuilder<Self> {
        JobBuilder::new(call, self.clone())
    }

    /// Adds many jobs, made with [`NewJob::builder`], with one call of each store; answers how many.
    ///
    /// # Errors
    ///
    /// For the first description that is not valid; then none is added. For the first job that a store
    /// does not take; then what is new among the others of that store is added all the same, and the stores
    /// whose jobs come later are left alone.
    pub async fn add_jobs(
        &self,
        jobs: impl IntoIterator<Item = NewJob>,
    ) -> Result<usize, SchedulerError> {
        self.engine.jobs.add_jobs(jobs.into_iter().collect()).await
    }

    /// The job of that id; `("store", "id")` looks in one store only.
    ///
    /// # Errors
    ///
    /// What a store says.
    pub async fn get_job(
        &self,
        job: impl Into<JobSelector>,
    ) -> Result<Option<Job>, SchedulerError> {
        self.engine.jobs.get_job(job.into(), &mut Place::Stores).await
    }

    /// Changes what a job is; its next run time stays. If somebody else changes it at the same time, both changes
    /// are made, one on top of the other.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), a change that is not valid, or what a store says; then
    /// nothing is changed.
    pub async fn modify_job(
        &self,
        job: impl Into<JobSelector>,
        change: JobChange,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.modify_job(job.into(), change, &mut Place::Stores).await
    }

    /// Gives a job another trigger, and the next run time that follows from it now. A paused job is
    /// resumed by it.
    ///
    /// # Errors
    ///
    /// As [`modify_job`](Self::modify_job); and [`NeverFires`](SchedulerError::NeverFires).
    pub async fn reschedule_job(
        &self,
        job: impl Into<JobSelector>,
        trigger: impl IntoTrigger + Send + 'static,
    ) -> Result<Job, SchedulerError> {
        self.engine.jobs.reschedule_job(job.into(), trigger, &mut Place::Stores).await
    }

    /// Takes a job's next run time away until it is resumed. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
    pub async fn pause_job(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.pause_job(job.into(), &mut Place::Stores).await
    }

    /// Gives a job its next run time from now on, whether it was paused or not.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound);
    /// [`NeverFires`](SchedulerError::NeverFires): then the job stays as it is.
    pub async fn resume_job(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.resume_job(job.into(), &mut Place::Stores).await
    }

    /// Removes a job. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
    pub async fn remove_job(&self, job: impl Into<JobSelector>) -> Result<(), SchedulerError> {
        self.engine.jobs.remove_job(job.into(), &mut Place::Stores).await
    }

    /// Starts a run of a job in this process now, outside of its schedule, which stays.
    ///
    /// # Errors
    ///
    /// [`MaxInstances`](SchedulerError::MaxInstances) when enough runs are under way;
    /// [`Unresolved`](SchedulerError::Unresolved) when this process can't run the job;
    /// [`ClientOnly`](SchedulerError::ClientOnly);
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub async fn run_job_now(&self, job: impl Into<JobSelector>) -> Result<RunId, SchedulerError> {
        self.engine.jobs.run_job_now(job.into()).await
    }

    /// Makes a job due now, for whichever process runs its jobs; so that is what a
    /// [client](SchedulerBuilder::client_only) does instead of [`run_job_now`](Self::run_job_now). The run
    /// is one of its schedule: it is counted, and after it the job goes on as its trigger says. A paused job
    /// is resumed by it.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says;
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub async fn make_job_due(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        self.engine.jobs.make_job_due(job.into(), &mut Place::Stores).await
    }

    /// All jobs of a store, or of all stores in the order in which those were added: soonest first,
    /// paused ones last. Before the start: the jobs that wait for it.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub async fn get_jobs(&self, alias: Option<&str>) -> Result<Vec<Job>, SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.engine.jobs.get_jobs(alias.as_ref()).await
    }

    /// What the stores, or one of them, hold and can't be read, with the store's alias: it was reported as
    /// [`RecordCorrupt`](punctual_core::Event::RecordCorrupt), is left as it is, and nothing is run by it. This
    /// looks at all jobs; runs, nodes and past runs are among it as far as they were met since the start.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub async fn corrupt_records(
        &self,
        alias: Option<&str>,
    ) -> Result<Vec<(Alias, CorruptRecord)>, SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.engine.jobs.corrupt_records(alias.as_ref()).await
    }

    /// Removes something that can't be read from a store, as [`corrupt_records`](Self::corrupt_records) has
    /// listed it; a job with its runs. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what the store says.
    pub async fn discard_corrupt(
        &self,
        alias: impl AsRef<str>,
        record: &CorruptRecord,
    ) -> Result<bool, SchedulerError> {
        self.engine.jobs.discard_corrupt(&Alias::new(alias)?, record).await
    }

    /// Past runs, newest first, of all stores that keep a history; those of this process that have ended
    /// among them. See [`SchedulerBuilder::history`].
    ///
    /// # Errors
    ///
    /// A [`Store`](SchedulerError::Store) error, also when no store can keep a history.
    pub async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, SchedulerError> {
        self.engine.jobs.history(None, query).await
    }

    /// Past runs of one store's jobs; see [`history`](Self::history).
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore); as [`history`](Self::history).
    pub async fn history_of(
        &self,
        alias: impl AsRef<str>,
        query: HistoryQuery,
    ) -> Result<HistoryPage, SchedulerError> {
        self.engine.jobs.history(Some(&Alias::new(alias)?), query).await
    }

    /// Jobs inside a transaction of one's own, on the database where a store keeps them: a
    /// `sqlx::Transaction`, or a connection from a pool on which one has begun. So jobs are added,
    /// changed and removed together with other data, or not at all.
    ///
    /// A scheduler with blocking methods gives one by its `to_async`; the runtime may be any.
    pub fn within<'t, T>(&self, transaction: &'t mut T) -> JobsWithin<'t>
    where
        T: DerefMut,
        T::Target: Any + Send + Sized,
    {
        let transaction = CallerTransaction::on(&mut **transaction);
        JobsWithin::new(Arc::clone(&self.engine), transaction)
    }

    /// Removes all jobs of a store, or of all stores. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub async fn remove_all_jobs(&self, alias: Option<&str>) -> Result<(), SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.engine.jobs.remove_all_jobs(alias.as_ref()).await
    }

    /// Adds a job store. When the scheduler runs, it is started at once.
    ///
    /// # Errors
    ///
    /// [`AliasTaken`](SchedulerError::AliasTaken), or why it can't be started.
    pub async fn add_job_store(
        &self,
        alias: impl AsRef<str>,
        store: impl JobStore,
    ) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        self.engine.add_job_store(alias, Arc::new(store)).await
    }

    /// Removes a job store; its jobs stay in it.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore).
    pub async fn remove_job_store(&self, alias: impl AsRef<str>) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        self.engine.remove_job_store(&alias, inside_run()).await
    }

    /// Removes an executor after its runs have ended, at most 30 seconds later. Jobs that name it stay
    /// in their stores, and run when there is an executor of that alias again.
    ///
    /// # Errors
    ///
    /// [`UnknownExecutor`](SchedulerError::UnknownExecutor).
    pub async fn remove_executor(&self, alias: impl AsRef<str>) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        self.engine.remove_executor(&alias, SHUTDOWN_TIMEOUT, inside_run()).await
    }

    /// Reads the time zone database again, for instance after the machine's zone files were updated, and
    /// answers its release. The process uses it from then on. Jobs whose next run time it changes are
    /// planned anew in the background, each with the event
    /// [`JobReplanned`](punctual_core::Event::JobReplanned); run times that are due already, and those that
    /// a user chose, stay. The same happens at each start.
    ///
    /// # Errors
    ///
    /// When the directory that it was read from has gone; then everything stays as it is.
    pub async fn refresh_zones(&self) -> Result<String, SchedulerError> {
        let engine = Arc::clone(&self.engine);
        // It reads files.
        let refreshed = tokio::task::spawn_blocking(move || engine.refresh_zones()).await;
        Ok(refreshed.map_err(|error| SchedulerError::Runtime(error.into()))??)
    }

    shared_methods!();

    /// Adds an executor. When the scheduler runs, it is started at once.
    ///
    /// # Errors
    ///
    /// [`AliasTaken`](SchedulerError::AliasTaken), or why it can't be started.
    pub fn add_executor(
        &self,
        alias: impl AsRef<str>,
        executor: impl Executor,
    ) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        self.engine.add_executor(alias, Arc::new(executor))
    }
}
