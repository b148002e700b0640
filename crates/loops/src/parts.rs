//! What all schedulers with a loop have in common.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use punctual_core::is_inside_run;
use punctual_executor_loop::{LoopBudget, LoopExecutor, LoopRunner};
use punctual_scheduler::{BackgroundScheduler, BuiltEngine, SchedulerBuilder, SchedulerError};
use tokio::sync::oneshot;

/// The alias under which the executor of the loop is always available.
const ALIAS: &str = "loop";

/// A scheduler on its own thread, and the executor of the loop.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    pub(crate) scheduler: BackgroundScheduler,
    pub(crate) executor: Arc<LoopExecutor>,
}

/// The executor of the loop, in the data of the application, by which it is found after `build`.
struct LoopOfScheduler(Arc<LoopExecutor>);

pub(crate) fn builder<S>(executor: LoopExecutor) -> SchedulerBuilder<S> {
    let executor = Arc::new(executor);
    SchedulerBuilder::default()
        .default_executor(Arc::clone(&executor))
        .executor(ALIAS, Arc::clone(&executor))
        .app_data(LoopOfScheduler(executor))
}

impl From<BuiltEngine> for Parts {
    fn from(built: BuiltEngine) -> Self {
        let executor = built.app_data::<LoopOfScheduler>().map(|own| Arc::clone(&own.0));
        let scheduler = BackgroundScheduler::from(built);
        let executor = executor.unwrap_or_else(|| {
            // The builder was not created by `builder`.
            let executor = Arc::new(LoopExecutor::new());
            if let Err(error) = scheduler.add_executor(ALIAS, Arc::clone(&executor)) {
                tracing::warn!(%error, "the loop has no alias");
            }
            executor
        });
        Self { scheduler, executor }
    }
}

impl Parts {
    /// Shuts down, with the timeout of the scheduler if none is given. On the thread of the loop, it executes the runs for
    /// which the shutdown waits.
    pub(crate) fn shutdown(&self, timeout: Option<Duration>) -> Result<(), SchedulerError> {
        match self.executor.current_runner() {
            Some(runner) if !is_inside_run() => self.shutdown_on_loop(&runner, timeout),
            // Called from a run, it returns immediately.
            _ => shut_down(&self.scheduler, timeout),
        }
    }

    fn shutdown_on_loop(
        &self,
        runner: &LoopRunner,
        timeout: Option<Duration>,
    ) -> Result<(), SchedulerError> {
        let (sender, ended) = oneshot::channel();
        let scheduler = self.scheduler.clone();
        // On another thread: if the loop runs in a tokio runtime, that is blocked meanwhile.
        let thread = thread::Builder::new().name("punctual-shutdown".to_owned());
        let spawned = thread.spawn(move || {
            // The receiver is waiting below.
            let _ = sender.send(shut_down(&scheduler, timeout));
        });
        if spawned.is_err() {
            // Without a thread, nobody waits for the runs.
            return self.scheduler.shutdown_timeout(Duration::ZERO);
        }
        let result = runner.block_on(ended).unwrap_or(Err(SchedulerError::NotRunning));
        // Delivers the last events.
        while runner.run_ready(LoopBudget::default()) {}
        result
    }
}

fn shut_down(
    scheduler: &BackgroundScheduler,
    timeout: Option<Duration>,
) -> Result<(), SchedulerError> {
    match timeout {
        Some(timeout) => scheduler.shutdown_timeout(timeout),
        None => scheduler.shutdown(),
    }
}

/// Defines the parts of a scheduler type that don't depend on the kind of loop. The type has a field `parts`.
macro_rules! loop_scheduler {
    ($name:ident) => {
        impl $name {
            /// Returns a builder for a scheduler whose jobs run on the loop, unless they select another executor. The
            /// executor of the loop also has the alias `loop`, for schedulers with another default.
            pub fn builder() -> punctual_scheduler::SchedulerBuilder<Self> {
                Self::builder_with(punctual_executor_loop::LoopExecutor::new())
            }

            /// As [`builder`](Self::builder), with options of the executor.
            pub fn builder_with(
                executor: punctual_executor_loop::LoopExecutor,
            ) -> punctual_scheduler::SchedulerBuilder<Self> {
                $crate::parts::builder(executor)
            }

            /// Shuts the scheduler down. The timeout for the runs in progress is 30 seconds, or that of the builder. On the
            /// thread of the loop, it executes the runs that are queued there meanwhile; see
            /// [`shutdown_timeout`](punctual_scheduler::SyncScheduler::shutdown_timeout).
            ///
            /// # Errors
            ///
            /// [`NotRunning`](punctual_scheduler::SchedulerError::NotRunning).
            pub fn shutdown(&self) -> Result<(), punctual_scheduler::SchedulerError> {
                self.parts.shutdown(None)
            }

            /// As [`shutdown`](Self::shutdown), with another timeout.
            ///
            /// # Errors
            ///
            /// [`NotRunning`](punctual_scheduler::SchedulerError::NotRunning).
            pub fn shutdown_timeout(
                &self,
                timeout: std::time::Duration,
            ) -> Result<(), punctual_scheduler::SchedulerError> {
                self.parts.shutdown(Some(timeout))
            }
        }

        impl From<punctual_scheduler::BuiltEngine> for $name {
            fn from(built: punctual_scheduler::BuiltEngine) -> Self {
                Self { parts: built.into() }
            }
        }

        impl std::ops::Deref for $name {
            type Target = punctual_scheduler::BackgroundScheduler;

            fn deref(&self) -> &Self::Target {
                &self.parts.scheduler
            }
        }
    };
}

pub(crate) use loop_scheduler;
