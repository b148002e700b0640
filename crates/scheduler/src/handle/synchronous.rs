//! The scheduler for programs without a runtime: everything that background and blocking schedulers
//! share.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, CorruptRecord, Event, EventMask, Executor, HistoryPage, HistoryQuery, IntoAction,
    IntoTrigger, Job, JobBuilder, JobChange, JobStore, NewJob, RunEvent, RunId, inside_run,
};

use super::asynchronous::AsyncScheduler;
use super::bridge;
use super::builder::{BuiltEngine, SchedulerBuilder};
use super::methods::shared_methods;
use super::thread::SchedulerThread;
use crate::error::SchedulerError;
use crate::jobs::JobSelector;
use crate::lifecycle::{Engine, Health};
use crate::shared::{EventStream, ListenerId, SHUTDOWN_TIMEOUT, SchedulerState};
use crate::store::Place;

/// A scheduler with blocking methods, on a thread of its own. Cheap to clone: clones are the same
/// scheduler.
///
/// [`BackgroundScheduler`](crate::BackgroundScheduler) and
/// [`BlockingScheduler`](crate::BlockingScheduler) are two modes of it, which start differently;
/// [`SchedulerHandle`](crate::SchedulerHandle) is what a job gets.
///
/// Its methods may be called from any thread, also by listeners and from within jobs. Dropping it does
/// not stop it; [`shutdown`](Self::shutdown) does, and so does the end of the program.
pub struct SyncScheduler<Mode> {
    pub(crate) engine: Arc<Engine>,
    pub(crate) thread: Arc<Mutex<Option<SchedulerThread>>>,
    mode: PhantomData<fn() -> Mode>,
}

impl<Mode> Clone for SyncScheduler<Mode> {
    fn clone(&self) -> Self {
        Self {
            engine: Arc::clone(&self.engine),
            thread: Arc::clone(&self.thread),
            mode: PhantomData,
        }
    }
}

impl<Mode> std::fmt::Debug for SyncScheduler<Mode> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.engine.fmt(f)
    }
}

impl<Mode> From<BuiltEngine> for SyncScheduler<Mode> {
    fn from(built: BuiltEngine) -> Self {
        Self::of(built.0)
    }
}

