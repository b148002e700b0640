//! Jobs whose definitions are encoded with bincode are exported as JSON, too.

use std::time::Duration;

use punctual::prelude::*;
use punctual::{Codec, JobExport, OnConflict};
use punctual_testkit::ManualScheduler;

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

#[task]
fn ship(_order: String, _items: Vec<u64>) {}

/// A scheduler with this codec, on a new SQLite file.
fn scheduler(folder: &tempfile::TempDir, name: &str, codec: Codec) -> ManualScheduler {
    let store = SqliteJobStore::open(folder.path().join(name)).unwrap();
    let builder = |builder: punctual::SchedulerBuilder<AsyncScheduler>| {
        builder.job_store("default", store).timezone("UTC").codec(codec).task(ship)
    };
    ManualScheduler::start(START, builder).unwrap()
}

#[test]
fn bincode_is_exported_as_base64() {
    let folder = tempfile::tempdir().unwrap();
    let source = scheduler(&folder, "source", Codec::Bincode);
    let job = source.job(ship("7\u{e4}".into(), vec![1, u64::MAX])).id("a").tag("x");
    source.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    source.advance(Duration::from_secs(35));
    let json = source.block_on(source.export_jobs(JobQuery::new())).unwrap().to_json();
    assert!(json.contains("\"definition_base64\": \"AQ"), "{json}");

    let target = scheduler(&folder, "target", Codec::Json);
    target.advance(Duration::from_secs(35));
    let export = JobExport::from_json(&json).unwrap();
    let imported = target.block_on(target.import_jobs(export, OnConflict::Fail)).unwrap();
    assert_eq!(imported.added.len(), 1);
    let old = source.block_on(source.get_job("a")).unwrap().unwrap();
    let new = target.block_on(target.get_job("a")).unwrap().unwrap();
    assert_eq!((new.next_run_time, new.fire_count), (old.next_run_time, old.fire_count));
    assert_eq!(new.definition, old.definition);
    target.advance(Duration::from_secs(10));
    let ran = target.block_on(target.get_job("a")).unwrap().unwrap();
    assert_eq!((ran.fire_count, ran.problem.is_none()), (4, true));
}
