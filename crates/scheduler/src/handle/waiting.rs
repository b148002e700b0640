//! The methods that wait for the engine. Each is defined once and expanded twice: as an async method of
//! `AsyncScheduler`, and as a blocking method of `SyncScheduler`.

/// Defines one method: an async one for `awaiting`, with `on_runtime` in scope, a blocking one for `blocking`.
///
/// An argument can be converted first: `name: Type = expression`. The body is an expression over the engine. It runs on
/// the engine's thread, so the body and its captures must be `Send + 'static`; values that depend on the caller's
/// thread are computed beforehand with `let`. The second variable, if there is one, is the job that a handle refers to.
/// If the two implementations differ, `=> name` calls a private method of the type instead.
macro_rules! waiting_method {
    (
        awaiting, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty $(= $value:expr)?),* $(,)?) -> $out:ty,
        $(let $local:ident = $init:expr;)?
        |$engine:ident $(, $handle:ident)?| $work:expr
    ) => {
        $(#[$meta])*
        pub async fn $name(&self, $($arg: $type),*) -> Result<$out, SchedulerError> {
            $($(let $arg = $value;)?)*
            $(let $local = $init;)?
            $(let $handle = JobSelector::from(self);)?
            let $engine = Arc::clone(&self.engine);
            on_runtime(&self.engine, async move { $work }).await
        }
    };
    (
        blocking, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty $(= $value:expr)?),* $(,)?) -> $out:ty,
        $(let $local:ident = $init:expr;)?
        |$engine:ident $(, $handle:ident)?| $work:expr
    ) => {
        $(#[$meta])*
        pub fn $name(&self, $($arg: $type),*) -> Result<$out, SchedulerError> {
            $($(let $arg = $value;)?)*
            $(let $local = $init;)?
            $(let $handle = JobSelector::from(self);)?
            self.block(move |$engine| async move { $work })
        }
    };
    (
        awaiting, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?
        => $method:ident($($value:expr),*)
    ) => {
        $(#[$meta])*
        pub async fn $name(&self, $($arg: $type),*) $(-> $out)? {
            self.$method($($value),*).await
        }
    };
    (
        blocking, $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $type:ty),*) $(-> $out:ty)?
        => $method:ident($($value:expr),*)
    ) => {
        $(#[$meta])*
        pub fn $name(&self, $($arg: $type),*) $(-> $out)? {
            self.$method($($value),*)
        }
    };
}

/// Defines the start methods that return once the scheduler is running. The type must have a method `start_with`.
macro_rules! starting_methods {
    ($kind:ident) => {
        waiting_method! { $kind,
            /// Starts the scheduler: opens the stores and executors, adds the pending jobs, and starts running jobs.
            /// It can be called again after a shutdown.
            ///
            /// # Errors
            ///
            /// - [`AlreadyRunning`](SchedulerError::AlreadyRunning).
            /// - [`Store`](SchedulerError::Store) or [`Executor`](SchedulerError::Executor) if a store or executor
            ///   can't be started.
            /// - The error for the first pending job that can't be added.
            ///
            /// In the last two cases the scheduler is stopped again, and the pending jobs are kept for the next start.
            fn start() -> Result<(), SchedulerError> => start_with(false)
        }

        waiting_method! { $kind,
            /// Starts the scheduler in the paused state: no runs are started until [`resume`](Self::resume).
            ///
            /// # Errors
            ///
            /// As [`start`](Self::start).
            fn start_paused() -> Result<(), SchedulerError> => start_with(true)
        }
    };
}

