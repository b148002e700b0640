//! The spans of a scheduler.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::Timestamp;
use punctual_macros::task;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;
use punctual_triggers::DateTrigger;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{self, Subscriber};
use tracing::{Event, Metadata};

/// Records all spans up to a level.
#[derive(Clone)]
struct Recorder {
    level: LevelFilter,
    spans: Arc<Mutex<Spans>>,
}

#[derive(Default)]
struct Spans {
    all: Vec<Span>,
    /// The spans that are entered.
    entered: Vec<usize>,
    /// The spans around each event of the jobs.
    around_jobs: Vec<Vec<&'static str>>,
}

struct Span {
    metadata: &'static Metadata<'static>,
    is_root: bool,
    parent: Option<&'static str>,
    values: BTreeMap<&'static str, String>,
}

impl Visit for Span {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.values.insert(field.name(), format!("{value:?}"));
    }
}

impl Recorder {
    fn new(level: LevelFilter) -> Self {
        Self { level, spans: Arc::default() }
    }
}

fn index(id: &Id) -> usize {
    usize::try_from(id.into_u64()).unwrap() - 1
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.level >= *metadata.level()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut spans = self.spans.lock();
        let parent = spans.entered.last().filter(|_| attributes.is_contextual());
        let mut span = Span {
            metadata: attributes.metadata(),
            is_root: attributes.is_root(),
            parent: parent.map(|&parent| spans.all[parent].metadata.name()),
            values: BTreeMap::new(),
        };
        attributes.record(&mut span);
        spans.all.push(span);
        Id::from_u64(spans.all.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        values.record(&mut self.spans.lock().all[index(id)]);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == "job" {
            let mut spans = self.spans.lock();
            let around = spans.entered.iter().map(|&span| spans.all[span].metadata.name());
            let around = around.collect();
            spans.around_jobs.push(around);
        }
    }

    fn enter(&self, id: &Id) {
        self.spans.lock().entered.push(index(id));
    }

    fn exit(&self, id: &Id) {
        self.spans.lock().entered.retain(|&entered| entered != index(id));
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

#[task]
fn work() {
    tracing::info!(target: "job", "working");
}

#[task]
async fn fail() -> Result<(), &'static str> {
    tracing::info!(target: "job", "failing");
    Err("a secret")
}

/// Runs two jobs, and returns what was recorded.
fn recorded(level: LevelFilter) -> Recorder {
    let recorder = Recorder::new(level);
    subscriber::with_default(recorder.clone(), || {
        let scheduler = ManualScheduler::start(at(0), |builder| {
            let store = MemoryJobStore::new();
            builder.job_store("default", store).timezone("UTC")
        })
        .unwrap();
        let one = scheduler.job(work()).id("one").trigger(DateTrigger::at(at(1)));
        scheduler.block_on(one.add()).unwrap();
        let two = scheduler.job(fail()).id("two").trigger(DateTrigger::at(at(2)));
        scheduler.block_on(two.add()).unwrap();
        scheduler.advance_to(at(10));
    });
    recorder
}

/// Name, level, target and fields.
type Row = (String, String, String, Vec<String>);

fn in_guide() -> BTreeSet<Row> {
    let guide = include_str!("../../../docs/guide/monitoring.md");
    let table = guide.split("| span |").nth(1).unwrap().lines().skip(2);
    let rows = table.take_while(|line| line.starts_with('|')).map(|line| {
        let line = line.replace('`', "");
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let text = |cell: usize| cells[cell].to_owned();
        (text(0), text(1), text(2), cells[3].split(", ").map(str::to_owned).collect())
    });
    rows.collect()
}

#[test]
fn the_guide_lists_all_spans() {
    let recorder = recorded(LevelFilter::TRACE);
    let spans = recorder.spans.lock();
    let ours = spans.all.iter().map(|span| span.metadata);
    let ours = ours.filter(|metadata| metadata.target().starts_with("punctual"));
    let row = |metadata: &Metadata<'_>| {
        let fields = metadata.fields().iter().map(|field| field.name().to_owned()).collect();
        let (name, target) = (metadata.name().to_owned(), metadata.target().to_owned());
        (name, metadata.level().to_string(), target, fields)
    };
    assert_eq!(ours.map(row).collect::<BTreeSet<_>>(), in_guide());
}

#[test]
fn tasks_execute_inside_the_spans_of_their_runs() {
    let recorder = recorded(LevelFilter::INFO);
    let spans = recorder.spans.lock();
    assert_eq!(spans.around_jobs, [["run"], ["run"]]);
    let [one, two] = &spans.all[..] else {
        panic!("two spans");
    };
    assert!(one.is_root && two.is_root);
    let value = |span: &Span, field| span.values.get(field).cloned().unwrap_or_default();
    assert_eq!((value(one, "job"), value(two, "job")), ("one".into(), "two".into()));
    assert_eq!((value(one, "task"), value(one, "attempt")), ("work".into(), "1".into()));
    assert_eq!(value(one, "outcome"), r#""success""#);
    assert_eq!(value(one, "otel.status_code"), "");
    assert_eq!(value(two, "outcome"), r#""failed""#);
    assert_eq!(value(two, "otel.status_code"), r#""ERROR""#);
    assert!(!two.values.values().any(|value| value.contains("secret")));
    assert!(spans.entered.is_empty());
}

#[test]
fn calls_of_a_store_are_inside_the_pass() {
    let recorder = recorded(LevelFilter::TRACE);
    let spans = recorder.spans.lock();
    let of = |name| spans.all.iter().filter(move |span| span.metadata.name() == name);
    assert!(of("claim").count() >= 2 && of("commit").count() >= 2);
    assert!(of("claim").chain(of("commit")).all(|span| span.parent == Some("pass")));
    let claimed = of("claim").filter(|span| span.values.get("claimed").is_some_and(|it| it == "1"));
    assert_eq!(claimed.count(), 2);
    assert!(
        of("store_call").any(|span| span.values["call"] == r#""add""# && span.parent.is_none())
    );
}

#[test]
fn no_span_is_created_if_no_subscriber_is_interested() {
    assert_eq!(recorded(LevelFilter::WARN).spans.lock().all.len(), 0);
}
