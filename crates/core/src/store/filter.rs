//! Which jobs a scheduler can run.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::task::TaskName;

/// Which jobs a scheduler can run, by their task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskFilter {
    /// All of them.
    Any,
    /// Those of these tasks; the others are left to processes that know them.
    Only(Arc<BTreeSet<TaskName>>),
}

impl TaskFilter {
    /// Whether jobs of this task pass.
    #[must_use]
    pub fn passes(&self, task: &TaskName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(task),
        }
    }
}
