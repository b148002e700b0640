//! Due jobs that can't be run in this process: reported once for each cause.

use std::sync::Arc;

use punctual_core::{Event, JobProblem, JobRecord, StoreError, TaskFilter, Timestamp, error_chain};

use super::PassRunner;
use super::state::PassState;
use crate::store::RegisteredStore;

/// Number of jobs listed to find due jobs with unknown tasks.
const MAX_LISTED: usize = 1_000;

impl PassRunner {
    /// Reports due jobs whose task is not registered in this process. They stay due for processes that have registered
    /// it. All other due jobs have been claimed before.
    pub(super) async fn report_unknown(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        pass.unknown_tasks_checked_at = Some(now);
        let any = store.backend.next_wakeup(&TaskFilter::Any).await?;
        if any.is_none_or(|due| due > now) {
            return Ok(());
        }
        let page = store.backend.list(None, MAX_LISTED).await?;
        store.report_corrupt(page.corrupt);
        for record in page.records {
            let due = record.schedule.is_some_and(|schedule| schedule.due_at <= now);
            if due && !filter.matches(&record.task) {
                let problem = Arc::new(JobProblem::UnknownTask(record.task.clone()));
                self.report_unresolved(store, pass, &record, problem);
            }
        }
        Ok(())
    }

    /// Reports a job that can't be run in this process, once for each cause.
    pub(super) fn report_unresolved(
        &self,
        store: &RegisteredStore,
        pass: &mut PassState,
        record: &JobRecord,
        problem: Arc<JobProblem>,
    ) {
        let text = error_chain(&problem).to_string();
        if pass.reported_problems.get(&record.id) == Some(&text) {
            return;
        }
        pass.reported_problems.insert(record.id.clone(), text);
        self.shared.bus.emit(Event::job_unresolved(store.job_ref(&record.id), problem));
    }
}
