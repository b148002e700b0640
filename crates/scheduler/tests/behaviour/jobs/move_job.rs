//! Moving jobs between stores.

use punctual_core::{JobStore, Recovery};
use punctual_scheduler::{Job, JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{
    Call, Fault, Faults, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note,
};

/// A scheduler with two stores in memory and one in a file.
fn fixture(file: &TempStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| {
        builder
            .job_store("default", MemoryJobStore::new())
            .job_store("other", MemoryJobStore::new())
            .job_store("file", file.store())
    })
}

fn all(fixture: &SchedulerFixture) -> Vec<Job> {
    fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap()
}

/// Adds a job that runs every ten seconds.
fn add(fixture: &SchedulerFixture, store: &str) {
    let job = fixture.job(note("a".into())).id("a").job_store(store).tag("x");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.recovery(Recovery::Rerun).trigger(trigger).add()).unwrap();
}

#[test]
fn a_job_moves_between_stores_losslessly() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    add(&fixture, "default");
    let mut second = 25;
    for store in ["file", "other", "file", "default", "default"] {
        fixture.run_until(second);
        let before = all(&fixture).remove(0);
        let moved = fixture.block_on(fixture.move_job("a", store)).unwrap();
        let after = all(&fixture);
        assert_eq!((after.len(), after[0].job_store.as_str()), (1, store));
        for job in [&moved, &after[0]] {
            assert_eq!(
                (job.next_run_time, job.due_at, job.state, job.fire_count, &job.definition),
                (
                    before.next_run_time,
                    before.due_at,
                    before.state,
                    before.fire_count,
                    &before.definition
                )
            );
        }
        second += 10;
    }
    fixture.run_until(95);
    let expected: Vec<_> = (1..10).map(|n| format!("a@{n}0")).collect();
    assert_eq!(fixture.log.lines(), expected, "no run is lost or repeated");
    assert_eq!(all(&fixture)[0].fire_count, 9);
    fixture.block_on(fixture.pause_job("a")).unwrap();
    let paused = fixture.block_on(fixture.move_job("a", "file")).unwrap();
    assert_eq!((paused.state, paused.fire_count), (JobState::Paused, 9));
    assert_eq!(
        fixture.events.with_prefix("JOB_ADDED").len(),
        fixture.events.with_prefix("JOB_REMOVED").len() + 1
    );
}

#[test]
fn closures_move_between_stores_in_memory_only() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    let log = fixture.log.clone();
    let job = fixture.job(move || log.push("closure")).id("a").trigger(DateTrigger::at(at(60)));
    fixture.block_on(job.add()).unwrap();
    let error = fixture.block_on(fixture.move_job("a", "file")).unwrap_err();
    assert!(matches!(error, SchedulerError::ClosureNotStorable { .. }), "{error}");
    assert_eq!(all(&fixture)[0].next_run_time, Some(at(60)));
    fixture.block_on(fixture.move_job("a", "other")).unwrap();
    fixture.run_until(61);
    assert_eq!(fixture.log.lines(), ["closure"]);
}

#[test]
fn a_job_that_cant_be_moved_is_not_changed() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    add(&fixture, "default");
    let existing = fixture.job(note("b".into())).id("a").job_store("file").paused();
    fixture.block_on(existing.add()).unwrap();
    let before = fixture.block_on(fixture.get_job(("default", "a"))).unwrap().unwrap();
    let error = fixture.block_on(fixture.move_job(("default", "a"), "file")).unwrap_err();
    assert!(matches!(error, SchedulerError::JobExists { .. }), "{error}");
    let error = fixture.block_on(fixture.move_job(("default", "a"), "none")).unwrap_err();
    assert!(matches!(error, SchedulerError::UnknownJobStore { .. }), "{error}");
    let error = fixture.block_on(fixture.move_job(("other", "a"), "file")).unwrap_err();
    assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
    let after = fixture.block_on(fixture.get_job(("default", "a"))).unwrap().unwrap();
    assert_eq!(
        (after.next_run_time, after.fire_count, after.state),
        (before.next_run_time, before.fire_count, before.state)
    );
    fixture.run_until(15);
    assert_eq!(fixture.log.lines(), ["a@10"]);
}

#[test]
fn a_job_is_not_moved_during_its_runs() {
    for store in ["default", "file"] {
        for recovery in [Recovery::Skip, Recovery::Rerun] {
            let file = TempStore::new();
            let held = ManualExecutor::default();
            let executor = held.clone();
            let fixture = SchedulerFixture::new(|builder| {
                builder
                    .job_store("default", MemoryJobStore::new())
                    .job_store("file", file.store())
                    .executor("default", executor)
            });
            let job = fixture.job(note("a".into())).id("a").job_store(store).recovery(recovery);
            let trigger = IntervalTrigger::seconds(10).start_date(at(10));
            fixture.block_on(job.trigger(trigger).add()).unwrap();
            fixture.jump_to(10);
            assert_eq!(held.len(), 1);
            let target = if store == "file" { "default" } else { "file" };
            let error = fixture.block_on(fixture.move_job("a", target)).unwrap_err();
            assert!(matches!(error, SchedulerError::RunsInProgress { .. }), "{error}");
            assert!(error.is_retryable());
            held.run_one();
            fixture.jump_to(11);
            let moved = fixture.block_on(fixture.move_job("a", target)).unwrap();
            assert_eq!((moved.next_run_time, moved.fire_count), (Some(at(20)), 1));
        }
    }
}

fn faulty_fixture(
    source: impl JobStore,
    target: impl JobStore,
) -> (SchedulerFixture, Faults, Faults) {
    let (source, target) = (faulty(source), faulty(target));
    let faults = (source.0.faults.clone(), target.0.faults.clone());
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", source).job_store("target", target)
    });
    (fixture, faults.0, faults.1)
}

#[test]
fn a_failing_store_neither_loses_nor_duplicates_the_job() {
    for in_source in [true, false] {
        for call in [Call::Get, Call::Add, Call::Update, Call::Remove] {
            for fault in [Fault::NotApplied, Fault::ResponseLost] {
                let case = format!("{call:?} {fault:?}, in the source: {in_source}");
                let (fixture, source, target) =
                    faulty_fixture(MemoryJobStore::new(), MemoryJobStore::new());
                add(&fixture, "default");
                fixture.run_until(15);
                let faults = if in_source { &source } else { &target };
                faults.once(call, fault);
                let moved = fixture.block_on(fixture.move_job("a", "target"));
                faults.clear();
                let jobs = all(&fixture);
                assert!(!jobs.is_empty(), "{case}");
                let scheduled = jobs.iter().filter(|job| job.state == JobState::Scheduled).count();
                assert!(scheduled <= 1, "{case}: {jobs:?}");
                if moved.is_ok() {
                    assert_eq!((jobs.len(), scheduled), (1, 1), "{case}");
                }
                fixture.run_until(35);
                let lines = fixture.log.lines();
                let expected = ["a@10", "a@20", "a@30"];
                assert!(lines == expected[..1] || lines == expected, "{case}: {lines:?}");
            }
        }
    }
}
