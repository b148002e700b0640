//! From a record to everything that it names in this process.

use std::sync::Arc;

use punctual_core::{DynTask, Executor, JobProblem, JobRecord};

use super::Runs;
use crate::store::{Decoded, Slot};

/// All that is needed to run a job here.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub decoded: Arc<Decoded>,
    pub(super) task: Arc<dyn DynTask>,
    pub(super) executor: Arc<dyn Executor>,
}

impl Runs {
    /// Finds everything that a record names in this process.
    pub(crate) fn resolve(
        &self,
        slot: &Slot,
        record: &JobRecord,
    ) -> Result<Resolved, Arc<JobProblem>> {
        let decoded = slot.decode(record)?;
        let task = self.shared.task(&record.task);
        let task = task.ok_or_else(|| JobProblem::UnknownTask(record.task.clone()))?;
        decoded.check_args(&*task)?;
        let alias = &decoded.definition.executor;
        let executor = self.shared.executor(alias);
        let executor = executor.ok_or_else(|| JobProblem::UnknownExecutor(alias.clone()))?;
        Ok(Resolved { decoded, task, executor })
    }
}
