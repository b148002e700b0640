//! The metrics, and the functions that record them.
//!
//! Names follow the conventions of OpenTelemetry and Prometheus: base units, `_total` for counters. Labels have few
//! values: aliases of stores and executors, names of tasks, outcomes; never the id of a job or a run.

use std::time::Instant;

use metrics::{SharedString, Unit, counter, gauge, histogram};
use punctual_core::{
    Alias, Event, JobContext, RunEvent, SkipReason, SkippedFireTimes, TaskName, Timestamp,
};

use super::Gauges;

/// A metric with its labels.
pub(crate) struct Metric {
    pub name: &'static str,
    pub kind: MetricKind,
    pub unit: Unit,
    #[cfg_attr(not(test), expect(dead_code, reason = "compared with the guide by a test"))]
    pub labels: &'static [&'static str],
    pub description: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// Declares the names, and the list of all metrics.
macro_rules! metrics {
    ($($const:ident: $kind:ident $name:literal, $unit:ident, [$($label:literal),*], $description:literal;)*) => {
        $(const $const: &str = $name;)*

        /// All metrics.
        pub(crate) const METRICS: &[Metric] = &[$(Metric {
            name: $name,
            kind: MetricKind::$kind,
            unit: Unit::$unit,
            labels: &[$($label),*],
            description: $description,
        }),*];
    };
}

metrics! {
    JOBS_DUE: Counter "punctual_jobs_due_total", Count, ["job_store"],
        "Due jobs that this process has claimed.";
    RUNS_STARTED: Counter "punctual_runs_started_total", Count, ["job_store", "task"],
        "Runs that have started.";
    RUNS_ENDED: Counter "punctual_runs_ended_total", Count, ["job_store", "outcome", "task"],
        "Runs that have ended, or were not started, by their outcome.";
    RETRIES: Counter "punctual_retries_scheduled_total", Count, ["job_store"],
        "Failed runs whose next attempt was stored.";
    DEAD_LETTERS: Counter "punctual_dead_letters_total", Count, ["job_store"],
        "Failed runs that are not retried any more, and were stored as dead letters.";
    SKIPS: Counter "punctual_skips_total", Count, ["job_store", "reason"],
        "Ranges of fire times for which no run was started.";
    STORE_FAILURES: Counter "punctual_job_store_failures_total", Count, ["job_store"],
        "Passes over a job store that have failed.";
    RUN_LATENESS: Histogram "punctual_run_lateness_seconds", Seconds, ["job_store", "task"],
        "Time from the scheduled time of a run to the start of its first attempt.";
    RUN_DURATION: Histogram "punctual_run_duration_seconds", Seconds,
        ["job_store", "outcome", "task"], "Time from the start of a run to its end.";
    STORE_CALL_DURATION: Histogram "punctual_job_store_call_duration_seconds", Seconds,
        ["call", "job_store", "result"], "Duration of the calls of a job store.";
    LAST_TICK: Gauge "punctual_last_tick_timestamp_seconds", Seconds, [],
        "Start of the last tick of the scheduler, as a Unix time.";
    RUNS_ACTIVE: Gauge "punctual_runs_active", Count, [], "Runs that are queued or running.";
    EVENTS_QUEUED: Gauge "punctual_events_queued", Count, [],
        "Events that wait for the thread of the listeners.";
    EXECUTOR_QUEUED: Gauge "punctual_executor_runs_queued", Count, ["executor"],
        "Runs that wait for a free worker of an executor.";
    EXECUTOR_RUNNING: Gauge "punctual_executor_runs_running", Count, ["executor"],
        "Workers of an executor that execute a run.";
    STORE_UP: Gauge "punctual_job_store_up", Count, ["job_store"],
        "1 if the last pass over a job store succeeded, otherwise 0.";
    STORE_LAG: Gauge "punctual_job_store_lag_seconds", Seconds, ["job_store"],
        "Time since the earliest job that has not been claimed is due.";
}

/// Passes the units and descriptions to the recorder.
pub(crate) fn describe() {
    for metric in METRICS {
        let (name, unit, description) = (metric.name, metric.unit, metric.description);
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(name, unit, description),
            MetricKind::Gauge => metrics::describe_gauge!(name, unit, description),
            MetricKind::Histogram => metrics::describe_histogram!(name, unit, description),
        }
    }
}

/// Measures the time of a store call.
pub(crate) struct Timer(Instant);

