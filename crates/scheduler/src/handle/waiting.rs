//! The methods that wait, written once: async for the one kind of scheduler, blocking for the others.

/// Writes one method: `awaiting` makes it async, `blocking` makes one that returns when the work is done.
///
/// An argument can be converted first, `name: Type = expression`. The work is an expression of the engine; it, and what
/// it holds, must be able to go to the engine's thread. What has to be known of the caller's thread is found out by
/// `let`. Where the two kinds differ, a method names what does the work instead, `=> name`: a method of each.
macro_rules! waiting_method {
    (
        awaiting, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty $(= $value:expr)?),* $(,)?) -> $out:ty,
        $(let $own:ident = $found:expr;)?
        |$engine:ident| $work:expr
    ) => {
        $(#[$meta])*
        pub async fn $name(&self, $($arg: $type),*) -> Result<$out, SchedulerError> {
            $($(let $arg = $value;)?)*
            $(let $own = $found;)?
            let $engine = &self.engine;
            $work
        }
    };
    (
        blocking, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty $(= $value:expr)?),* $(,)?) -> $out:ty,
        $(let $own:ident = $found:expr;)?
        |$engine:ident| $work:expr
    ) => {
        $(#[$meta])*
        pub fn $name(&self, $($arg: $type),*) -> Result<$out, SchedulerError> {
            $($(let $arg = $value;)?)*
            $(let $own = $found;)?
            self.block(move |$engine| async move { $work })
        }
    };
    (
        awaiting, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?
        => $by:ident($($given:expr),*)
    ) => {
        $(#[$meta])*
        pub async fn $name(&self, $($arg: $type),*) $(-> $out)? {
            self.$by($($given),*).await
        }
    };
    (
        blocking, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?
        => $by:ident($($given:expr),*)
    ) => {
        $(#[$meta])*
        pub fn $name(&self, $($arg: $type),*) $(-> $out)? {
            self.$by($($given),*)
        }
    };
}

/// Writes the start, where it returns when the scheduler runs, into an `impl` of a type with a method `begin`.
macro_rules! starting_methods {
    ($kind:ident) => {
        waiting_method! { $kind,
            /// Opens stores and executors, adds the jobs that waited for it, and begins to run jobs. Works
            /// again after a shutdown.
            ///
            /// # Errors
            ///
            /// [`AlreadyRunning`](SchedulerError::AlreadyRunning); what a store or executor says; the first
            /// waiting job that can't be added. Then nothing is left started, and the jobs wait on.
            fn start() -> Result<(), SchedulerError> => begin(false)
        }

        waiting_method! { $kind,
            /// Starts, but runs no jobs until [`resume`](Self::resume).
            ///
            /// # Errors
            ///
            /// As [`start`](Self::start).
            fn start_paused() -> Result<(), SchedulerError> => begin(true)
        }
    };
}

/// Writes the methods into an `impl` of a type with a field `engine` and the methods `shut_down`, `read_zones` and
/// `flush`; one that blocks has `block`, too.
macro_rules! waiting_methods {
    ($kind:ident) => {
        waiting_method! { $kind,
            /// Takes nothing new, waits at most 30 seconds for the runs under way, and closes everything; see
            /// [`shutdown_timeout`](Self::shutdown_timeout).
            ///
            /// # Errors
            ///
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn shutdown() -> Result<(), SchedulerError> => shut_down(SHUTDOWN_TIMEOUT)
        }

        waiting_method! { $kind,
            /// Takes nothing new, waits at most `timeout` for the runs under way, then asks them to end and
            /// closes everything. Called by a job, it returns at once, and the shutdown goes on in the background.
            ///
            /// A shutdown that has begun goes on to its end, also when the future of an async call is dropped.
            ///
            /// # Errors
            ///
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn shutdown_timeout(timeout: Duration) -> Result<(), SchedulerError> => shut_down(timeout)
        }

        waiting_method! { $kind,
            /// Adds many jobs, made with [`NewJob::builder`], with one call of each store; returns how many.
            ///
            /// # Errors
            ///
            /// For the first description that is not valid; then none is added. For the first job that a store
            /// does not take; then what is new among the others of that store is added all the same, and the
            /// stores whose jobs come later are left alone.
            fn add_jobs(
                jobs: impl IntoIterator<Item = NewJob> = jobs.into_iter().collect(),
            ) -> usize,
            |engine| engine.jobs.add_jobs(jobs).await
        }

        waiting_method! { $kind,
            /// The job of that id; `("store", "id")` looks in one store only.
            ///
            /// # Errors
            ///
            /// What a store says.
            fn get_job(job: impl Into<JobSelector> = job.into()) -> Option<Job>,
            |engine| engine.jobs.get_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// The jobs that `query` asks for, store by store in the order in which those were added: in each the
            /// soonest first, paused ones last. Before the start: among the jobs that wait for it.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), a name that is not valid, or what a store
            /// says.
            fn get_jobs(query: JobQuery) -> Vec<Job>,
            |engine| engine.jobs.get_jobs(query).await
        }

        waiting_method! { $kind,
            /// Changes what a job is; its next run time stays. If somebody else changes it at the same time, both
            /// changes are made, one on top of the other.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), a change that is not valid, or what a store says;
            /// then nothing is changed.
            fn modify_job(job: impl Into<JobSelector> = job.into(), change: JobChange) -> Job,
            |engine| engine.jobs.modify_job(job, change, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Gives a job another trigger, and the next run time that follows from it now. A paused job is
            /// resumed by it.
            ///
            /// # Errors
            ///
            /// As [`modify_job`](Self::modify_job); and [`NeverFires`](SchedulerError::NeverFires).
            fn reschedule_job(
                job: impl Into<JobSelector> = job.into(),
                trigger: impl IntoTrigger + Send + 'static,
            ) -> Job,
            |engine| engine.jobs.reschedule_job(job, trigger, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Takes a job's next run time away until it is resumed. Runs under way go on.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
            fn pause_job(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.pause_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Gives a job its next run time from now on, whether it was paused or not.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound);
            /// [`NeverFires`](SchedulerError::NeverFires): then the job stays as it is.
            fn resume_job(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.resume_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Removes a job. Runs under way go on.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says.
            fn remove_job(job: impl Into<JobSelector> = job.into()) -> (),
            |engine| engine.jobs.remove_job(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// Removes all jobs of all stores. Runs under way go on.
            ///
            /// # Errors
            ///
            /// What a store says.
            fn remove_all_jobs() -> (),
            |engine| engine.jobs.remove_all_jobs(None).await
        }

        waiting_method! { $kind,
            /// Removes all jobs of one store; see [`remove_all_jobs`](Self::remove_all_jobs).
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what the store says.
            fn remove_all_jobs_of(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            |engine| engine.jobs.remove_all_jobs(Some(&alias)).await
        }

        waiting_method! { $kind,
            /// Starts a run of a job in this process now, outside of its schedule, which stays.
            ///
            /// # Errors
            ///
            /// [`MaxInstances`](SchedulerError::MaxInstances) when enough runs are under way;
            /// [`Unresolved`](SchedulerError::Unresolved) when this process can't run the job;
            /// [`ClientOnly`](SchedulerError::ClientOnly);
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn run_job_now(job: impl Into<JobSelector> = job.into()) -> RunId,
            |engine| engine.jobs.run_job_now(job).await
        }

        waiting_method! { $kind,
            /// Makes a job due now, for whichever process runs its jobs; so that is what a
            /// [client](SchedulerBuilder::client_only) does instead of [`run_job_now`](Self::run_job_now). The
            /// run is one of its schedule: it is counted, and after it the job goes on as its trigger says. A
            /// paused job is resumed by it.
            ///
            /// # Errors
            ///
            /// [`JobNotFound`](SchedulerError::JobNotFound), or what a store says;
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn make_job_due(job: impl Into<JobSelector> = job.into()) -> Job,
            |engine| engine.jobs.make_job_due(job, &mut StoreAccess::Autocommit).await
        }

        waiting_method! { $kind,
            /// What the stores hold and can't be read, with the store's alias: it was reported as
            /// [`RecordCorrupt`](punctual_core::Event::RecordCorrupt), is left as it is, and nothing is run by it.
            /// This looks at all jobs; runs, nodes and past runs are among it as far as they were met since the
            /// start.
            ///
            /// # Errors
            ///
            /// What a store says.
            fn corrupt_records() -> Vec<(Alias, CorruptRecord)>,
            |engine| engine.jobs.corrupt_records(None).await
        }

        waiting_method! { $kind,
            /// What one store holds and can't be read; see [`corrupt_records`](Self::corrupt_records).
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what the store says.
            fn corrupt_records_of(
                alias: impl AsRef<str> = Alias::new(alias)?,
            ) -> Vec<(Alias, CorruptRecord)>,
            |engine| engine.jobs.corrupt_records(Some(&alias)).await
        }

        waiting_method! { $kind,
            /// Removes something that can't be read from a store, as [`corrupt_records`](Self::corrupt_records)
            /// has listed it; a job with its runs. Returns whether it was there.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or what the store says.
            fn discard_corrupt(
                alias: impl AsRef<str> = Alias::new(alias)?,
                record: &CorruptRecord = record.clone(),
            ) -> bool,
            |engine| engine.jobs.discard_corrupt(&alias, &record).await
        }

        waiting_method! { $kind,
            /// Past runs, newest first, of all stores that keep a history; those of this process that have ended
            /// among them. See [`SchedulerBuilder::history`].
            ///
            /// # Errors
            ///
            /// A [`Store`](SchedulerError::Store) error, also when no store can keep a history.
            fn history(query: HistoryQuery) -> HistoryPage,
            |engine| engine.jobs.history(None, query).await
        }

        waiting_method! { $kind,
            /// Past runs of one store's jobs; see [`history`](Self::history).
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore); as [`history`](Self::history).
            fn history_of(
                alias: impl AsRef<str> = Alias::new(alias)?,
                query: HistoryQuery,
            ) -> HistoryPage,
            |engine| engine.jobs.history(Some(&alias), query).await
        }

        waiting_method! { $kind,
            /// Adds a job store; see [`SchedulerBuilder::job_store`]. When the scheduler runs, it is started at
            /// once.
            ///
            /// # Errors
            ///
            /// [`AliasTaken`](SchedulerError::AliasTaken), or why it can't be started.
            fn add_job_store(
                alias: impl AsRef<str> = Alias::new(alias)?,
                store: impl IntoJobStore = store.into_job_store(),
            ) -> (),
            |engine| engine.add_job_store(alias, store).await
        }

        waiting_method! { $kind,
            /// Removes a job store; its jobs stay in it.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore).
            fn remove_job_store(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            let from_run = is_inside_run();
            |engine| engine.remove_job_store(&alias, from_run).await
        }

        waiting_method! { $kind,
            /// Removes an executor after its runs have ended, at most 30 seconds later. Jobs that name it stay
            /// in their stores, and run when there is an executor of that alias again.
            ///
            /// # Errors
            ///
            /// [`UnknownExecutor`](SchedulerError::UnknownExecutor).
            fn remove_executor(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            let from_run = is_inside_run();
            |engine| engine.remove_executor(&alias, SHUTDOWN_TIMEOUT, from_run).await
        }

        waiting_method! { $kind,
            /// Reads the time zone database again, for instance after the machine's zone files were updated, and
            /// returns its release. The process uses it from then on. Jobs whose next run time it changes are
            /// planned anew in the background, each with the event
            /// [`JobReplanned`](punctual_core::Event::JobReplanned); run times that are due already, and those
            /// that a user chose, stay. The same happens at each start.
            ///
            /// # Errors
            ///
            /// When the directory that it was read from has gone; then everything stays as it is.
            fn refresh_zones() -> Result<String, SchedulerError> => read_zones()
        }

        waiting_method! { $kind,
            /// Waits until the listeners have heard every event so far, at most `timeout`. Called by a listener,
            /// it returns at once.
            fn flush_events(timeout: Duration) => flush(timeout)
        }
    };
}

pub(super) use {starting_methods, waiting_method, waiting_methods};
