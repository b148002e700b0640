//! The reports that the scheduler would receive.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use punctual_core::{RunEvent, RunId, RunReport, RunSink};

use super::WAIT_TIMEOUT;

/// Collects the reports of runs; cases wait for them.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    by_run: Mutex<HashMap<RunId, Vec<RunEvent>>>,
    arrived: Condvar,
}

impl Reports {
    /// Waits for the report of this run.
    #[track_caller]
    pub(crate) fn wait(&self, run: RunId) -> RunEvent {
        self.wait_until(|reports| reports.contains_key(&run));
        self.of(run).remove(0)
    }

    /// Waits until `count` runs have been reported.
    #[track_caller]
    pub(crate) fn wait_for_count(&self, count: usize) {
        self.wait_until(|reports| reports.len() >= count);
    }

    /// The reports of this run so far. More than one violates the contract.
    pub(crate) fn of(&self, run: RunId) -> Vec<RunEvent> {
        self.lock().get(&run).cloned().unwrap_or_default()
    }

    #[track_caller]
    fn wait_until(&self, done: impl Fn(&HashMap<RunId, Vec<RunEvent>>) -> bool) {
        let waited =
            self.arrived.wait_timeout_while(self.lock(), WAIT_TIMEOUT, |reports| !done(reports));
        let (reports, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "a run was not reported within the timeout; {} were reported",
            reports.len()
        );
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Vec<RunEvent>>> {
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RunSink for Reports {
    fn report(&self, report: RunReport) {
        let event = report.event;
        self.lock().entry(event.run_id).or_default().push(event);
        self.arrived.notify_all();
    }
}
