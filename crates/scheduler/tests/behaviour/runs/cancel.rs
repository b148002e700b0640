//! Runs that users cancel, in this process and in others.

use std::future::pending;
use std::time::Duration;

use punctual_core::{OutcomeKind, Recovery, RunId, RunOutcome};
use punctual_scheduler::{BackgroundScheduler, CancelRequest, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use super::timeouts::{ends, outcomes};
use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, note};

fn node(file: &TempStore) -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.executor("default", held.clone()).job_store("default", file.store()).task(note)
    });
    (fixture, held)
}

fn add(fixture: &SchedulerFixture, recovery: Recovery) {
    let job = fixture.job(note("job".into())).id("job").recovery(recovery);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
}

fn only_run(fixture: &SchedulerFixture) -> RunId {
    let runs = fixture.active_runs();
    assert_eq!(runs.len(), 1);
    runs[0].run_id
}

#[test]
fn a_run_of_this_process_is_cancelled_and_not_repeated() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        for is_started in [false, true] {
            let file = TempStore::new();
            let (fixture, held) = node(&file);
            add(&fixture, recovery);
            fixture.jump_to(10);
            if is_started {
                held.start_one();
            }
            let run = only_run(&fixture);
            let request = fixture.block_on(fixture.cancel_run(run)).unwrap();
            assert_eq!(request, CancelRequest::Delivered);
            if is_started {
                assert!(held.is_started_cancelled());
                held.finish_started();
            } else {
                held.run_one();
            }
            fixture.run_until(1_000);
            let [end] = &ends(&fixture)[..] else { panic!("one end") };
            assert!(matches!(end.outcome, Some(RunOutcome::Cancelled)), "{end:?}");
            assert_eq!(end.started.is_some(), is_started);
            assert_eq!((held.len(), fixture.log.len()), (0, 0));
            assert!(fixture.block_on(fixture.get_job("job")).unwrap().is_none());
        }
    }
}

#[test]
fn a_run_of_another_process_is_cancelled_within_a_third_of_its_lease() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let file = TempStore::new();
        let (executing, held) = node(&file);
        let (other, _) = node(&file);
        add(&executing, recovery);
        other.jump_to(9);
        executing.jump_to(10);
        held.start_one();
        executing.jump_to(12);
        let run = only_run(&executing);
        other.clock().set(at(12));
        let request = other.block_on(other.cancel_run(run)).unwrap();
        assert_eq!(request, CancelRequest::Forwarded);
        assert!(!held.is_started_cancelled());
        executing.jump_to(13);
        executing.jump_to(16);
        assert!(held.is_started_cancelled());
        held.finish_started();
        executing.jump_to(17);
        assert_eq!(outcomes(&executing), [OutcomeKind::Cancelled]);
        assert!(executing.block_on(executing.get_job("job")).unwrap().is_none());
    }
}

#[test]
fn many_requests_of_several_processes_are_kept() {
    let file = TempStore::new();
    let (executing, held) = node(&file);
    let (other, _) = node(&file);
    for number in 0..70 {
        let job = executing.job(note(number.to_string())).recovery(Recovery::Skip);
        executing.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    }
    executing.jump_to(10);
    executing.jump_to(11);
    other.clock().set(at(11));
    for run in executing.active_runs() {
        other.block_on(other.cancel_run(run.run_id)).unwrap();
    }
    executing.jump_to(15);
    while held.len() > 0 {
        held.run_one();
    }
    executing.jump_to(16);
    assert_eq!(outcomes(&executing), [OutcomeKind::Cancelled; 70]);
}

#[test]
fn a_run_that_is_taken_over_is_cancelled_by_the_successor() {
    let file = TempStore::new();
    let (expired, _held) = node(&file);
    let (successor, runs) = node(&file);
    add(&expired, Recovery::Rerun);
    expired.jump_to(10);
    successor.jump_to(10);
    let run = only_run(&expired);
    successor.block_on(successor.cancel_run(run)).unwrap();
    successor.run_until_held(40, &runs);
    runs.start_one();
    for second in 41..50 {
        successor.jump_to(second);
    }
    assert!(runs.is_started_cancelled());
}

#[test]
fn an_unknown_run_is_an_error_without_a_shared_store() {
    let fixture = SchedulerFixture::in_memory();
    let run = RunId::from_u128(7);
    let error = fixture.block_on(fixture.cancel_run(run)).unwrap_err();
    assert!(matches!(error, SchedulerError::RunNotFound(own) if own == run), "{error}");
}

#[test]
fn a_handle_cancels_its_run() {
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", MemoryJobStore::new())
        .cancel_grace(Duration::ZERO)
        .start()
        .unwrap();
    let job = scheduler.job(pending::<()>).paused().add().unwrap();
    let run = job.run_now().unwrap();
    assert!(run.cancel());
    assert!(matches!(run.wait(), RunOutcome::Cancelled));
    let run = job.run_now().unwrap();
    let id = run.run_id();
    assert_eq!(scheduler.cancel_run(id).unwrap(), CancelRequest::Delivered);
    assert!(matches!(run.wait(), RunOutcome::Cancelled));
    scheduler.shutdown().unwrap();
    let ended = scheduler.cancel_run(id).unwrap_err();
    assert!(matches!(ended, SchedulerError::NotRunning), "{ended}");
}
