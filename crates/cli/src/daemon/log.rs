//! The log of the daemon: start and result of every run, and skipped runs.

use punctual::{Event, EventMask, JobId, RunId, RunOutcome, SkippedFireTimes};
use tracing::{Level, Span, error, info, span, warn};
use tracing_subscriber::EnvFilter;

use crate::command::OutputLine;

/// The log filter unless `RUST_LOG` is set.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Initializes logging to standard error.
pub fn init() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| DEFAULT_FILTER.into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .init();
}

/// The span of all log lines of a run.
pub(super) fn run_span(job: &JobId, run: RunId) -> Span {
    span!(Level::ERROR, "run", %job, id = %run)
}

/// Logs a part of the output of a command.
pub(super) fn output(line: OutputLine<'_>) {
    match line {
        OutputLine::Line(stream, text) => info!("{stream}: {text}"),
        OutputLine::Cut => warn!("the output limit is exceeded; further output is dropped"),
    }
}

/// The events that [`event`] logs.
pub(super) const EVENTS: EventMask = EventMask::JOB_ERROR
    .union(EventMask::JOB_MISSED)
    .union(EventMask::JOB_COALESCED)
    .union(EventMask::JOB_MAX_INSTANCES)
    .union(EventMask::JOB_UNRESOLVED)
    .union(EventMask::JOBSTORE_FAILED)
    .union(EventMask::RECORD_CORRUPT);

/// Logs why a run was skipped or did not finish. Results of commands are logged by their task.
pub(super) fn event(event: &Event) {
    match event {
        Event::JobError(run) => match &run.outcome {
            None | Some(RunOutcome::Failed(_)) => {}
            Some(outcome) => {
                run_span(&run.job.job_id, run.run_id).in_scope(|| error!("{outcome}"));
            }
        },
        Event::JobMissed(skipped)
        | Event::JobCoalesced(skipped)
        | Event::JobMaxInstances(skipped) => log_skipped(skipped),
        // The state file.
        _ => warn!("{event}"),
    }
}

fn log_skipped(skipped: &SkippedFireTimes) {
    let SkippedFireTimes { job, first, last, reason, .. } = skipped;
    let job = &job.job_id;
    if first == last {
        warn!(%job, "not run at {first}: {reason}");
    } else {
        warn!(%job, "not run from {first} to {last}: {reason}");
    }
}
