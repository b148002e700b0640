//! Executors that reject or lose runs.

use std::sync::atomic::Ordering;

use punctual_core::{Event, ProcessTermination, Recovery, RunOutcome};
use punctual_scheduler::JobQuery;
use punctual_triggers::DateTrigger;

use crate::common::{
    Call, FailingExecutor, Fault, KillOnShutdownExecutor, ManualExecutor, SchedulerFixture,
    TempStore, at, faulty, note,
};

fn outcomes(fixture: &SchedulerFixture) -> Vec<String> {
    let events = fixture.events.all();
    let outcomes = events.iter().filter_map(|event| match event {
        Event::JobError(run) => Some(format!("{}: {}", run.job.job_id, run.outcome.as_ref()?)),
        _ => None,
    });
    outcomes.collect()
}

#[test]
fn a_rejected_run_is_an_error_and_is_retried_only_with_rerun() {
    let file = TempStore::new();
    let (executor, store) = (FailingExecutor::default(), faulty(file.store()));
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", executor.clone())
    });
    for (id, recovery) in [("skip", Recovery::Skip), ("rerun", Recovery::Rerun)] {
        let job = fixture.job(note(id.into())).id(id).recovery(recovery);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    }
    executor.submit.store(true, Ordering::SeqCst);
    fixture.jump_to(10);
    let refused = "rejected by the executor: the executor's queue is full";
    let mut actual = outcomes(&fixture);
    actual.sort();
    assert_eq!(actual, [format!("rerun: {refused}"), format!("skip: {refused}")]);
    assert_eq!(
        fixture.events.with_prefix("JOB_REMOVED"),
        ["JOB_REMOVED skip"],
        "its fire time is consumed"
    );
    executor.submit.store(false, Ordering::SeqCst);
    // The store is unavailable for a moment when the retry is due.
    for call in [Call::Get, Call::Commit] {
        faults.set(call, Fault::NotApplied);
    }
    fixture.jump_to(20);
    assert_eq!(executor.inner.len(), 0);
    faults.clear();
    fixture.run_until_held(40, &executor.inner);
    assert_eq!(executor.inner.len(), 1);
    executor.inner.run_one();
    fixture.jump_to(41);
    assert_eq!(fixture.log.lines(), ["rerun@10 again 2"]);
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
}

#[test]
fn a_lost_run_is_an_error_and_is_retried_only_with_rerun() {
    let (file, held) = (TempStore::new(), ManualExecutor::default());
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", held.clone())
    });
    for (id, recovery) in [("skip", Recovery::Skip), ("rerun", Recovery::Rerun)] {
        let job = fixture.job(note(id.into())).id(id).recovery(recovery);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    }
    fixture.jump_to(10);
    held.lose_one();
    held.lose_one();
    fixture.jump_to(11);
    assert_eq!(outcomes(&fixture).len(), 2);
    let lost = |event: &Event| matches!(event, Event::JobError(run) if matches!(run.outcome, Some(RunOutcome::Lost)));
    assert_eq!(fixture.events.all().iter().filter(|event| lost(event)).count(), 2);
    fixture.run_until_held(40, &held);
    assert_eq!(held.len(), 1);
    held.run_one();
    fixture.jump_to(41);
    assert_eq!(fixture.log.lines(), ["rerun@10 again 2"]);
}

#[test]
fn a_killed_run_is_completed_unless_it_was_killed_by_a_shutdown() {
    let (file, killing, held) =
        (TempStore::new(), KillOnShutdownExecutor::default(), ManualExecutor::default());
    let leaving = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", killing.clone())
    });
    for (id, time) in [("crashing", 10), ("slow", 20)] {
        let job = leaving.job(note(id.into())).id(id).recovery(Recovery::Rerun);
        leaving.block_on(job.trigger(DateTrigger::at(at(time))).add()).unwrap();
    }
    leaving.jump_to(10);
    killing.0.start_one();
    killing.0.kill_started(ProcessTermination::Signal(11));
    leaving.jump_to(15);
    let crashed = "crashing: killed: its process was terminated by signal 11 (SIGSEGV)";
    assert_eq!(outcomes(&leaving), [crashed]);
    assert_eq!(
        leaving.events.with_prefix("JOB_REMOVED"),
        ["JOB_REMOVED crashing"],
        "it is not retried, because it would crash again"
    );
    leaving.jump_to(20);
    killing.0.start_one();
    leaving.block_on(leaving.shutdown()).unwrap();
    let successor = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", held.clone()).task(note)
    });
    successor.run_until_held(60, &held);
    held.run_one();
    successor.jump_to(61);
    assert_eq!(successor.log.lines(), ["slow@20 again 2"]);
}
