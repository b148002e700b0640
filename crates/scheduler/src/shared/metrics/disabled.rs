//! The functions without the feature `metrics`: they do nothing.

use punctual_core::{Alias, Event, JobContext, RunEvent, TaskName, Timestamp};

use super::Gauges;

/// Measures nothing.
pub(crate) struct Timer;

impl Timer {
    pub(crate) fn start() -> Self {
        Self
    }

    pub(crate) fn store_call(self, _store: &Alias, _call: &'static str, _has_failed: bool) {}
}

pub(crate) fn describe() {}

pub(crate) fn jobs_due(_store: &Alias, _count: usize) {}

pub(crate) fn run_started(_task: &TaskName, _context: &JobContext, _at: Timestamp) {}

pub(crate) fn run_ended(_task: &TaskName, _event: &RunEvent) {}

pub(crate) fn event(_event: &Event) {}

pub(crate) fn gauges(_collect: impl FnOnce() -> Gauges) {}
