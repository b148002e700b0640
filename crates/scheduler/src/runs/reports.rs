//! Reports of completed runs.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{JobContext, RunReport, RunSink, TaskName, Timestamp};

use crate::shared::{Wake, metrics};

/// Buffers the reports of completed runs until the next tick.
pub(super) struct Reports {
    buffer: Mutex<Vec<RunReport>>,
    wake: Arc<Wake>,
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
}

impl Reports {
    pub(super) fn new(wake: Arc<Wake>) -> Arc<Self> {
        Arc::new(Self { buffer: Mutex::default(), wake })
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