impl<Mode> SyncScheduler<Mode> {
    /// Describes a scheduler.
    pub fn builder() -> SchedulerBuilder<Self> {
        SchedulerBuilder::default()
    }

    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self { engine, thread: Arc::default(), mode: PhantomData }
    }

    /// Runs a piece of the engine's work to its end, wherever the caller is.
    pub(super) fn block<T, F>(
        &self,
        work: impl FnOnce(Arc<Engine>) -> F,
    ) -> Result<T, SchedulerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
    {
        bridge::block_on(self.engine.shared.runtime(), work(Arc::clone(&self.engine)))
    }

    /// The same scheduler with async methods.
    #[must_use]
    pub fn to_async(&self) -> AsyncScheduler {
        AsyncScheduler::of(Arc::clone(&self.engine))
    }

    /// Takes nothing new, waits at most 30 seconds for the runs under way, and closes everything; see
    /// [`shutdown_within`](Self::shutdown_within).
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub fn shutdown(&self) -> Result<(), SchedulerError> {
        self.shutdown_within(SHUTDOWN_TIMEOUT)
    }

    /// Takes nothing new, waits at most `wait` for the runs under way, then asks them to end and closes
    /// everything. Called by a job, it answers at once and waits for the others in the background.
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub fn shutdown_within(&self, wait: Duration) -> Result<(), SchedulerError> {
        // Asked here, not on the scheduler's thread.
        let from_run = inside_run();
        self.block(move |engine| engine.shutdown_from_anywhere(wait, from_run))?;
        if !from_run {
            if let Some(thread) = self.thread.lock().take() {
                thread.join();
            }
            self.engine.shared.bus.flush(SHUTDOWN_TIMEOUT);
        }
        Ok(())
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
    pub fn add_jobs(
        &self,
        jobs: impl IntoIterator<Item = NewJob>,
    ) -> Result<usize, SchedulerError> {
        let jobs = jobs.into_iter().collect();
        self.block(move |engine| async move { engine.jobs.add_jobs(jobs).await })
    }

    /// The job of that id; `("store", "id")` looks in one store only.
    ///
    /// # Errors
    ///
    /// What a store says.
    pub fn get_job(&self, job: impl Into<JobSelector>) -> Result<Option<Job>, SchedulerError> {
        let job = job.into();
        self.block(move |engine| async move { engine.jobs.get_job(job, &mut Place::Stores).await })
    }

    /// Changes what a job is; its next run time stays. If somebody else changes it at the same time, both changes
    /// are made, one on top of the other.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), a change that is not valid, or what a store says; then
    /// nothing is changed.
    pub fn modify_job(
        &self,
        job: impl Into<JobSelector>,
        change: JobChange,
    ) -> Result<Job, SchedulerError> {
        let job = job.into();
        self.block(move |engine| async move {
            engine.jobs.modify_job(job, change, &mut Place::Stores).await
        })
    }

    /// Gives a job another trigger, and the next run time that follows from it now. A paused job is
    /// resumed by it.
    ///
    /// # Errors
    ///
    /// As [`modify_job`](Self::modify_job); and [`NeverFires`](SchedulerError::NeverFires).
    pub fn reschedule_job(
        &self,
        job: impl Into<JobSelector>,
        trigger: impl IntoTrigger + Send + 'static,
    ) -> Result<Job, SchedulerError> {
        let job = job.into();
        self.block(move |engine| async move {
            engine.jobs.reschedule_job(job, trigger, &mut Place::Stores).await
        })
    }

    /// Takes a job's next run time away until it is resumed. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
    pub fn pause_job(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        let job = job.into();
        self.block(
            move |engine| async move { engine.jobs.pause_job(job, &mut Place::Stores).await },
        )
    }

    /// Gives a job its next run time from now on, whether it was paused or not.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound);
    /// [`NeverFires`](SchedulerError::NeverFires): then the job stays as it is.
    pub fn resume_job(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        let job = job.into();
        self.block(
            move |engine| async move { engine.jobs.resume_job(job, &mut Place::Stores).await },
        )
    }

    /// Removes a job. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
    pub fn remove_job(&self, job: impl Into<JobSelector>) -> Result<(), SchedulerError> {
        let job = job.into();
        self.block(
            move |engine| async move { engine.jobs.remove_job(job, &mut Place::Stores).await },
        )
    }

    /// Starts a run of a job in this process now, outside of its schedule, which stays.
    ///
    /// # Errors
    ///
    /// [`MaxInstances`](SchedulerError::MaxInstances) when enough runs are under way;
    /// [`Unresolved`](SchedulerError::Unresolved) when this process can't run the job;
    /// [`ClientOnly`](SchedulerError::ClientOnly);
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub fn run_job_now(&self, job: impl Into<JobSelector>) -> Result<RunId, SchedulerError> {
        let job = job.into();
        self.block(move |engine| async move { engine.jobs.run_job_now(job).await })
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
    pub fn make_job_due(&self, job: impl Into<JobSelector>) -> Result<Job, SchedulerError> {
        let job = job.into();
        self.block(
            move |engine| async move { engine.jobs.make_job_due(job, &mut Place::Stores).await },
        )
    }

    /// All jobs of a store, or of all stores in the order in which those were added: soonest first,
    /// paused ones last. Before the start: the jobs that wait for it.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub fn get_jobs(&self, alias: Option<&str>) -> Result<Vec<Job>, SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.block(move |engine| async move { engine.jobs.get_jobs(alias.as_ref()).await })
    }

    /// What the stores, or one of them, hold and can't be read, with the store's alias: it was reported as
    /// [`RecordCorrupt`](punctual_core::Event::RecordCorrupt), is left as it is, and nothing is run by it. This
    /// looks at all jobs; runs, nodes and past runs are among it as far as they were met since the start.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub fn corrupt_records(
        &self,
        alias: Option<&str>,
    ) -> Result<Vec<(Alias, CorruptRecord)>, SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.block(move |engine| async move { engine.jobs.corrupt_records(alias.as_ref()).await })
    }

    /// Removes something that can't be read from a store, as [`corrupt_records`](Self::corrupt_records) has
    /// listed it; a job with its runs. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what the store says.
    pub fn discard_corrupt(
        &self,
        alias: impl AsRef<str>,
        record: &CorruptRecord,
    ) -> Result<bool, SchedulerError> {
        let (alias, record) = (Alias::new(alias)?, record.clone());
        self.block(move |engine| async move { engine.jobs.discard_corrupt(&alias, &record).await })
    }

    /// Past runs, newest first, of all stores that keep a history; those of this process that have ended
    /// among them. See [`SchedulerBuilder::history`].
    ///
    /// # Errors
    ///
    /// A [`Store`](SchedulerError::Store) error, also when no store can keep a history.
    pub fn history(&self, query: HistoryQuery) -> Result<HistoryPage, SchedulerError> {
        self.block(move |engine| async move { engine.jobs.history(None, query).await })
    }

    /// Past runs of one store's jobs; see [`history`](Self::history).
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore); as [`history`](Self::history).
    pub fn history_of(
        &self,
        alias: impl AsRef<str>,
        query: HistoryQuery,
    ) -> Result<HistoryPage, SchedulerError> {
        let alias = Alias::new(alias)?;
        self.block(move |engine| async move { engine.jobs.history(Some(&alias), query).await })
    }

    /// Removes all jobs of a store, or of all stores. Runs under way go on.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what a store says.
    pub fn remove_all_jobs(&self, alias: Option<&str>) -> Result<(), SchedulerError> {
        let alias = alias.map(Alias::new).transpose()?;
        self.block(move |engine| async move { engine.jobs.remove_all_jobs(alias.as_ref()).await })
    }

    /// Adds a job store. When the scheduler runs, it is started at once.
    ///
    /// # Errors
    ///
    /// [`AliasTaken`](SchedulerError::AliasTaken), or why it can't be started.
    pub fn add_job_store(
        &self,
        alias: impl AsRef<str>,
        store: impl JobStore,
    ) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        let store = Arc::new(store);
        self.block(move |engine| async move { engine.add_job_store(alias, store).await })
    }

    /// Removes a job store; its jobs stay in it.
    ///
    /// # Errors
    ///
    /// [`UnknownJobStore`](SchedulerError::UnknownJobStore).
    pub fn remove_job_store(&self, alias: impl AsRef<str>) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        let from_run = inside_run();
        self.block(move |engine| async move { engine.remove_job_store(&alias, from_run).await })
    }

    /// Removes an executor after its runs have ended, at most 30 seconds later. Jobs that name it stay
    /// in their stores, and run when there is an executor of that alias again.
    ///
    /// # Errors
    ///
    /// [`UnknownExecutor`](SchedulerError::UnknownExecutor).
    pub fn remove_executor(&self, alias: impl AsRef<str>) -> Result<(), SchedulerError> {
        let alias = Alias::new(alias)?;
        let from_run = inside_run();
        self.block(move |engine| async move {
            engine.remove_executor(&alias, SHUTDOWN_TIMEOUT, from_run).await
        })
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
    pub fn refresh_zones(&self) -> Result<String, SchedulerError> {
        Ok(self.engine.refresh_zones()?)
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
        let executor = Arc::new(executor);
        self.block(move |engine| async move { engine.add_executor(alias, executor) })
    }
}
