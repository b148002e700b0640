//! An executor in the hands of a case.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use punctual_core::{Executor, Refused, RunEvent, RunId, RunOutcome, Timestamp};
use tokio::runtime::{Builder, Runtime};

use super::PATIENCE;
use super::order::Order;
use super::reports::Reports;
use super::tasks::add;
use crate::ManualClock;

/// An executor, and what its runs reported. In the end it is shut down, and every run that it took must
/// have been reported exactly once: in every case.
#[derive(Debug)]
pub struct Handle<E: Executor> {
    /// Stands for the scheduler's: it has no threads, and is polled only to start and to shut down.
    runtime: Runtime,
    pub(crate) executor: Arc<E>,
    pub(crate) clock: ManualClock,
    pub(crate) reports: Arc<Reports>,
    taken: Mutex<Vec<RunId>>,
}

impl<E: Executor> Handle<E> {
    pub(crate) fn new(executor: E) -> Self {
        Self {
            runtime: Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for the case"),
            executor: Arc::new(executor),
            clock: ManualClock::at(Timestamp::from_seconds(1_000)),
            reports: Arc::default(),
            taken: Mutex::default(),
        }
    }

    #[track_caller]
    pub(crate) fn start(&self) {
        self.start_in_runtime(&*self.executor);
    }

    /// Starts an executor as a scheduler does.
    #[track_caller]
    pub(crate) fn start_in_runtime(&self, executor: &E) {
        let started = self.runtime.block_on(async { executor.start() });
        started.expect("the executor starts");
    }

    pub(crate) fn shutdown(&self, timeout: Duration) {
        // The future is made in the runtime too, as the scheduler makes it.
        self.runtime.block_on(async { self.executor.shutdown(timeout).await });
    }

    pub(crate) fn try_submit(&self, order: Order) -> Result<RunId, Refused> {
        self.submit_to(&self.executor, order)
    }

    /// Whether it does at this moment.
    pub(crate) fn takes_runs(&self) -> bool {
        self.try_submit(Order::call(add(1, 1))).is_ok()
    }

    /// Submits to whatever executor; the report comes here.
    pub(crate) fn submit_to(&self, executor: &E, order: Order) -> Result<RunId, Refused> {
        let id = order.context.run_id();
        let clock = Arc::new(self.clock.clone());
        let sink = Arc::<Reports>::clone(&self.reports);
        executor.submit(order.into_run(clock, sink))?;
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(id);
        Ok(id)
    }

    #[track_caller]
    pub(crate) fn submit(&self, order: Order) -> RunId {
        self.try_submit(order).expect("the executor takes the run")
    }

    /// Submits, and waits for the report.
    #[track_caller]
    pub(crate) fn run(&self, order: Order) -> RunEvent {
        let id = self.submit(order);
        self.reports.wait(id)
    }

    /// Submits, and waits for the end.
    #[track_caller]
    pub(crate) fn outcome(&self, order: Order) -> RunOutcome {
        self.run(order).outcome.expect("a report has an outcome")
    }
}

impl<E: Executor> Drop for Handle<E> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.shutdown(PATIENCE);
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        for run in &*taken {
            self.reports.wait(*run);
            let reports = self.reports.of(*run);
            assert_eq!(reports.len(), 1, "one report of a run: {reports:#?}");
        }
    }
}
