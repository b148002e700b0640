//! Handles of jobs: what `add` and `get_job` return.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;

use punctual_core::{IntoTrigger, Timestamp};

use super::block_on::block_on_engine;
use super::on_runtime::on_runtime;
use super::run_handle::{AsyncRunHandle, RunHandle};
use super::waiting::waiting_method;
use crate::error::SchedulerError;
use crate::job::{Job, JobChange};
use crate::jobs::JobSelector;
use crate::lifecycle::Engine;
use crate::store::StoreAccess;

/// Defines the type of a handle, with the parts that don't wait.
macro_rules! handle_type {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone)]
        pub struct $name {
            engine: Arc<Engine>,
            job: Job,
        }

        impl $name {
            pub(super) fn new(engine: Arc<Engine>, job: Job) -> Self {
                Self { engine, job }
            }

            /// Returns the job as it was when this handle was created; so does dereferencing the handle.
            #[must_use]
            pub fn job(&self) -> &Job {
                &self.job
            }

            /// Returns the job as it was when this handle was created.
            #[must_use]
            pub fn into_job(self) -> Job {
                self.job
            }
        }

        impl Deref for $name {
            type Target = Job;

            fn deref(&self) -> &Job {
                &self.job
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.job).finish()
            }
        }

        impl fmt::Display for $name {
            /// Formats the job, as when this handle was created.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.job.fmt(f)
            }
        }

        impl From<&$name> for JobSelector {
            fn from(handle: &$name) -> Self {
                (&handle.job).into()
            }
        }
    };
}

/// Defines the methods that wait. A blocking type must have the method `block`.
macro_rules! handle_methods {
    ($kind:ident, $run:ident) => {
        waiting_method! { $kind,
            /// Returns the job as it is now; `None` if it no longer exists.
            ///
            /// # Errors
            ///
            /// A [`Store`](SchedulerError::Store) error.
            fn refresh() -> Option<Job>,
            |engine, job| engine.jobs.get_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Changes the definition of the job. Its next run time does not change. Concurrent changes are merged; for
            /// a field that several of them set, the last one applies. Returns the changed job.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), an invalid change, or a
            /// [`Store`](SchedulerError::Store) error. The job is not changed.
            fn modify(change: JobChange) -> Job,
            |engine, job| engine.jobs.modify_job(job, change, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Replaces the trigger and recomputes the next run time, from now on. A paused job is resumed. Returns the
            /// changed job.
            ///
            /// # Errors
            ///
            /// As [`modify`](Self::modify), and [`NeverFires`](SchedulerError::NeverFires).
            fn reschedule(trigger: impl IntoTrigger + Send + 'static) -> Job,
            |engine, job| engine.jobs.reschedule_job(job, trigger, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Pauses the job: it has no next run time until it is resumed. Runs in progress continue. Returns the
            /// changed job.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn pause() -> Job,
            |engine, job| engine.jobs.pause_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Resumes the job: recomputes its next run time, from now on. It need not be paused. Returns the changed
            /// job.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), [`NeverFires`](SchedulerError::NeverFires), or a
            /// [`Store`](SchedulerError::Store) error. The job is not changed.
            fn resume() -> Job,
            |engine, job| engine.jobs.resume_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Removes the job. Runs in progress continue.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn remove() -> (),
            |engine, job| engine.jobs.remove_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Starts a run in this process now, outside of the schedule, which does not change. The returned handle
            /// waits for its outcome.
            ///
            /// # Errors
            ///
            /// - [`MaxInstances`](SchedulerError::MaxInstances) if as many runs are in progress as the job allows.
            /// - [`JobUnresolved`](SchedulerError::JobUnresolved) if this process can't run the job.
            /// - [`ClientOnly`](SchedulerError::ClientOnly) or [`NotRunning`](SchedulerError::NotRunning).
            /// - [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn run_now() -> $run,
            |engine, job| $run::start(&engine, job).await
        }

        waiting_method! { $kind,
            /// Sets the next run time to now: any process that runs jobs of the store may run the job, also if this
            /// scheduler is a [client](crate::SchedulerBuilder::client_only). The run is part of the schedule, unlike
            /// that of [`run_now`](Self::run_now). A paused job is resumed. Returns the changed job.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), [`NotRunning`](SchedulerError::NotRunning), or a
            /// [`Store`](SchedulerError::Store) error.
            fn make_due() -> Job,
            |engine, job| engine.jobs.make_job_due(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Returns the next fire times, at most `count`, as the job is scheduled now: fewer if its trigger or its
            /// `max_runs` ends, none if it is paused. Those of a pending job are computed as if the scheduler were
            /// started now.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), [`JobUnresolved`](SchedulerError::JobUnresolved) if this
            /// process can't restore the trigger, or a [`Store`](SchedulerError::Store) error.
            fn next_fire_times(count: usize) -> Vec<Timestamp>,
            |engine, job| engine.jobs.next_fire_times(job, count).await
        }
    };
}

handle_type! {
    /// A job of a blocking scheduler: its methods change and run the job. Returned by the `add` method of job builders
    /// and by `get_job`. Cheap to clone.
    ///
    /// The handle dereferences to the [`Job`] as it was when the handle was created, so `handle.id` and
    /// `handle.next_run_time` need no call. This snapshot never changes: the methods return the job as they leave it,
    /// and [`refresh`](Self::refresh) reads it again. Dropping a handle has no effect on the job.
    ///
    /// The handle refers to the id of the job in its store. If the job is removed, the methods fail with
    /// [`JobNotFound`](SchedulerError::JobNotFound); if another job is added under the id, they refer to that one.
    ///
    /// ```
    /// use punctual_scheduler::{BackgroundScheduler, JobState};
    /// use punctual_triggers::IntervalTrigger;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    /// let job = scheduler.job(|| 6 * 7).trigger(IntervalTrigger::hours(1)).add()?;
    /// let outcome = job.run_now()?.wait();
    /// assert_eq!(outcome.value(), Some(&42.into()));
    /// assert_eq!(job.next_fire_times(2)?.first().copied(), job.next_run_time);
    /// assert_eq!(job.pause()?.state, JobState::Paused);
    /// job.remove()?;
    /// assert!(job.refresh()?.is_none());
    /// # scheduler.shutdown()?;
    /// # Ok(())
    /// # }
    /// ```
    JobHandle
}

impl JobHandle {
    fn block<T, F>(&self, work: impl FnOnce(Arc<Engine>) -> F) -> Result<T, SchedulerError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, SchedulerError>> + Send + 'static,
    {
        block_on_engine(&self.engine, work)
    }

    handle_methods!(blocking, RunHandle);
}

handle_type! {
    /// A job of an async scheduler: its methods change and run the job. Returned by the `add` method of job builders
    /// and by `get_job`. Cheap to clone. See [`JobHandle`], which is the same for blocking schedulers.
    ///
    /// ```
    /// use punctual_scheduler::AsyncScheduler;
    ///
    /// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
    /// let scheduler = AsyncScheduler::builder().timezone("UTC").start().await?;
    /// let job = scheduler.job(|| 6 * 7).paused().add().await?;
    /// let outcome = job.run_now().await?.wait().await;
    /// assert_eq!(outcome.value(), Some(&42.into()));
    /// job.remove().await?;
    /// # scheduler.shutdown().await?;
    /// # Ok(())
    /// # }
    /// # tokio::runtime::Runtime::new().unwrap().block_on(run()).unwrap();
    /// ```
    AsyncJobHandle
}

impl AsyncJobHandle {
    handle_methods!(awaiting, AsyncRunHandle);
}
