//! The `tracing` span of a run.

use tracing::Span;
use tracing::field::Empty;
use tracing::level_filters::LevelFilter;

use crate::event::RunOutcome;
use crate::task::{JobContext, TaskName};

/// Creates the span of a run that starts: a root span, because the run is independent of the code that starts it. Returns
/// `None`, at the cost of one comparison, if no subscriber receives this level. Loggers of the crate `log` receive no
/// spans.
pub(super) fn run_span(task: &TaskName, context: &JobContext) -> Option<Box<Span>> {
    if LevelFilter::current() < LevelFilter::INFO {
        return None;
    }
    let span = tracing::info_span!(
        target: "punctual::run",
        parent: None,
        "run",
        store = %context.job_store(),
        job = %context.job_id(),
        task = %task,
        run = %context.run_id(),
        scheduled_time = %context.scheduled_time(),
        attempt = context.attempt(),
        outcome = Empty,
        otel.status_code = Empty,
    );
    (!span.is_disabled()).then(|| Box::new(span))
}

/// Records the outcome in the span of a run. The error is not recorded, because it can contain secrets.
pub(super) fn end_span(span: &Span, outcome: &RunOutcome) {
    span.record("outcome", outcome.kind().name());
    if !outcome.is_success() {
        span.record("otel.status_code", "ERROR");
    }
}