/// Defines the other methods, except those in `waiting_jobs.rs`. The type must have a field `engine` and the methods
/// `shutdown_with`, `reload_zones` and `flush`; a blocking type also the method `block`.
macro_rules! waiting_methods {
    ($kind:ident) => {
        waiting_method! { $kind,
            /// Shuts the scheduler down. The timeout for the runs in progress is 30 seconds, or that of the builder; see
            /// [`shutdown_timeout`](Self::shutdown_timeout).
            ///
            /// # Errors
            ///
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn shutdown() -> Result<(), SchedulerError> => shutdown_with(None)
        }

        waiting_method! { $kind,
            /// Shuts the scheduler down: starts no more runs, waits up to `timeout` for the runs in progress, requests
            /// cancellation of those that remain, and closes the stores and executors.
            ///
            /// A call from a run returns immediately, and the shutdown continues in the background. A shutdown in
            /// progress completes even if the future of an async call is dropped.
            ///
            /// # Errors
            ///
            /// [`NotRunning`](SchedulerError::NotRunning).
            fn shutdown_timeout(timeout: Duration) -> Result<(), SchedulerError> => shutdown_with(Some(timeout))
        }

        waiting_method! { $kind,
            /// Returns the corrupt records in all stores. They are reported as
            /// [`RecordCorrupt`](punctual_core::Event::RecordCorrupt), are not modified, and are never run.
            ///
            /// All jobs are checked. Runs, nodes and history entries are included only if they were read since the
            /// start.
            ///
            /// # Errors
            ///
            /// A [`Store`](SchedulerError::Store) error.
            fn corrupt_records() -> Vec<CorruptEntry>,
            |engine| engine.jobs.corrupt_records(None).await
        }

        waiting_method! { $kind,
            /// Returns the corrupt records in one store; see [`corrupt_records`](Self::corrupt_records).
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or a [`Store`](SchedulerError::Store) error.
            fn corrupt_records_of(
                alias: impl AsRef<str> = Alias::new(alias)?,
            ) -> Vec<CorruptEntry>,
            |engine| engine.jobs.corrupt_records(Some(&alias)).await
        }

        waiting_method! { $kind,
            /// Removes a corrupt record, as returned by [`corrupt_records`](Self::corrupt_records), from its store; a
            /// job is removed with its runs. Returns whether the record existed.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), or a [`Store`](SchedulerError::Store) error.
            fn discard_corrupt_record(
                record: &CorruptEntry = record.clone(),
            ) -> bool,
            |engine| engine.jobs.discard_corrupt_record(&record).await
        }

        waiting_method! { $kind,
            /// Returns completed runs that match `query`, newest first, from all stores with a history or from
            /// [one](HistoryQuery::job_store). Entries that this process has buffered are written first. See
            /// [`SchedulerBuilder::history`].
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore), an invalid name, or a
            /// [`Store`](SchedulerError::Store) error, including the case that no store supports a history.
            fn history(query: HistoryQuery) -> HistoryPage,
            |engine| engine.jobs.history(query).await
        }

        waiting_method! { $kind,
            /// Adds a job store; see [`SchedulerBuilder::job_store`]. If the scheduler is running, the store is
            /// started immediately.
            ///
            /// # Errors
            ///
            /// [`AliasTaken`](SchedulerError::AliasTaken), or a [`Store`](SchedulerError::Store) error if the store
            /// can't be started.
            fn add_job_store(
                alias: impl AsRef<str> = Alias::new(alias)?,
                store: impl IntoJobStore = store.into_job_store(),
            ) -> (),
            |engine| engine.add_job_store(alias, store).await
        }

        waiting_method! { $kind,
            /// Removes a job store from the scheduler. Its jobs are kept in the store. Waits at most 30 seconds for
            /// their runs in progress; a call from a run does not wait.
            ///
            /// # Errors
            ///
            /// [`UnknownJobStore`](SchedulerError::UnknownJobStore).
            fn remove_job_store(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            let from_run = is_inside_run();
            |engine| engine.remove_job_store(&alias, from_run).await
        }

        waiting_method! { $kind,
            /// Removes an executor. Waits for its runs in progress, at most as long as a shutdown does; a call from a
            /// run does not wait. Jobs that use the executor are kept, and run once an executor with this alias is added again.
            ///
            /// # Errors
            ///
            /// [`UnknownExecutor`](SchedulerError::UnknownExecutor).
            fn remove_executor(alias: impl AsRef<str> = Alias::new(alias)?) -> (),
            let from_run = is_inside_run();
            |engine| engine.remove_executor(&alias, from_run).await
        }

        waiting_method! { $kind,
            /// Reloads the time zone database, for example after an update of the system's zone files, for the whole
            /// process. Returns its release.
            ///
            /// Jobs whose next run time changes are replanned in the background, each with the event
            /// [`JobReplanned`](punctual_core::Event::JobReplanned). Run times that are already due, and those that a
            /// user has set, don't change. Jobs are also replanned at each start.
            ///
            /// # Errors
            ///
            /// A [`Zone`](SchedulerError::Zone) error if the directory that the database was loaded from no longer
            /// exists. Nothing is changed.
            fn refresh_zones() -> Result<String, SchedulerError> => reload_zones()
        }

        waiting_method! { $kind,
            /// Waits until all events emitted so far have been delivered to the listeners, up to `timeout`. A call
            /// from a listener returns immediately.
            fn flush_events(timeout: Duration) => flush(timeout)
        }
    };
}

pub(super) use {starting_methods, waiting_method, waiting_methods};
