//! Filters of jobs by task.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::task::TaskName;

/// Selects the jobs that a scheduler can run, by their task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskFilter {
    /// All jobs.
    Any,
    /// Only jobs of these tasks. Other processes run the remaining ones.
    Only(Arc<BTreeSet<TaskName>>),
}

impl TaskFilter {
    /// Returns whether the filter matches jobs of this task.
    #[must_use]
    pub fn matches(&self, task: &TaskName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(task),
        }
    }
}
