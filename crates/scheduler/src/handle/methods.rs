//! The methods that need not wait, and so are the same for every kind of scheduler; those that wait are in
//! `waiting.rs`.

/// Writes the methods into an `impl` of a type with a field `engine`.
macro_rules! shared_methods {
    () => {
        /// Describes a job that does `call`: a call of a `#[task]`, or a closure for stores in memory. Nothing is
        /// added before [`JobBuilder::add`] is called.
        #[doc(alias = "add_job")]
        pub fn job<M>(&self, call: impl IntoAction<M>) -> JobBuilder<Self> {
            JobBuilder::new(call, self.clone())
        }

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
            self.engine.add_executor(Alias::new(alias)?, Arc::new(executor))
        }

        /// Runs no jobs until [`resume`](Self::resume); everything else works. Runs under way go on.
        ///
        /// # Errors
        ///
        /// [`NotRunning`](SchedulerError::NotRunning).
        pub fn pause(&self) -> Result<(), SchedulerError> {
            self.engine.pause()
        }

        /// Runs jobs again after [`pause`](Self::pause).
        ///
        /// # Errors
        ///
        /// [`NotRunning`](SchedulerError::NotRunning).
        pub fn resume(&self) -> Result<(), SchedulerError> {
            self.engine.resume()
        }

        /// Looks at the stores at once, for changes that this process has no other way to hear of, such
        /// as jobs that were added in a transaction. Without it, the next poll finds them.
        pub fn wakeup(&self) {
            self.engine.wakeup();
        }

        /// What the scheduler is doing.
        #[must_use]
        pub fn state(&self) -> SchedulerState {
            self.engine.shared.phase.get()
        }

        /// Whether the scheduler has been started and not been shut down.
        #[must_use]
        pub fn is_running(&self) -> bool {
            matches!(self.state(), SchedulerState::Running | SchedulerState::Paused)
        }

        /// How the scheduler is doing: when its last pass was, which stores fail.
        #[must_use]
        pub fn health(&self) -> Health {
            self.engine.health()
        }

        /// The runs that this process has under way.
        #[must_use]
        pub fn running(&self) -> Vec<RunEvent> {
            self.engine.runs.list()
        }

        /// How many runs this process has under way.
        #[must_use]
        pub fn running_count(&self) -> usize {
            self.engine.runs.count()
        }

        /// Calls `listener` for every event in the mask, on a thread of the listeners' own, one event after
        /// the other. A listener may call the scheduler; one that panics is logged, and the others go on.
        pub fn add_listener(
            &self,
            mask: EventMask,
            listener: impl Fn(&Event) + Send + Sync + 'static,
        ) -> ListenerId {
            self.engine.shared.bus.add_listener(mask, Arc::new(listener))
        }

        /// Removes a listener; whether it was there.
        pub fn remove_listener(&self, id: ListenerId) -> bool {
            self.engine.shared.bus.remove_listener(id)
        }

        /// The events in the mask from now on, as an async stream, which ends with the shutdown.
        pub fn events(&self, mask: EventMask) -> EventStream {
            self.engine.shared.bus.stream(mask)
        }
    };
}

pub(super) use shared_methods;
