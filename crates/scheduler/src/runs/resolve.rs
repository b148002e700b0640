//! Resolving a record to the task, executor and definition that it names.

use std::sync::Arc;

use punctual_core::{DynTask, Executor, JobProblem, JobRecord};

use super::RunTracker;
use crate::store::{DecodedJob, RegisteredStore};

/// A decoded job with its task and executor.
#[derive(Clone)]
pub(crate) struct ResolvedJob {
    pub decoded: Arc<DecodedJob>,
    pub(super) task: Arc<dyn DynTask>,
    pub(super) executor: Arc<dyn Executor>,
}

impl RunTracker {
    /// Decodes a record, and looks up its task and executor in this process.
    pub(crate) fn resolve(
        &self,
        store: &RegisteredStore,
        record: &JobRecord,
    ) -> Result<ResolvedJob, Arc<JobProblem>> {
        let decoded = store.decode(record)?;
        let task = self.shared.task(&record.task);
        let task = task.ok_or_else(|| JobProblem::UnknownTask(record.task.clone()))?;
        decoded.check_args(&*task)?;
        let alias = &decoded.definition.executor;
        let executor = self.shared.executor(alias);
        let executor = executor.ok_or_else(|| JobProblem::UnknownExecutor(alias.clone()))?;
        Ok(ResolvedJob { decoded, task, executor })
    }
}
