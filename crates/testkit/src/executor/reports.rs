//! How runs ended, as the scheduler would hear it.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use punctual_core::{RunEvent, RunId, RunReport, RunSink};

use super::PATIENCE;

/// Takes reports and lets cases wait for them.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    by_run: Mutex<HashMap<RunId, Vec<RunEvent>>>,
    arrived: Condvar,
}

impl Reports {
    /// The report of this run, once it is there.
    #[track_caller]
    pub(crate) fn wait(&self, run: RunId) -> RunEvent {
        self.wait_until(|reports| reports.contains_key(&run));
        self.of(run).remove(0)
    }

    /// Waits until so many runs have been reported.
    #[track_caller]
    pub(crate) fn wait_for_count(&self, count: usize) {
        self.wait_until(|reports| reports.len() >= count);
    }

    /// The reports of this run so far; more than one is a fault.
    pub(crate) fn of(&self, run: RunId) -> Vec<RunEvent> {
        self.lock().get(&run).cloned().unwrap_or_default()
    }

    #[track_caller]
    fn wait_until(&self, done: impl Fn(&HashMap<RunId, Vec<RunEvent>>) -> bool) {
        let waited =
            self.arrived.wait_timeout_while(self.lock(), PATIENCE, |reports| !done(reports));
        let (reports, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "a run was not reported; {} were", reports.len());
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
