//! Log lines about failures: of runs, jobs and stores.

use std::io::{Write, stderr};

use punctual_core::{Event, EventMask, RunEvent, SkippedFireTimes, log_is_received};
use tracing::Level;

/// The events that are logged.
const FAILURES: EventMask = EventMask::JOB_ERROR
    .union(EventMask::JOB_MISSED)
    .union(EventMask::JOB_MAX_INSTANCES)
    .union(EventMask::JOB_COALESCED)
    .union(EventMask::JOB_RETRY_SCHEDULED)
    .union(EventMask::JOB_DEAD_LETTERED)
    .union(EventMask::JOB_UNRESOLVED)
    .union(EventMask::JOB_RECOVERED)
    .union(EventMask::JOBSTORE_FAILED)
    .union(EventMask::JOBSTORE_RECOVERED)
    .union(EventMask::LEASE_LOST)
    .union(EventMask::LOOP_BLOCKED)
    .union(EventMask::RECORD_CORRUPT);

/// Which failures a scheduler logs, independently of its listeners; set by
/// [`SchedulerBuilder::failure_log`](crate::SchedulerBuilder::failure_log).
///
/// A run that fails, panics, times out, or is cancelled, killed, refused or lost is logged with the level ERROR, as is a
/// corrupt record. If its job has a [retry policy](punctual_core::RetryPolicy), a second record says when the run is
/// retried (WARN), or that it is not retried any more (ERROR). Fire times that are skipped because they were too late or
/// because of `max_instances`, cancelled runs that don't end in time, jobs that can't be run, runs of other processes that are taken over,
/// failures of a store, an expired lease and runs that block a loop are logged with the level WARN, and coalesced fire
/// times and the recovery of a store with INFO. Records about runs have the target `punctual::run`, the others `punctual::scheduler`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureLog {
    /// Failures are logged with the error and its causes.
    #[default]
    Full,
    /// The error of a run, which its job creates and which can contain secrets, is omitted. The kind of the outcome is
    /// logged.
    WithoutErrors,
    /// Failures are not logged. They are reported as events only.
    Off,
}

impl FailureLog {
    /// Logs an event, if it is a failure. If no `tracing` subscriber is installed, a line is written to standard error,
    /// except for those with the level INFO.
    #[inline]
    pub(super) fn record(self, event: &Event, kind: EventMask) {
        if FAILURES.intersects(kind) && self != Self::Off {
            self.record_failure(event);
        }
    }

    /// Logs that a run has not ended within the grace time after its cancellation: one on a thread can't be ended, and is
    /// not visible otherwise until it ends.
    pub(crate) fn not_ended(self, run: &RunEvent) {
        if self == Self::Off {
            return;
        }
        if log_is_received() {
            let RunEvent { job, run_id, scheduled_time, attempt, .. } = run;
            tracing::warn!(
                target: "punctual::run", store = %job.job_store, job = %job.job_id, run = %run_id,
                %scheduled_time, attempt, "the run was cancelled and has not ended"
            );
        } else {
            print_line(Level::WARN, &format_args!("{run}, was cancelled and has not ended"));
        }
    }

    #[cold]
    fn record_failure(self, event: &Event) {
        if log_is_received() {
            self.trace(event);
            return;
        }
        let level = match event {
            Event::JobError(_) | Event::JobDeadLettered(_) | Event::RecordCorrupt(_) => {
                Level::ERROR
            }
            Event::JobCoalesced(_) | Event::JobStoreRecovered(_) => return,
            _ => Level::WARN,
        };
        match event {
            Event::JobError(run) if self == Self::WithoutErrors => {
                print_line(level, &run.without_details());
            }
            // The error has been logged before.
            Event::JobRetryScheduled { run, at, .. } => {
                print_line(
                    level,
                    &format_args!("{}; it is retried at {at}", run.without_details()),
                );
            }
            Event::JobDeadLettered(run) => {
                let run = run.without_details();
                print_line(level, &format_args!("{run}; it is not retried any more"));
            }
            _ => print_line(level, event),
        }
    }

    fn trace(self, event: &Event) {
        match event {
            Event::JobError(run) => self.trace_run(run),
            Event::JobMissed(skipped) | Event::JobMaxInstances(skipped) => {
                let SkippedFireTimes { job, first, last, reason, .. } = skipped;
                let run = skipped.run_id.map(tracing::field::display);
                tracing::warn!(
                    target: "punctual::run", store = %job.job_store, job = %job.job_id, run,
                    scheduled_time = %first, until = %last, %reason, "not run"
                );
            }
            Event::JobCoalesced(SkippedFireTimes { job, first, last, reason, .. }) => {
                tracing::info!(
                    target: "punctual::run", store = %job.job_store, job = %job.job_id,
                    scheduled_time = %first, until = %last, %reason, "not run"
                );
            }
            Event::JobRetryScheduled { run, at, .. } => {
                let RunEvent { job, run_id, scheduled_time, attempt, .. } = run;
                tracing::warn!(
                    target: "punctual::run", store = %job.job_store, job = %job.job_id, run = %run_id,
                    %scheduled_time, attempt, %at, "the run is retried"
                );
            }
            Event::JobRecovered(run) => {
                let RunEvent { job, run_id, scheduled_time, attempt, .. } = run;
                tracing::warn!(
                    target: "punctual::run", store = %job.job_store, job = %job.job_id, run = %run_id,
                    %scheduled_time, attempt, "the run was taken over and is repeated"
                );
            }
            Event::JobDeadLettered(run) => {
                let RunEvent { job, run_id, scheduled_time, attempt, .. } = run;
                tracing::error!(
                    target: "punctual::run", store = %job.job_store, job = %job.job_id, run = %run_id,
                    %scheduled_time, attempt, "the run is not retried any more"
                );
            }
            Event::JobStoreRecovered(_) => {
                tracing::info!(target: "punctual::scheduler", "{event}");
            }
            Event::RecordCorrupt(_) => tracing::error!(target: "punctual::scheduler", "{event}"),
            _ => tracing::warn!(target: "punctual::scheduler", "{event}"),
        }
    }

    fn trace_run(self, event: &RunEvent) {
        let RunEvent { job, run_id, scheduled_time, attempt, outcome, .. } = event;
        let kind = outcome.as_ref().map(|outcome| tracing::field::display(outcome.kind()));
        let error = outcome.as_ref().filter(|_| self == Self::Full);
        let error = error.and_then(|outcome| outcome.error_text());
        tracing::error!(
            target: "punctual::run", store = %job.job_store, job = %job.job_id, run = %run_id,
            %scheduled_time, attempt, outcome = kind, error, "the run did not complete"
        );
    }
}

/// Writes a line to standard error. It may be closed; unlike `eprintln!`, this does not panic.
fn print_line(level: Level, text: &dyn std::fmt::Display) {
    let _ = writeln!(stderr(), "{level:>5} punctual: {text}");
}
