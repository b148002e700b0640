//! What stands for children and pools where there are no Unix processes: nothing can be started.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{ExecutorError, Refused, Run, TaskName, Tasks};

use crate::builder::Options;

/// Does nothing: child processes need Unix.
pub fn init(_tasks: &Tasks) {}

pub(crate) fn known() -> Option<&'static HashSet<TaskName>> {
    static NONE: std::sync::OnceLock<HashSet<TaskName>> = std::sync::OnceLock::new();
    Some(NONE.get_or_init(HashSet::new))
}

#[derive(Debug)]
pub(crate) enum Pool {}

impl Pool {
    pub(crate) fn start(_options: Arc<Options>) -> Result<Self, ExecutorError> {
        Err(ExecutorError::Unsupported("a pool of processes needs Unix"))
    }

    pub(crate) fn push(&self, _run: Run) -> Result<(), Refused> {
        match *self {}
    }

    pub(crate) async fn close(self, _timeout: Duration) {
        match self {}
    }
}
