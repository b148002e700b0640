//! Due jobs that can't be run here: told once for each cause.

use std::sync::Arc;

use punctual_core::{Event, JobProblem, JobRecord, StoreError, TaskFilter, Timestamp, error_chain};

use super::Passes;
use super::state::PassState;
use crate::store::Slot;

/// How many jobs are looked at to find those of unknown tasks.
const UNKNOWN_PAGE: usize = 1_000;

impl Passes {
    /// Tells of due jobs whose task nobody here knows; they are left to processes that know it. Whatever else
    /// was due has been claimed.
    pub(super) async fn report_unknown(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        pass.looked_for_unknown = Some(now);
        let any = slot.store.next_wakeup(&TaskFilter::Any).await?;
        if any.is_none_or(|due| due > now) {
            return Ok(());
        }
        let page = slot.store.list(None, UNKNOWN_PAGE).await?;
        slot.report_corrupt(page.corrupt);
        for record in page.records {
            let due = record.schedule.is_some_and(|schedule| schedule.due_at <= now);
            if due && !filter.passes(&record.task) {
                let problem = Arc::new(JobProblem::UnknownTask(record.task.clone()));
                self.report_unresolved(slot, pass, &record, problem);
            }
        }
        Ok(())
    }

    /// Tells of a job that can't be run here, once for each cause.
    pub(super) fn report_unresolved(
        &self,
        slot: &Slot,
        pass: &mut PassState,
        record: &JobRecord,
        problem: Arc<JobProblem>,
    ) {
        let text = error_chain(&problem).to_string();
        if pass.reported.get(&record.id) == Some(&text) {
            return;
        }
        tracing::warn!(store = %slot.alias, job = %record.id, problem = %text, "the job can't be run here");
        pass.reported.insert(record.id.clone(), text);
        self.shared.bus.emit(Event::JobUnresolved { job: slot.job_ref(&record.id), problem });
    }
}