impl Timer {
    #[expect(
        clippy::disallowed_methods,
        reason = "a duration is measured, independent of the clock"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn store_call(self, store: &Alias, call: &'static str, has_failed: bool) {
        let result = if has_failed { "error" } else { "ok" };
        histogram!(
            STORE_CALL_DURATION,
            "job_store" => text(store.as_str()), "call" => call, "result" => result
        )
        .record(self.0.elapsed());
    }
}

pub(crate) fn jobs_due(store: &Alias, count: usize) {
    counter!(JOBS_DUE, "job_store" => text(store.as_str())).increment(count as u64);
}

pub(crate) fn run_started(task: &TaskName, context: &JobContext, at: Timestamp) {
    let (store, task) = (text(context.job_store().as_str()), task_label(task));
    counter!(RUNS_STARTED, "job_store" => store.clone(), "task" => task.clone()).increment(1);
    // Later attempts are delayed on purpose.
    if context.attempt() == 1 {
        histogram!(RUN_LATENESS, "job_store" => store, "task" => task)
            .record(at.saturating_since(context.scheduled_time()));
    }
}

pub(crate) fn run_ended(task: &TaskName, event: &RunEvent) {
    let Some(outcome) = event.outcome.as_ref().map(|outcome| outcome.kind().name()) else {
        return;
    };
    let (store, task) = (text(event.job.job_store.as_str()), task_label(task));
    if let (Some(started), Some(finished)) = (event.started, event.finished) {
        histogram!(
            RUN_DURATION,
            "job_store" => store.clone(), "task" => task.clone(), "outcome" => outcome
        )
        .record(finished.saturating_since(started));
    }
    counter!(RUNS_ENDED, "job_store" => store, "task" => task, "outcome" => outcome).increment(1);
}

/// Counts skipped fire times, retries, dead letters, and failures of stores.
pub(crate) fn event(event: &Event) {
    match event {
        // Missed by its executor: it has ended.
        Event::JobMissed(SkippedFireTimes { run_id: Some(_), .. }) => {}
        Event::JobMissed(skipped)
        | Event::JobMaxInstances(skipped)
        | Event::JobCoalesced(skipped) => {
            let reason = match skipped.reason {
                SkipReason::TooLate => "too_late",
                SkipReason::CatchUpLimit => "catch_up_limit",
                SkipReason::MaxInstances => "max_instances",
                SkipReason::Coalesced => "coalesced",
                SkipReason::ScheduleChanged => "schedule_changed",
                _ => "other",
            };
            let store = text(skipped.job.job_store.as_str());
            counter!(SKIPS, "job_store" => store, "reason" => reason).increment(1);
        }
        Event::JobRetryScheduled { run, .. } => {
            counter!(RETRIES, "job_store" => text(run.job.job_store.as_str())).increment(1);
        }
        Event::JobDeadLettered(run) => {
            counter!(DEAD_LETTERS, "job_store" => text(run.job.job_store.as_str())).increment(1);
        }
        Event::JobStoreFailed { job_store, .. } => {
            counter!(STORE_FAILURES, "job_store" => text(job_store.as_str())).increment(1);
        }
        _ => {}
    }
}

/// Sets all gauges.
pub(crate) fn gauges(collect: impl FnOnce() -> Gauges) {
    let gauges = collect();
    gauge!(LAST_TICK).set(gauges.last_tick.as_micros() as f64 / 1e6);
    gauge!(RUNS_ACTIVE).set(gauges.active_runs as f64);
    gauge!(EVENTS_QUEUED).set(gauges.queued_events as f64);
    for (alias, load) in gauges.executors {
        let executor = text(alias.as_str());
        gauge!(EXECUTOR_QUEUED, "executor" => executor.clone()).set(load.queued as f64);
        gauge!(EXECUTOR_RUNNING, "executor" => executor).set(load.running as f64);
    }
    for store in gauges.stores {
        let alias = text(store.alias.as_str());
        gauge!(STORE_UP, "job_store" => alias.clone()).set(f64::from(u8::from(store.is_up)));
        gauge!(STORE_LAG, "job_store" => alias).set(store.lag.as_secs_f64());
    }
}

fn text(text: &str) -> SharedString {
    text.to_owned().into()
}

/// The names of closures are random.
fn task_label(task: &TaskName) -> SharedString {
    if task.is_closure() { "closure".into() } else { text(task.as_str()) }
}
