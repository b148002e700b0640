//! Running a job at once, outside of its schedule.

use punctual_core::{Commit, CommitAction, CommitOutcome, Recovery, RunId, StoreError};

use super::Engine;
use super::add::CONFLICT_RETRIES;
use super::life::SchedulerState;
use super::manage::JobSelector;
use super::submit::NewRun;
use crate::SchedulerError;

impl Engine {
    /// Starts a run of the job in this process now. Its schedule stays; its limits hold.
    pub(crate) async fn run_job_now(&self, selector: JobSelector) -> Result<RunId, SchedulerError> {
        if !matches!(self.scheduler_state(), SchedulerState::Running | SchedulerState::Paused) {
            return Err(SchedulerError::NotRunning);
        }
        for _ in 0..CONFLICT_RETRIES {
            let (slot, record) = self.find_stored(selector.clone()).await?;
            let resolved = self
                .resolve(&slot, &record)
                .map_err(|problem| SchedulerError::Unresolved { id: record.id.clone(), problem })?;
            let options = &resolved.decoded.definition.options;
            let running = self.active.lock().count(&slot, &record.id).max(record.in_flight);
            if running >= options.max_instances {
                return Err(SchedulerError::MaxInstances(record.id));
            }
            let run = NewRun {
                run_id: self.new_run_id(),
                scheduled_time: self.clock.now(),
                attempt: 1,
                recorded: (options.recovery == Recovery::Rerun).then_some(record.fence),
                deadline: None,
            };
            if run.recorded.is_some() {
                let runs = vec![run.record(&self.node.lock().clone())];
                let action = CommitAction::Start { runs };
                let commit = Commit { id: record.id.clone(), fence: record.fence, action };
                let outcome = match slot.store.commit(vec![commit]).await {
                    Ok(outcome) => outcome,
                    Err(error) => {
                        // Perhaps it was recorded: the run, which is not started, must block no other.
                        let action = CommitAction::ClearRun { run_id: run.run_id };
                        slot.settle(&record.id, &record.task, record.fence, action);
                        self.wake.notify_one();
                        return Err(slot.error(error));
                    }
                };
                if outcome.first() == Some(&CommitOutcome::Stale) {
                    // Claimed or changed in between: look again.
                    continue;
                }
            }
            let run_id = run.run_id;
            self.submit(&slot, &record, &resolved, run);
            return Ok(run_id);
        }
        let (slot, record) = self.find_stored(selector).await?;
        Err(slot.error(StoreError::conflict(&record.id)))
    }
}
