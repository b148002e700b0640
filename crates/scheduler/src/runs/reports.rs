//! The reports of runs that have ended.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{RunReport, RunSink};

use crate::shared::Wake;

/// The reports of ended runs, until the next pass deals with them.
pub(super) struct Reports {
    waiting: Mutex<Vec<RunReport>>,
    wake: Arc<Wake>,
}

impl RunSink for Reports {
    fn report(&self, report: RunReport) {
        let mut waiting = self.waiting.lock();
        waiting.push(report);
        let first = waiting.len() == 1;
        drop(waiting);
        // One signal for all that have come since the last pass.
        if first {
            self.wake.wake();
        }
    }
}

impl Reports {
    pub(super) fn new(wake: Arc<Wake>) -> Arc<Self> {
        Arc::new(Self { waiting: Mutex::default(), wake })
    }

    pub(super) fn take(&self) -> Vec<RunReport> {
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Takes an emptied list back, so that the next reports need no new one.
    pub(super) fn give_back(&self, empty: Vec<RunReport>) {
        let mut waiting = self.waiting.lock();
        if waiting.capacity() == 0 {
            *waiting = empty;
        }
    }
}
