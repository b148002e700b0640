//! The executor under test.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use punctual_core::{Executor, Refused, RunEvent, RunId, RunOutcome, Timestamp};
use tokio::runtime::{Builder, Runtime};

use super::WAIT_TIMEOUT;
use super::reports::Reports;
use super::run_spec::RunSpec;
use super::tasks::add;
use crate::ManualClock;

/// An executor with the reports of its runs. When it is dropped, the executor is shut down, and every accepted run must
/// have been reported exactly once. So every case checks this.
#[derive(Debug)]
pub struct ExecutorUnderTest<E: Executor> {
    /// Represents the runtime of the scheduler. It has no threads and is polled only to start and to shut down.
    runtime: Runtime,
    pub(crate) executor: Arc<E>,
    pub(crate) clock: ManualClock,
    pub(crate) reports: Arc<Reports>,
    accepted: Mutex<Vec<RunId>>,
}

impl<E: Executor> ExecutorUnderTest<E> {
    pub(crate) fn new(executor: E) -> Self {
        Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a tokio runtime for the case"),
            executor: Arc::new(executor),
            clock: ManualClock::at(Timestamp::from_seconds(1_000)),
            reports: Arc::default(),
            accepted: Mutex::default(),
        }
    }

    #[track_caller]
    pub(crate) fn start(&self) {
        self.start_in_runtime(&*self.executor);
    }

    /// Starts an executor inside a runtime, as a scheduler does.
    #[track_caller]
    pub(crate) fn start_in_runtime(&self, executor: &E) {
        let started = self.runtime.block_on(async { executor.start() });
        started.expect("the executor starts");
    }

    pub(crate) fn shutdown(&self, timeout: Duration) {
        // The future is created inside the runtime too, as in the scheduler.
        self.runtime.block_on(async { self.executor.shutdown(timeout).await });
    }

    pub(crate) fn try_submit(&self, spec: RunSpec) -> Result<RunId, Refused> {
        self.submit_to(&self.executor, spec)
    }

    /// Returns whether the executor currently accepts runs.
    pub(crate) fn accepts_runs(&self) -> bool {
        self.try_submit(RunSpec::call(add(1, 1))).is_ok()
    }

    /// Submits to any executor, and receives its report here.
    pub(crate) fn submit_to(&self, executor: &E, spec: RunSpec) -> Result<RunId, Refused> {
        let id = spec.context.run_id();
        let clock = Arc::new(self.clock.clone());
        let sink = Arc::<Reports>::clone(&self.reports);
        executor.submit(spec.into_run(clock, sink))?;
        self.accepted.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Ok(id)
    }

    #[track_caller]
    pub(crate) fn submit(&self, spec: RunSpec) -> RunId {
        self.try_submit(spec).expect("the executor accepts the run")
    }

    /// Submits a run and waits for its report.
    #[track_caller]
    pub(crate) fn run(&self, spec: RunSpec) -> RunEvent {
        let id = self.submit(spec);
        self.reports.wait(id)
    }

    /// Submits a run and waits for its outcome.
    #[track_caller]
    pub(crate) fn outcome(&self, spec: RunSpec) -> RunOutcome {
        self.run(spec).outcome.expect("a report has an outcome")
    }
}

impl<E: Executor> Drop for ExecutorUnderTest<E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.shutdown(WAIT_TIMEOUT);
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        for run in &*accepted {
            self.reports.wait(*run);
            let reports = self.reports.of(*run);
            assert_eq!(reports.len(), 1, "a run must be reported once: {reports:#?}");
        }
    }
}
