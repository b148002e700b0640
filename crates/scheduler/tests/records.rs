//! The log records of a scheduler that a subscriber receives.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, RetryPolicy, Run, Timestamp};
use punctual_macros::task;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;
use punctual_triggers::DateTrigger;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{self, Subscriber};
use tracing::{Event, Level, Metadata};

/// A record: level, target and fields.
type Line = (Level, String, BTreeMap<&'static str, String>);

#[derive(Clone)]
struct Recorder {
    level: LevelFilter,
    lines: Arc<Mutex<Vec<Line>>>,
}

struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.level >= *metadata.level() && metadata.is_event()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(BTreeMap::new());
        event.record(&mut fields);
        let metadata = event.metadata();
        if metadata.target().starts_with("punctual") {
            self.lines.lock().push((*metadata.level(), metadata.target().into(), fields.0));
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

#[task]
fn answer() -> &'static str {
    "hunter2"
}

#[task]
fn fail() -> Result<(), &'static str> {
    Err("no connection")
}

/// Starts runs, which never end. A shutdown drops them.
#[derive(Default)]
struct Unresponsive(Mutex<Vec<Run>>);

impl Executor for Unresponsive {
    fn start(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        self.0.lock().extend(run.begin());
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        self.0.lock().clear();
        Box::pin(ready(()))
    }
}

/// Runs a job that returns a secret, and one that fails twice.
fn records(level: LevelFilter) -> Vec<Line> {
    let recorder = Recorder { level, lines: Arc::default() };
    subscriber::with_default(recorder.clone(), || {
        let scheduler = ManualScheduler::start(at(0), |builder| {
            let store = MemoryJobStore::new();
            builder.job_store("default", store).timezone("UTC")
        })
        .unwrap();
        let one = scheduler.job(answer()).id("one").trigger(DateTrigger::at(at(1)));
        scheduler.block_on(one.add()).unwrap();
        let retry = RetryPolicy::fixed(Duration::from_secs(5)).max_attempts(2);
        let two = scheduler.job(fail()).id("two").retry(retry).trigger(DateTrigger::at(at(2)));
        scheduler.block_on(two.add()).unwrap();
        scheduler.advance_to(at(2));
        scheduler.advance_to(at(10));
    });
    let lines = recorder.lines.lock();
    lines.clone()
}

#[test]
fn failures_and_retries_are_records_with_job_run_and_time() {
    let lines = records(LevelFilter::WARN);
    assert!(lines.iter().all(|(_, target, _)| target == "punctual::run"), "{lines:#?}");
    let told: Vec<_> = lines
        .iter()
        .map(|(level, _, fields)| {
            let text = |name| fields.get(name).map_or("", String::as_str);
            assert_eq!((text("job"), text("store")), ("two", "default"));
            assert_eq!(text("scheduled_time"), at(2).to_string());
            (*level, text("attempt"), text("message"))
        })
        .collect();
    assert_eq!(
        told,
        [
            (Level::ERROR, "1", "the run did not complete"),
            (Level::WARN, "1", "the run is retried"),
            (Level::ERROR, "2", "the run did not complete"),
            (Level::ERROR, "2", "the run is not retried any more"),
        ]
    );
    assert_eq!(lines[0].2["error"], r#""no connection""#);
    assert_eq!(lines[1].2["at"], at(7).to_string());
}

#[test]
fn a_cancelled_run_that_does_not_end_is_a_record() {
    let recorder = Recorder { level: LevelFilter::WARN, lines: Arc::default() };
    subscriber::with_default(recorder.clone(), || {
        let scheduler = ManualScheduler::start(at(0), |builder| {
            let builder = builder.job_store("default", MemoryJobStore::new()).timezone("UTC");
            builder
                .executor("default", Unresponsive::default())
                .cancel_grace(Duration::from_secs(5))
        })
        .unwrap();
        let job = scheduler.job(answer()).id("one").timeout(Duration::from_secs(10));
        scheduler.block_on(job.trigger(DateTrigger::at(at(1))).add()).unwrap();
        for (second, records) in [(1, 0), (11, 0), (16, 0), (17, 1), (100, 1)] {
            scheduler.clock().set(at(second));
            scheduler.block_on(scheduler.tick(at(second)));
            assert_eq!(recorder.lines.lock().len(), records, "at second {second}");
        }
    });
    let lines = recorder.lines.lock();
    let (level, target, fields) = &lines[0];
    assert_eq!((*level, target.as_str()), (Level::WARN, "punctual::run"));
    assert_eq!(fields["job"], "one");
    assert_eq!(fields["message"], "the run was cancelled and has not ended");
}

#[test]
fn each_event_is_a_record_without_the_values_of_jobs() {
    let lines = records(LevelFilter::DEBUG);
    let events: Vec<_> =
        lines.iter().filter(|(_, target, _)| target == "punctual::event").collect();
    let of_one: Vec<_> = events
        .iter()
        .filter(|(.., fields)| fields["message"].contains(r#"job "one""#))
        .map(|(.., fields)| fields["kind"].as_str())
        .collect();
    assert_eq!(of_one, ["JOB_ADDED", "JOB_SUBMITTED", "JOB_EXECUTED", "JOB_REMOVED"]);
    assert!(events.iter().all(|(level, ..)| *level == Level::DEBUG));
    assert!(!format!("{events:?}").contains("hunter2"), "{events:#?}");
    let started = lines.iter().find(|(.., fields)| fields["message"] == "scheduler started");
    let (level, target, _) = started.expect("a record");
    assert_eq!((*level, target.as_str()), (Level::INFO, "punctual::scheduler"));
}
