//! Waits for the last of a known number of runs.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use crate::measure::now;

pub(crate) struct Done {
    /// The thread that waits.
    waiting: Thread,
    remaining: AtomicUsize,
    ended: OnceLock<Instant>,
}

impl Done {
    /// This thread will wait for `runs` runs.
    pub(crate) fn after(runs: usize) -> Self {
        let remaining = AtomicUsize::new(runs);
        Self { waiting: thread::current(), remaining, ended: OnceLock::new() }
    }

    /// Counts a run.
    pub(crate) fn count(&self) {
        if self.remaining.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.ended.get_or_init(now);
            self.waiting.unpark();
        }
    }

    /// Waits until all runs were counted, or the limit has passed. Returns when the last one was counted.
    pub(crate) fn wait(&self, limit: Duration) -> Option<Instant> {
        let started = now();
        while self.ended.get().is_none() {
            thread::park_timeout(limit.checked_sub(started.elapsed())?);
        }
        self.ended.get().copied()
    }
}
