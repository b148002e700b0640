//! Reports of completed runs.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{Event, JobContext, RunEvent, RunReport, RunSink, TaskName, Timestamp};

use crate::shared::{Shared, Wake, metrics};

/// Buffers the reports of completed runs until the next tick.
pub(super) struct Reports {
    buffer: Mutex<Vec<RunReport>>,
    wake: Arc<Wake>,
    /// Weak: runs in the queues of executors refer to this value, and `Shared` owns the executors.
    shared: Weak<Shared>,
}

impl RunSink for Reports {
    fn report(&self, report: RunReport) {
        let mut buffer = self.buffer.lock();
        buffer.push(report);
        let first = buffer.len() == 1;
        drop(buffer);
        // One signal for all reports since the last tick.
        if first {
            self.wake.wake();
        }
    }

    fn started(&self, task: &TaskName, context: &JobContext, at: Timestamp) {
        metrics::run_started(task, context, at);
    }

    fn blocked(&self, run: RunEvent, duration: Duration) {
        if let Some(shared) = self.shared.upgrade() {
            shared.bus.emit(Event::loop_blocked(run, duration));
        }
    }
}

impl Reports {
    pub(super) fn new(shared: &Arc<Shared>) -> Arc<Self> {
        let (wake, shared) = (Arc::clone(&shared.wake), Arc::downgrade(shared));
        Arc::new(Self { buffer: Mutex::default(), wake, shared })
    }

    pub(super) fn take(&self) -> Vec<RunReport> {
        std::mem::take(&mut *self.buffer.lock())
    }

    /// Recycles the drained buffer.
    pub(super) fn recycle(&self, empty: Vec<RunReport>) {
        let mut buffer = self.buffer.lock();
        if buffer.capacity() == 0 {
            *buffer = empty;
        }
    }
}
