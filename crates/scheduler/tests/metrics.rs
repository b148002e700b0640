//! The metrics of a scheduler. A separate test binary, because a recorder is that of the whole process.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

#[path = "behaviour/common/faulty.rs"]
#[expect(dead_code, reason = "these tests need only a part of it")]
mod faulty;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use faulty::{Call, Fault, faulty};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};
use punctual_core::{DebugExecutor, RetryPolicy, Timestamp};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_macros::task;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;
use punctual_triggers::{DateTrigger, IntervalTrigger};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

#[task]
fn work() {}

#[task]
fn fail() -> Result<(), &'static str> {
    Err("out of paper")
}

/// The metrics: by name, and by labels as text.
type Metrics = BTreeMap<String, BTreeMap<String, DebugValue>>;

fn snapshot(recorder: &Snapshotter) -> Metrics {
    let mut found = Metrics::new();
    for (key, unit, description, value) in recorder.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        let name = key.name().to_owned();
        assert!(unit.is_some() && description.is_some(), "{name} is described");
        let mut labels: Vec<_> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        labels.sort();
        found.entry(name).or_default().insert(labels.join(" "), value);
    }
    found
}

/// The names of the metrics in the guide, with their labels.
fn in_guide() -> BTreeSet<(&'static str, String)> {
    let guide = include_str!("../../../docs/guide/monitoring.md");
    let rows = guide.lines().filter(|line| line.starts_with("| `punctual_"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        (cells[1].trim_matches('`'), cells[3].replace(['`', ','], ""))
    })
    .collect()
}

#[test]
fn everything_that_happens_is_measured() {
    let recorder = DebuggingRecorder::new();
    let measured = recorder.snapshotter();
    recorder.install().unwrap();
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let scheduler = ManualScheduler::start(at(0), |builder| {
        builder
            .job_store("default", store)
            .executor("default", DebugExecutor)
            .executor("pool", ThreadPoolExecutor::new(2))
            .timezone("UTC")
            .failure_log(punctual_scheduler::FailureLog::Off)
    })
    .unwrap();
    let every_ten_seconds = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(30));
    scheduler.block_on(scheduler.job(work()).trigger(every_ten_seconds).add()).unwrap();
    let retried = scheduler.job(fail()).trigger(DateTrigger::at(at(12)));
    let retry = RetryPolicy::fixed(Duration::from_secs(2)).max_attempts(2);
    scheduler.block_on(retried.retry(retry).add()).unwrap();
    scheduler.block_on(scheduler.job(|| {}).trigger(DateTrigger::at(at(40))).add()).unwrap();
    let too_late = scheduler.job(work()).trigger(DateTrigger::at(at(40)));
    let too_late = too_late.misfire_grace_time(Duration::from_secs(1));
    scheduler.block_on(too_late.add()).unwrap();
    scheduler.advance_to(at(30));
    // The closure runs five seconds late, and the other job does not run.
    scheduler.clock().set(at(45));
    scheduler.advance_to(at(46));
    faults.set(Call::NextWakeup, Fault::NotApplied);
    scheduler.advance_to(at(48));

    let measured = snapshot(&measured);
    let counted = |name: &str, labels: &str| match measured[name].get(labels) {
        Some(DebugValue::Counter(count)) => *count,
        other => panic!("{name} {labels}: {other:?} in {:?}", measured[name]),
    };
    let gauge = |name: &str, labels: &str| match measured[name].get(labels) {
        Some(DebugValue::Gauge(value)) => **value,
        other => panic!("{name} {labels}: {other:?}"),
    };
    let histogram = |name: &str, labels: &str| match measured[name].get(labels) {
        Some(DebugValue::Histogram(values)) => {
            values.iter().map(|value| value.into_inner()).collect::<Vec<_>>()
        }
        other => panic!("{name} {labels}: {other:?}"),
    };
    assert_eq!(counted("punctual_jobs_due_total", "job_store=default"), 7);
    let started = |task| counted("punctual_runs_started_total", task);
    assert_eq!(started("job_store=default task=work"), 3);
    assert_eq!(started("job_store=default task=closure"), 1);
    let lateness = |task| histogram("punctual_run_lateness_seconds", task);
    let ended = |labels| counted("punctual_runs_ended_total", labels);
    assert_eq!(ended("job_store=default outcome=success task=work"), 3);
    assert_eq!(ended("job_store=default outcome=failed task=fail"), 2);
    assert_eq!(lateness("job_store=default task=fail"), [0.0], "of the first attempt");
    assert_eq!(counted("punctual_retries_scheduled_total", "job_store=default"), 1);
    assert_eq!(counted("punctual_dead_letters_total", "job_store=default"), 1);
    assert_eq!(ended("job_store=default outcome=success task=closure"), 1);
    assert_eq!(counted("punctual_skips_total", "job_store=default reason=too_late"), 1);
    assert!(counted("punctual_job_store_failures_total", "job_store=default") > 0);
    assert_eq!(lateness("job_store=default task=work"), [0.0, 0.0, 0.0]);
    assert_eq!(lateness("job_store=default task=closure"), [5.0]);
    let duration = "job_store=default outcome=success task=work";
    assert_eq!(histogram("punctual_run_duration_seconds", duration).len(), 3);
    let calls = |labels| histogram("punctual_job_store_call_duration_seconds", labels).len();
    assert!(calls("call=claim_due job_store=default result=ok") >= 5);
    assert_eq!(calls("call=add job_store=default result=ok"), 6, "two of retries");
    assert!(calls("call=next_wakeup job_store=default result=error") > 0);
    let last_tick = gauge("punctual_last_tick_timestamp_seconds", "");
    assert!((1_700_000_046.0..=1_700_000_048.0).contains(&last_tick), "{last_tick}");
    assert!(gauge("punctual_job_store_up", "job_store=default").abs() < f64::EPSILON);
    assert!(gauge("punctual_executor_runs_queued", "executor=pool").abs() < f64::EPSILON);

    let keys = |labels: &String| {
        let labels = labels.split(' ').map(|label| label.split('=').next().unwrap_or_default());
        labels.collect::<Vec<_>>().join(" ")
    };
    let recorded: BTreeSet<_> = measured
        .iter()
        .flat_map(|(name, values)| values.keys().map(move |labels| (&**name, keys(labels))))
        .collect();
    assert_eq!(recorded, in_guide());
}
