//! The methods of schedulers that add, find, change and run jobs, and wait for the engine.

/// Defines the methods, with `waiting_method`. The type must have a field `engine` and the methods `print_lines` and
/// `print_table`; a blocking type also the method `block`. `$job` and `$run` are its handles.
macro_rules! job_methods {
    ($kind:ident, $job:ident, $run:ident) => {
        waiting_method! { $kind,
            /// Adds many jobs, built with [`NewJob::builder`], in one call to each store. Returns their ids in the given order.
            ///
            /// # Errors
            ///
            /// - The error for the first invalid definition. No job is added.
            /// - The error for the first job that a store rejects. New jobs for the same store are still added; stores
            ///   that are processed later are not changed.
            fn add_jobs(
                jobs: impl IntoIterator<Item = NewJob> = jobs.into_iter().collect(),
            ) -> Vec<JobId>,
            |engine| engine.jobs.add_jobs(jobs).await
        }

        waiting_method! { $kind,
            /// Registers tasks, and adds a job for each schedule that is declared with one: `#[task(cron = "..")]` or
            /// `#[task(every = "..")]`. Tasks without a schedule are registered only. Returns the ids of the jobs, in the
            /// order of the tasks: the declared id, or else the name of the task.
            ///
            /// A program calls this method at every start. In a persistent store, a job with the same schedule keeps its
            /// next run time, and one whose schedule has been changed in the program starts again. A job whose schedule has been
            /// deleted from the program stays in the store; [`remove_job`](Self::remove_job) removes it.
            ///
            /// The jobs are in the store `default`, with the scheduler's time zone and `job_defaults`. All other options
            /// are available to jobs that are added by [`job`](Self::job).
            ///
            /// # Errors
            ///
            /// The name of a task is invalid or registered for another task, and the errors of
            /// [`add_jobs`](Self::add_jobs).
            fn add_tasks(tasks: Tasks) -> Vec<JobId>,
            |engine| engine.jobs.add_tasks(tasks).await
        }

        waiting_method! { $kind,
            /// Returns a handle of the job with this id, or `None` if it doesn't exist. `("store", "id")` searches one
            /// store only.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), an invalid name, or a
            /// [`Store`](SchedulerError::Store) error.
            fn get_job(job: impl Into<JobSelector> = job.into()) -> Option<$job>,
            |engine| {
                let found = engine.jobs.get_job(job, &mut StoreAccess::Autocommit).await?;
                Ok(found.map(|job| $job::new(Arc::clone(&engine), job)))
            }
        }

        waiting_method! { $kind,
            /// Returns the jobs that match `query`: store by store, in the order in which the stores were added, and
            /// sorted by next run time within each store, paused jobs last. Before the start, the pending jobs are
            /// searched.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), an invalid name, or a
            /// [`Store`](SchedulerError::Store) error.
            fn get_jobs(query: JobQuery) -> Vec<Job>,
            |engine| engine.jobs.get_jobs(query).await
        }

        waiting_method! { $kind,
            /// Writes the jobs that match `query` to `out`, one per line and store by store, sorted by alias, in the layout
            /// of APScheduler's `print_jobs`. Before the start, the pending jobs are written. Use
            /// `std::io::stdout()` to print them. Control characters in names are escaped.
            ///
            /// ```
            /// use punctual_scheduler::{BackgroundScheduler, JobQuery};
            ///
            /// let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
            /// scheduler.job(|| {}).name("tidy").add()?;
            /// let mut text = Vec::new();
            /// scheduler.print_jobs(JobQuery::new(), &mut text)?;
            /// assert!(text.starts_with(b"Pending jobs:\n    tidy (trigger: date["));
            /// # scheduler.remove_all_jobs()?;
            /// # Ok::<(), punctual_scheduler::SchedulerError>(())
            /// ```
            ///
            /// # Errors
            ///
            /// As [`get_jobs`](Self::get_jobs), and [`Output`](SchedulerError::Output) if writing fails.
            fn print_jobs(query: JobQuery, out: impl std::io::Write) -> Result<(), SchedulerError>
            => print_lines(query, out)
        }

        waiting_method! { $kind,
            /// Writes the jobs that match `query` to `out` as a table for terminals, with the same jobs in the same order as
            /// [`print_jobs`](Self::print_jobs): store, id, name, state, local next run time, number of runs, tags, trigger.
            /// The width is that of the longest values; lines are not wrapped.
            ///
            /// # Errors
            ///
            /// As [`print_jobs`](Self::print_jobs).
            fn print_job_table(query: JobQuery, out: impl std::io::Write) -> Result<(), SchedulerError>
            => print_table(query, out)
        }

        waiting_method! { $kind,
            /// Changes the definition of a job. Its next run time does not change. Concurrent changes of the same job
            /// are merged; for a field that several of them set, the last one applies.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), an invalid change, or a
            /// [`Store`](SchedulerError::Store) error. The job is not changed.
            fn modify_job(job: impl Into<JobSelector> = job.into(), change: JobChange) -> Job,
            |engine| engine.jobs.modify_job(job, change, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Replaces the trigger of a job and recomputes its next run time, from now on. A paused job is resumed.
            ///
            /// # Errors
            ///
            /// As [`modify_job`](Self::modify_job), and [`NeverFires`](SchedulerError::NeverFires).
            fn reschedule_job(
                job: impl Into<JobSelector> = job.into(),
                trigger: impl IntoTrigger + Send + 'static,
            ) -> Job,
            |engine| engine.jobs.reschedule_job(job, trigger, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Pauses a job: it has no next run time until it is resumed. Runs in progress continue.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn pause_job(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.pause_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Resumes a job: recomputes its next run time, from now on. It need not be paused.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), [`NeverFires`](SchedulerError::NeverFires), or a
            /// [`Store`](SchedulerError::Store) error. The job is not changed.
            fn resume_job(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.resume_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Removes a job. Runs in progress continue.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn remove_job(job: impl Into<JobSelector> = job.into()) -> (),
            |engine| engine.jobs.remove_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Pauses all jobs that match `query`, and returns which ones. Jobs without a next run time are omitted; the
            /// query's limit is the maximum number of changed jobs.
            ///
            /// A job is changed only if it matches the query at the time of its change. If it is changed concurrently,
            /// it is read and compared again. The operation as a whole is not atomic: jobs that are added, or whose
            /// next run time is moved, while it runs may be omitted.
            ///
            /// ```
            /// use punctual_scheduler::{BackgroundScheduler, JobQuery};
            ///
            /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
            /// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
            /// scheduler.job(|| {}).id("invoices").tag("billing").trigger("0 3 * * *").add()?;
            /// let paused = scheduler.pause_jobs(JobQuery::new().tag("billing"))?;
            /// assert_eq!(paused.changed[0].job_id.as_str(), "invoices");
            /// assert!(paused.failed.is_empty() && paused.interrupted.is_none());
            /// # scheduler.shutdown()?;
            /// # Ok(())
            /// # }
            /// ```
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), an invalid name, or
            /// [`NotRunning`](SchedulerError::NotRunning) after a shutdown. No job is changed. Later errors are part
            /// of the result.
            fn pause_jobs(query: JobQuery) -> BulkChange,
            |engine| engine.jobs.change_all(query, BulkAction::Pause).await
        }

        waiting_method! { $kind,
            /// Resumes all paused jobs that match `query`, from now on, and returns which ones; see
            /// [`pause_jobs`](Self::pause_jobs). Jobs without a further fire time stay paused, and are among the
            /// [failed](BulkChange::failed).
            ///
            /// # Errors
            ///
            /// As [`pause_jobs`](Self::pause_jobs).
            fn resume_jobs(query: JobQuery) -> BulkChange,
            |engine| engine.jobs.change_all(query, BulkAction::Resume).await
        }

        waiting_method! { $kind,
            /// Removes all jobs that match `query`, and returns which ones. Runs in progress continue.
            ///
            /// Jobs are read and removed page by page. A job that another call changes between both, within
            /// milliseconds, is removed although it may no longer match. Each job is reported by one call only, also if
            /// several remove it concurrently.
            ///
            /// # Errors
            ///
            /// As [`pause_jobs`](Self::pause_jobs).
            fn remove_jobs(query: JobQuery) -> BulkChange,
            |engine| engine.jobs.change_all(query, BulkAction::Remove).await
        }

        waiting_method! { $kind,
            /// Removes all jobs from all stores. Runs in progress continue.
            ///
            /// # Errors
            ///
            /// A [`Store`](SchedulerError::Store) error.
            fn remove_all_jobs() -> (),
            |engine| engine.jobs.remove_all_jobs(None).await
        }

        waiting_method! { $kind,
            /// Removes all jobs from one store; see [`remove_all_jobs`](Self::remove_all_jobs).
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or a [`Store`](SchedulerError::Store) error.
            fn remove_all_jobs_of(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            |engine| engine.jobs.remove_all_jobs(Some(&alias)).await
        }

        waiting_method! { $kind,
            /// Returns the jobs that match `query` as data, which [`to_json`](JobExport::to_json) converts to JSON. Jobs that
            /// can't be exported, such as closures, are listed in [`skipped`](JobExport::skipped).
            ///
            /// Each job is exported as it is at that time. If the scheduler continues to run jobs, a run that starts
            /// during the export may start again after the import: pause the scheduler before, if that matters.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), an invalid name,
            /// [`NotRunning`](SchedulerError::NotRunning), or a [`Store`](SchedulerError::Store) error.
            fn export_jobs(query: JobQuery) -> JobExport,
            |engine| engine.jobs.export_jobs(query).await
        }

        waiting_method! { $kind,
            /// Imports jobs into the stores with the aliases that are in the export; [`into_store`](JobExport::into_store)
            /// changes them. The jobs keep their next run times: one that is due runs, subject to its `misfire_grace_time`.
            ///
            /// All jobs are checked before the first one is imported: their stores and executors exist, their tasks are
            /// registered and take their arguments, and triggers and options are valid.
            ///
            /// # Errors
            ///
            /// Nothing is imported.
            ///
            /// - [`Import`](SchedulerError::Import) with the first job that is not valid, and its field.
            /// - [`JobExists`](SchedulerError::JobExists) with [`OnConflict::Fail`].
            /// - [`NotRunning`](SchedulerError::NotRunning), or a [`Store`](SchedulerError::Store) error.
            ///
            /// Later errors are part of the result.
            fn import_jobs(export: JobExport, on_conflict: OnConflict) -> JobImport,
            |engine| engine.jobs.import_jobs(export, on_conflict).await
        }

        waiting_method! { $kind,
            /// Moves a job to another store of this scheduler, with its next run time, paused state and number of runs. If it
            /// is there already, nothing is changed. Its history stays in the old store.
            ///
            /// The job never is in a state to run from both stores: it is paused, copied as a paused job, activated in its
            /// new store, and removed from the old one. If the process is killed in between, one of the copies or both are
            /// paused. A `Recovery::Rerun` job that another process starts in the same moment may run again.
            ///
            /// # Errors
            ///
            /// - [`RunsInProgress`](SchedulerError::RunsInProgress): retry when they have ended.
            /// - [`JobNotFound`](SchedulerError::JobNotFound), [`JobExists`](SchedulerError::JobExists),
            ///   [`UnknownJobStore`](SchedulerError::UnknownJobStore),
            ///   [`ClosureNotStorable`](SchedulerError::ClosureNotStorable),
            ///   [`JobUnresolved`](SchedulerError::JobUnresolved) or [`NotRunning`](SchedulerError::NotRunning).
            /// - A [`Store`](SchedulerError::Store) error. If it is that of the new store, the job may be in both: paused in
            ///   the old one.
            fn move_job(
                job: impl Into<JobSelector> = job.into(),
                job_store: impl AsRef<str> = Alias::new(job_store)?,
            ) -> Job,
            |engine| engine.jobs.move_job(job, job_store).await
        }

        waiting_method! { $kind,
            /// Starts a run of a job in this process now, outside of its schedule. The schedule does not change.
            /// The returned handle waits for its outcome.
            ///
            /// # Errors
            ///
            /// - [`MaxInstances`](SchedulerError::MaxInstances) if as many runs are in progress as the job allows.
            /// - [`JobUnresolved`](SchedulerError::JobUnresolved) if this process can't run the job.
            /// - [`ClientOnly`](SchedulerError::ClientOnly) or [`NotRunning`](SchedulerError::NotRunning).
            /// - [`JobNotFound`](SchedulerError::JobNotFound), or a [`Store`](SchedulerError::Store) error.
            fn run_job_now(job: impl Into<JobSelector> = job.into()) -> $run,
            |engine| $run::start(&engine, job).await
        }

        waiting_method! { $kind,
            /// Starts another attempt of a dead letter as soon as possible, in any process that runs jobs of its store. Its retry
            /// policy counts from there. Dead letters are listed with [`JobQuery::dead_letters`], and removed like other jobs.
            /// Returns the dead letter.
            ///
            /// # Errors
            ///
            /// [`NotADeadLetter`](SchedulerError::NotADeadLetter), [`JobNotFound`](SchedulerError::JobNotFound),
            /// [`NotRunning`](SchedulerError::NotRunning), or a [`Store`](SchedulerError::Store) error.
            fn retry_dead_letter(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.retry_dead_letter(job).await
        }

        waiting_method! { $kind,
            /// Requests cancellation of a run, of this process or of any other process that shares a store with it. The id of the run
            /// is part of events, of the history and of its [`JobContext`](punctual_core::JobContext).
            ///
            /// A run of this process is cancelled at once. For one of another process the request is stored, and that process
            /// reads it within a third of its [lease](SchedulerBuilder::lease); the request expires after 15 minutes.
            ///
            /// Cancellation is cooperative: the task sees it as [`JobContext::cancelled`](punctual_core::JobContext::cancelled).
            /// The future of an async task that has not ended after [`cancel_grace`](SchedulerBuilder::cancel_grace) is dropped,
            /// a child process is killed after the grace time of its executor, and a function that occupies a thread continues
            /// until it returns. Then the outcome of the run is [`Cancelled`](punctual_core::RunOutcome::Cancelled), whatever its
            /// task has returned, and it is not repeated. A run that is still queued does not start.
            ///
            /// # Errors
            ///
            /// [`RunNotFound`](SchedulerError::RunNotFound) if the run is not in progress here and no store is shared with other
            /// processes, [`NotRunning`](SchedulerError::NotRunning), or a [`Store`](SchedulerError::Store) error.
            fn cancel_run(run: RunId) -> CancelRequest,
            |engine| engine.jobs.cancel_run(run).await
        }

        waiting_method! { $kind,
            /// Sets the next run time of a job to now. Any process that runs jobs of its store may run it, so this
            /// also works for a [client](SchedulerBuilder::client_only), unlike [`run_job_now`](Self::run_job_now).
            ///
            /// The run is part of the schedule: it counts towards `max_runs`, and the trigger computes the following
            /// run times. A paused job is resumed.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), [`NotRunning`](SchedulerError::NotRunning), or a
            /// [`Store`](SchedulerError::Store) error.
            fn make_job_due(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.make_job_due(job, &mut StoreAccess::Autocommit).await
        }
    };
}

pub(super) use job_methods;
