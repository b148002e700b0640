//! The methods that return immediately and are the same for all schedulers. The methods that wait are in `waiting.rs`.

/// Defines the methods in an `impl` block of a type with a field `engine`.
macro_rules! shared_methods {
    () => {
        /// Returns a builder for a job that executes `call`: a call of a `#[task]`, or a closure if the job store is in
        /// memory. The job is added by [`JobBuilder::add`].
        #[doc(alias = "add_job")]
        pub fn job<M>(&self, call: impl IntoAction<M>) -> JobBuilder<Self> {
            JobBuilder::new(call, self.clone())
        }

        /// Adds an executor. If the scheduler is running, the executor is started immediately.
        ///
        /// # Errors
        ///
        /// [`AliasTaken`](SchedulerError::AliasTaken), or an [`Executor`](SchedulerError::Executor) error if the
        /// executor can't be started.
        pub fn add_executor(
            &self,
            alias: impl AsRef<str>,
            executor: impl Executor,
        ) -> Result<(), SchedulerError> {
            self.engine.add_executor(Alias::new(alias)?, Arc::new(executor))
        }

        /// Starts no more runs until [`resume`](Self::resume). Runs in progress continue, and all other methods work.
        ///
        /// # Errors
        ///
        /// [`NotRunning`](SchedulerError::NotRunning).
        pub fn pause(&self) -> Result<(), SchedulerError> {
            self.engine.pause()
        }

        /// Resumes starting runs after [`pause`](Self::pause).
        ///
        /// # Errors
        ///
        /// [`NotRunning`](SchedulerError::NotRunning).
        pub fn resume(&self) -> Result<(), SchedulerError> {
            self.engine.resume()
        }

        /// Checks the stores immediately for changes that this process is not notified of, such as jobs added in a
        /// transaction. Without this call, they are found at the next poll.
        pub fn wakeup(&self) {
            self.engine.wakeup();
        }

        /// Returns the state of the scheduler.
        #[must_use]
        pub fn state(&self) -> SchedulerState {
            self.engine.shared.scheduler_state.get()
        }

        /// Returns whether the scheduler has been started and not been shut down. A paused scheduler is running.
        #[must_use]
        pub fn is_running(&self) -> bool {
            matches!(self.state(), SchedulerState::Running | SchedulerState::Paused)
        }

        /// Returns the health of the scheduler and its stores.
        #[must_use]
        pub fn health(&self) -> Health {
            self.engine.health()
        }

        /// Returns the runs that are running or queued in this process.
        #[must_use]
        pub fn active_runs(&self) -> Vec<RunEvent> {
            self.engine.runs.list()
        }

        /// Returns the number of runs that are running or queued in this process.
        #[must_use]
        pub fn active_run_count(&self) -> usize {
            self.engine.runs.count()
        }

        /// Calls `listener` for every event in the mask, in order, on a thread that is used for listeners only. A
        /// listener may call the scheduler. A panic is logged and does not affect other listeners.
        pub fn add_listener(
            &self,
            mask: EventMask,
            listener: impl Fn(&Event) + Send + Sync + 'static,
        ) -> ListenerId {
            self.engine.shared.bus.add_listener(mask, Arc::new(listener))
        }

        /// Removes a listener. Returns whether it existed.
        pub fn remove_listener(&self, id: ListenerId) -> bool {
            self.engine.shared.bus.remove_listener(id)
        }

        /// Returns an async stream of the events in the mask, from now until the shutdown.
        pub fn events(&self, mask: EventMask) -> EventStream {
            self.engine.shared.bus.stream(mask)
        }
    };
}

pub(super) use shared_methods;
