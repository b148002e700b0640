//! An SQLite file is removed or replaced under a running scheduler.

use std::fs;

use punctual_core::{Event, JobStore, NodeId, Recovery, StoreErrorKind, TaskFilter};
use punctual_scheduler::{JobQuery, SchedulerError};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::takeover::{add, node};
use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, note};

fn fixture(file: &TempStore, line: &str) -> SchedulerFixture {
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
    let job = fixture.job(note(line.into())).id("job");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    fixture
}

/// A file with a job of the same id, revision and next fire time, but with a different argument.
fn replacement_with(line: &str) -> TempStore {
    let file = TempStore::new();
    let fixture = fixture(&file, line);
    fixture.run_until(10);
    fixture.block_on(fixture.shutdown()).unwrap();
    file
}

fn failures(fixture: &SchedulerFixture) -> Vec<StoreErrorKind> {
    let events = fixture.events.all();
    let kind = |event: &Event| match event {
        Event::JobStoreFailed { error, .. } => Some(error.kind()),
        _ => None,
    };
    events.iter().filter_map(kind).collect()
}

#[test]
fn jobs_of_the_new_file_run() {
    let (file, restored) = (TempStore::new(), replacement_with("new"));
    let fixture = fixture(&file, "old");
    fixture.run_until(10);
    file.replace_by(&restored);
    fixture.run_until(30);
    assert_eq!(fixture.log.lines(), ["old@10", "new@20", "new@30"]);
    assert_eq!(failures(&fixture), [StoreErrorKind::Replaced]);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
}

#[test]
fn a_removed_file_is_recreated_without_jobs() {
    let file = TempStore::new();
    let fixture = fixture(&file, "old");
    fixture.run_until(10);
    fs::remove_file(file.path()).unwrap();
    fixture.run_until(12);
    assert_eq!(failures(&fixture), [StoreErrorKind::Replaced], "within two seconds");
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    let job = fixture.job(note("new".into())).trigger(DateTrigger::at(at(15)));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(30);
    assert_eq!(fixture.log.lines(), ["old@10", "new@15"]);
}

#[test]
fn a_replacement_detected_by_a_call_is_reported_as_an_event_too() {
    let file = TempStore::new();
    let (fixture, _held) = node(&file, None);
    fixture.jump_to(1);
    fs::remove_file(file.path()).unwrap();
    match fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap_err() {
        error @ SchedulerError::Store { .. } if error.is_retryable() => {}
        other => panic!("{other:?}"),
    }
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    fixture.jump_to(2);
    assert_eq!(failures(&fixture), [StoreErrorKind::Replaced]);
    fixture.jump_to(3);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
}

#[test]
fn lease_is_renewed_after_store_replacement() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    fixture.jump_to(1);
    fs::remove_file(file.path()).unwrap();
    fixture.jump_to(2);
    fixture.jump_to(3);
    add(&fixture, "rerun", Recovery::Rerun);
    fixture.jump_to(10);
    assert_eq!(runs.len(), 1);
    let store = file.store();
    let renewal = fixture.block_on(async {
        store.start().await?;
        store
            .renew(&NodeId::new("other")?, at(10), at(20), &TaskFilter::Any)
            .await
            .map_err(Box::<dyn std::error::Error>::from)
    });
    assert!(!renewal.unwrap().has_orphans, "no other node has taken over its run");
}

/// Creates two schedulers with one run each in progress, copies the file, and finishes the runs.
fn two_with_a_backup(file: &TempStore) -> ([(SchedulerFixture, ManualExecutor); 2], TempStore) {
    let nodes = [node(file, None), node(file, None)];
    for (name, (fixture, runs)) in ["one", "two"].into_iter().zip(&nodes) {
        add(fixture, name, Recovery::Rerun);
        fixture.jump_to(10);
        assert_eq!(runs.len(), 1);
    }
    let backup = file.backup();
    (nodes, backup)
}

#[test]
fn recorded_runs_of_a_backup_run_again_on_their_own_node() {
    let file = TempStore::new();
    let ([(one, its_runs), (two, others)], backup) = two_with_a_backup(&file);
    its_runs.run_one();
    one.jump_to(11);
    assert!(one.block_on(one.get_job("one")).unwrap().is_none(), "the job is completed");
    file.replace_by(&backup);
    for second in 12..24 {
        one.jump_to(second);
        two.jump_to(second);
    }
    assert_eq!(failures(&one), [StoreErrorKind::Replaced]);
    assert_eq!(failures(&two), [StoreErrorKind::Replaced]);
    assert_eq!(
        one.events.with_prefix("JOB_RECOVERED"),
        ["JOB_RECOVERED one"],
        "the backup contains the run"
    );
    assert_eq!((its_runs.len(), others.len()), (1, 1));
    its_runs.run_one();
    others.run_one();
    one.jump_to(25);
    two.jump_to(25);
    assert_eq!(one.log.lines(), ["one@10", "one@10 again 2"]);
    assert_eq!(two.log.lines().len(), 1, "{:?}", two.log.lines());
    assert!(
        one.block_on(one.get_jobs(JobQuery::new())).unwrap().is_empty(),
        "both jobs are completed"
    );
}
