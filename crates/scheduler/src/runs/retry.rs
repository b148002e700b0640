//! Planning the retries of failed runs.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Coalesce, Event, IntoTrigger, JobDefinition, JobId, JobRecord, NewRecord, OutcomeKind, Overlap,
    RetryHint, RetryOf, RetryOn, RetryPolicy, RunEvent, RunId, RunOutcome, Schedule, Timestamp,
    TriggerSpec, error_chain,
};
use punctual_triggers::{DateTrigger, trigger_defaults};

use super::RunTracker;
use super::active::ActiveRuns;
use super::launch::NewRun;
use crate::error::SchedulerError;
use crate::store::{FailedRun, GuardedAttempt, RegisteredStore, RunGuard};

/// A run in progress whose job has a retry policy.
struct RetriedRun {
    store: Arc<RegisteredStore>,
    definition: Arc<JobDefinition>,
    attempt: u32,
    job: JobId,
    guard: RunGuard,
}

impl RetriedRun {
    fn guarded(&self, event: &RunEvent) -> Option<GuardedAttempt> {
        (!matches!(self.guard, RunGuard::None)).then(|| GuardedAttempt {
            job: self.job.clone(),
            guard: self.guard.clone(),
            scheduled_time: event.scheduled_time,
            started: event.started,
        })
    }
}

impl RunTracker {
    /// Queues the retry or the dead letter of a run that has ended, if its job has a retry policy and it has failed. Called
    /// before the run is removed from the runs in progress: its claim or its record is not cleared before the queue is stored.
    ///
    /// A run that has not `ended`, because no executor has completed it, is repeated anyway if it is recorded.
    pub(super) fn plan_retry(&self, event: &RunEvent, ended: bool, now: Timestamp) {
        let Some(outcome) = &event.outcome else { return };
        let Some(failure) = failure_of(outcome.kind()) else { return };
        let Some(run) = self.active.lock().retried(event.run_id) else { return };
        let Some(policy) = &run.definition.options.retry else { return };
        let is_retried = policy.retried_failures().contains(failure);
        if !ended && (run.guard.is_held() || !is_retried) {
            return;
        }
        let store = Arc::clone(&run.store);
        match self.failed_run(event, outcome, policy, &run, is_retried, store.clock.to_store(now)) {
            Ok(failed) => {
                if !store.caps.persistent {
                    self.shared.hold_closure(&failed.record.task);
                }
                store.pending.add_failed_run(failed);
            }
            Err(error) => tracing::error!(
                target: "punctual::scheduler", job = %event.job.job_id, run = %event.run_id, error = %error_chain(&error),
                "the failed run can't be retried: its retry can't be stored"
            ),
        }
    }

    /// Stores a retry again, due at once: its commit has removed it, but no instance is free for its run.
    pub(crate) fn store_again(&self, store: &RegisteredStore, retry: &JobRecord, run: &NewRun) {
        if !store.caps.persistent {
            self.shared.hold_closure(&retry.task);
        }
        store.pending.add_failed_run(FailedRun {
            run_id: run.run_id,
            guarded: None,
            record: NewRecord {
                id: retry.id.clone(),
                task: retry.task.clone(),
                definition: retry.definition.clone(),
                schedule: Some(Schedule::at(store.now())),
            },
            event: None,
        });
    }

    fn failed_run(
        &self,
        event: &RunEvent,
        outcome: &RunOutcome,
        policy: &RetryPolicy,
        run: &RetriedRun,
        is_retried: bool,
        now: Timestamp,
    ) -> Result<FailedRun, SchedulerError> {
        let attempt = run.attempt.max(event.attempt);
        let kind = outcome.kind().name().to_owned();
        let mut failed = match run.definition.retry_of.as_deref() {
            Some(before) => {
                let mut failed = before.clone();
                if before.is_dead {
                    // A user has retried it: the policy counts from here.
                    failed.earlier_attempts = before.failed_attempt;
                    failed.first_failure = now;
                }
                failed.failed_retry = Some(before.id());
                (failed.failed_attempt, failed.last_failure, failed.outcome) = (attempt, now, kind);
                failed
            }
            None => {
                let (job, time) = (event.job.job_id.clone(), event.scheduled_time);
                RetryOf::new(job, event.run_id, time, attempt, now, kind)
            }
        };
        let counted = attempt.saturating_sub(failed.earlier_attempts).max(1);
        let delay = match outcome {
            RunOutcome::Failed(error) => match RetryHint::of(error) {
                Some(RetryHint::After(delay)) => Some(Some(delay)),
                Some(_) => None,
                None => Some(None),
            },
            _ => Some(None),
        };
        let next = delay.filter(|_| is_retried).and_then(|delay: Option<Duration>| {
            let random = &mut |below| fastrand::u64(..below);
            policy.next_attempt_at(counted, failed.first_failure, now, delay, random)
        });
        failed.is_dead = next.is_none();
        let failed = failed.with_error(outcome.error_text());
        let id = failed.id();
        let defaults = trigger_defaults(self.shared.zone(), now);
        let trigger = DateTrigger::at(next.unwrap_or(now)).into_trigger(&defaults);
        let mut definition = JobDefinition::clone(&run.definition);
        definition.trigger = TriggerSpec::of(trigger.map_err(punctual_core::JobError::from)?);
        definition.first_run = None;
        definition.retry_of = Some(Arc::new(failed));
        let options = &mut definition.options;
        // However late it is, it runs; and it waits for a free instance.
        options.misfire_grace_time = None;
        options.coalesce = Coalesce::Latest;
        options.overlap = Some(Overlap::QueueAll);
        (options.max_catch_up_runs, options.max_catch_up_age) = (None, None);
        Ok(FailedRun {
            run_id: event.run_id,
            guarded: run.guarded(event),
            record: NewRecord {
                task: definition.task.clone(),
                definition: run.store.definition(&id, &Arc::new(definition))?,
                schedule: next.map(Schedule::at),
                id,
            },
            event: Some(match next {
                Some(at) => Event::job_retry_scheduled(event.clone(), at),
                None => Event::JobDeadLettered(event.clone()),
            }),
        })
    }
}

impl ActiveRuns {
    /// A run in progress whose job has a retry policy.
    fn retried(&self, run: RunId) -> Option<RetriedRun> {
        let run = self.runs.get(&run).filter(|run| !run.is_reported())?;
        Some(RetriedRun {
            store: Arc::clone(&run.store),
            definition: run
                .rare
                .as_ref()?
                .retry
                .clone()
                .filter(|job| job.options.retry.is_some())?,
            attempt: run.attempt,
            job: run.stored_id().clone(),
            guard: run.guard.clone(),
        })
    }
}

/// The failure for which a policy can retry a run. `None` if the run has not failed in its task or its executor.
fn failure_of(outcome: OutcomeKind) -> Option<RetryOn> {
    Some(match outcome {
        OutcomeKind::Failed => RetryOn::FAILED,
        OutcomeKind::Panicked => RetryOn::PANICKED,
        OutcomeKind::TimedOut => RetryOn::TIMED_OUT,
        OutcomeKind::Killed => RetryOn::KILLED,
        OutcomeKind::Refused | OutcomeKind::Lost => RetryOn::LOST,
        _ => return None,
    })
}
