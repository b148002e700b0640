//! Retries of failed runs.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Event, JobContext, OutcomeKind, PermanentError, Recovery, RetryAfter, RetryOn, RetryPolicy,
    RunEvent, RunOutcome, TaskError,
};
use punctual_macros::task;
use punctual_scheduler::{HistoryOptions, HistoryQuery, Job, JobChange, JobQuery};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::timeouts::{ends, outcomes};
use crate::common::{
    Call, Fault, Log, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note,
};

/// Logs its attempt, and fails before the given one.
#[task]
pub(super) fn flaky(context: JobContext, succeeds_at: u32) -> Result<(), TaskError> {
    let attempt = context.attempt();
    context.app_data::<Log>().expect("the log").push(format!("attempt {attempt}"));
    if attempt < succeeds_at { Err(format!("failed {attempt}").into()) } else { Ok(()) }
}

/// Fails with errors that decide about the retry.
#[task]
fn picky(context: JobContext, permanent_at: u32) -> Result<(), TaskError> {
    match context.attempt() {
        attempt if attempt == permanent_at => Err(PermanentError::new("no such file").into()),
        _ => Err(RetryAfter::new(Duration::from_secs(30), "busy").into()),
    }
}

pub(super) fn every_5_seconds() -> RetryPolicy {
    RetryPolicy::fixed(Duration::from_secs(5))
}

pub(super) fn node(file: &TempStore) -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder
            .executor("default", held.clone())
            .job_store("default", file.store())
            .history(HistoryOptions::enabled())
            .task(flaky)
            .task(note)
    });
    (fixture, held)
}

/// Calls `test` for each kind of store and recovery.
pub(super) fn for_each_kind(test: impl Fn(Recovery, &SchedulerFixture, &ManualExecutor)) {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let held = ManualExecutor::default();
        let fixture = SchedulerFixture::new(|builder| {
            builder.executor("default", held.clone()).job_store("default", MemoryJobStore::new())
        });
        test(recovery, &fixture, &held);
        let file = TempStore::new();
        let (fixture, held) = node(&file);
        test(recovery, &fixture, &held);
    }
}

pub(super) fn list(fixture: &SchedulerFixture, query: JobQuery) -> Vec<Job> {
    fixture.block_on(fixture.get_jobs(query)).unwrap()
}

pub(super) fn add(fixture: &SchedulerFixture, recovery: Recovery, succeeds_at: u32) {
    let job = fixture.job(flaky(succeeds_at)).id("job").recovery(recovery);
    let job = job.retry(every_5_seconds()).tag("mail").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
}

fn scheduled_retries(fixture: &SchedulerFixture) -> Vec<(RunEvent, i64)> {
    let events = fixture.events.all().into_iter().filter_map(|event| match event {
        Event::JobRetryScheduled { run, at: time, .. } => {
            Some((run, (time.as_micros() - at(0).as_micros()) / 1_000_000))
        }
        _ => None,
    });
    events.collect()
}

#[test]
fn a_failed_run_is_retried_with_the_next_attempt() {
    for_each_kind(|recovery, fixture, held| {
        add(fixture, recovery, 3);
        fixture.jump_to(10);
        held.run_one();
        fixture.jump_to(10);
        assert!(list(fixture, JobQuery::new()).is_empty(), "the job has no further run");
        let [retry] = &list(fixture, JobQuery::new().retries())[..] else { panic!("one retry") };
        assert_eq!((retry.next_run_time, retry.task.as_str()), (Some(at(15)), "flaky"));
        let origin = retry.retry_of().unwrap();
        assert_eq!((origin.job_id.as_str(), origin.failed_attempt), ("job", 1));
        assert_eq!(origin.error.as_deref(), Some("failed 1"));
        assert_eq!(list(fixture, JobQuery::new().retries_of("job").tag("mail")).len(), 1);
        fixture.jump_to(14);
        assert_eq!(held.len(), 0);
        fixture.jump_to(15);
        held.run_one();
        fixture.jump_to(16);
        fixture.jump_to(21);
        held.run_one();
        fixture.run_until(1_000);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2", "attempt 3"]);
        let ends = ends(fixture);
        assert_eq!(ends.iter().map(|run| run.attempt).collect::<Vec<_>>(), [1, 2, 3]);
        for run in &ends {
            assert_eq!((run.run_id, run.job.job_id.as_str()), (ends[0].run_id, "job"));
            assert_eq!(run.scheduled_time, at(10));
        }
        assert!(ends[2].outcome.as_ref().unwrap().is_success());
        let retries = scheduled_retries(fixture);
        assert_eq!(
            retries.iter().map(|(run, at)| (run.attempt, *at)).collect::<Vec<_>>(),
            [(1, 15), (2, 21)]
        );
        assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
        assert_eq!(fixture.events.with_prefix("JOB_ADDED"), ["JOB_ADDED job"]);
        assert!(list(fixture, JobQuery::new().retries_of("job")).is_empty());
        if let Ok(page) = fixture.block_on(fixture.history(HistoryQuery::new().job("job"))) {
            assert_eq!(
                page.entries.iter().map(|entry| entry.attempt).collect::<Vec<_>>(),
                [3, 2, 1]
            );
        }
    });
}

#[test]
fn a_retry_outlives_its_process() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let file = TempStore::new();
        let (killed, held) = node(&file);
        add(&killed, recovery, 2);
        killed.jump_to(10);
        held.run_one();
        killed.jump_to(11);
        let (successor, held) = node(&file);
        successor.run_until_held(60, &held);
        held.run_one();
        successor.run_until(100);
        assert_eq!((successor.log.lines(), held.len()), (vec!["attempt 2".to_owned()], 0));
        assert!(list(&successor, JobQuery::new().retries()).is_empty());
    }
}

#[test]
fn an_attempt_whose_retry_is_stored_is_not_repeated() {
    for is_recorded in [false, true] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let held = ManualExecutor::default();
        let killed = SchedulerFixture::new(|builder| {
            builder.executor("default", held.clone()).job_store("default", store)
        });
        let job = killed.job(flaky(3)).id("job").recovery(Recovery::Rerun);
        let job = job.retry(RetryPolicy::fixed(Duration::from_secs(60)));
        killed.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        match is_recorded {
            true => killed.jump_to(10),
            false => killed.claim_at(10),
        };
        // The process is killed after it has stored the retry, and before it clears the attempt.
        faults.set(Call::Commit, Fault::NotApplied);
        held.run_one();
        killed.pass();
        assert_eq!(list(&killed, JobQuery::new().retries()).len(), 1);
        let (successor, held) = node(&file);
        for second in 11..70 {
            successor.jump_to(second);
            assert_eq!(held.len(), 0, "at second {second}");
        }
        assert!(successor.block_on(successor.get_job("job")).unwrap().is_none());
        successor.jump_to(70);
        held.run_one();
        assert_eq!(successor.log.lines(), ["attempt 2"]);
    }
}

/// A process whose lease has expired takes over an attempt of a run of which it still executes an earlier one.
#[test]
fn a_later_attempt_waits_for_the_end_of_an_earlier_one_in_the_same_process() {
    let file = TempStore::new();
    let (hung, its_runs) = node(&file);
    add(&hung, Recovery::Rerun, 3);
    hung.jump_to(10);
    its_runs.start_one();
    let (killed, held) = node(&file);
    killed.run_until_held(40, &held);
    held.run_one();
    killed.run_until_held(60, &held);
    assert_eq!(killed.log.lines(), ["attempt 2"]);
    // Attempt 3 is recorded, and its process is killed.
    held.start_one();
    for second in 61..120 {
        hung.jump_to(second);
        assert_eq!(its_runs.len(), 0, "at second {second}");
    }
    assert_eq!(list(&hung, JobQuery::new().retries()).len(), 1, "not lost");
    its_runs.finish_started();
    hung.run_until_held(150, &its_runs);
    its_runs.run_one();
    hung.run_until(160);
    assert_eq!(hung.log.lines(), ["attempt 4"]);
    assert!(list(&hung, JobQuery::new().retries()).is_empty());
}

#[test]
fn a_retry_waits_until_the_failed_attempt_is_cleared() {
    for is_recorded in [false, true] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let held = ManualExecutor::default();
        let killed = SchedulerFixture::new(|builder| {
            builder.executor("default", held.clone()).job_store("default", store)
        });
        let job = killed.job(flaky(3)).id("job").recovery(Recovery::Rerun);
        let job = job.retry(RetryPolicy::fixed(Duration::from_secs(1)));
        killed.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        match is_recorded {
            true => killed.jump_to(10),
            false => killed.claim_at(10),
        };
        faults.set(Call::Commit, Fault::NotApplied);
        held.run_one();
        killed.pass();
        // Both retries would end before the lease of the killed process expires, and leave no trace.
        let (successor, held) = node(&file);
        for second in 11..60 {
            successor.jump_to(second);
            while held.len() > 0 {
                held.run_one();
            }
        }
        assert_eq!(successor.log.lines(), ["attempt 2", "attempt 3"], "{is_recorded}");
        assert!(list(&successor, JobQuery::new().retries()).is_empty());
        assert!(successor.block_on(successor.get_job("job")).unwrap().is_none());
    }
}

#[test]
fn a_retry_that_can_t_be_stored_is_stored_later() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let held = ManualExecutor::default();
        let fixture = SchedulerFixture::new(|builder| {
            builder.executor("default", held.clone()).job_store("default", store)
        });
        add(&fixture, Recovery::Rerun, 2);
        fixture.jump_to(10);
        faults.once(Call::Add, fault);
        held.run_one();
        fixture.pass();
        fixture.jump_to(11);
        assert_eq!(list(&fixture, JobQuery::new().retries()).len(), 1);
        assert_eq!(scheduled_retries(&fixture).len(), 1);
        assert!(fixture.block_on(fixture.get_job("job")).unwrap().is_none());
        fixture.jump_to(15);
        held.run_one();
        fixture.run_until(100);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2"]);
    }
}

#[test]
fn errors_decide_about_the_retry() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(picky(2)).id("job").retry(every_5_seconds().max_attempts(9));
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.run_until(12);
    let [(_, next)] = scheduled_retries(&fixture)[..] else { panic!("one retry") };
    assert!((40..=42).contains(&next), "{next}");
    fixture.run_until(1_000);
    assert_eq!(outcomes(&fixture), [OutcomeKind::Failed; 2]);
    assert_eq!(fixture.events.with_prefix("JOB_DEAD_LETTERED"), ["JOB_DEAD_LETTERED job"]);
}

#[test]
fn only_the_selected_failures_are_retried() {
    for (outcome, on, is_retried) in [
        (RunOutcome::Panicked("oops".into()), RetryOn::PANICKED, true),
        (RunOutcome::Panicked("oops".into()), RetryOn::FAILED, false),
        (RunOutcome::Failed(Arc::new("no".into())), RetryOn::FAILED, true),
        (RunOutcome::Refused("no".into()), RetryOn::LOST, true),
        (RunOutcome::Cancelled, RetryOn::ALL, false),
        (RunOutcome::Missed, RetryOn::ALL, false),
    ] {
        let held = ManualExecutor::default();
        let fixture = SchedulerFixture::new(|builder| {
            builder.executor("default", held.clone()).job_store("default", MemoryJobStore::new())
        });
        let job = fixture.job(note("job".into())).retry(every_5_seconds().on(on));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        fixture.jump_to(10);
        held.start_one();
        held.finish_started_with(outcome.clone());
        fixture.jump_to(11);
        fixture.jump_to(16);
        assert_eq!(held.len() == 1, is_retried, "{outcome}");
    }
}

#[test]
fn a_run_that_exceeds_its_timeout_is_retried() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(note("job".into())).id("job").recovery(recovery);
        let job = job.retry(every_5_seconds()).timeout(Duration::from_secs(3));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        fixture.jump_to(10);
        held.start_one();
        fixture.jump_to(13);
        held.finish_started();
        fixture.jump_to(14);
        fixture.jump_to(19);
        held.start_one();
        fixture.jump_to(20);
        held.finish_started();
        fixture.jump_to(21);
        assert_eq!(outcomes(fixture), [OutcomeKind::TimedOut, OutcomeKind::Success]);
    });
}

#[test]
fn retries_count_as_instances_of_their_job() {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.executor("default", held.clone()).job_store("default", MemoryJobStore::new())
    });
    let job = fixture.job(flaky(2)).id("job").retry(every_5_seconds());
    let trigger = IntervalTrigger::seconds(14).start_date(at(10)).end_date(at(24));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    fixture.jump_to(10);
    held.run_one();
    fixture.jump_to(11);
    fixture.jump_to(24);
    assert_eq!(held.len(), 1, "the retry or the next run");
    held.run_one();
    fixture.jump_to(26);
    assert_eq!(fixture.log.len(), 2);
}

#[test]
fn a_retry_of_a_run_that_a_user_started_is_scheduled() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(2)).id("job").recovery(recovery).paused();
        let job = fixture.block_on(job.retry(every_5_seconds()).add()).unwrap();
        let run = fixture.block_on(job.run_now()).unwrap();
        held.run_one();
        fixture.jump_to(1);
        assert!(matches!(fixture.block_on(run.wait()), RunOutcome::Failed(_)));
        fixture.jump_to(6);
        held.run_one();
        fixture.jump_to(7);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2"]);
    });
}

#[test]
fn a_closure_is_retried_after_the_end_of_its_job() {
    let fixture = SchedulerFixture::in_memory();
    let log = fixture.log.clone();
    let closure = move |context: JobContext| {
        log.push(format!("attempt {}", context.attempt()));
        if context.attempt() < 3 { Err("not yet".to_owned()) } else { Ok(()) }
    };
    let job = fixture.job(closure).retry(every_5_seconds());
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    // The delay begins when the end of an attempt is processed.
    for second in 10..60 {
        fixture.run_until(second);
    }
    assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2", "attempt 3"]);
    assert!(list(&fixture, JobQuery::new().retries()).is_empty());
}

#[test]
fn the_policy_can_be_changed_and_is_checked() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").retry(every_5_seconds()).paused();
    fixture.block_on(job.add()).unwrap();
    let change = JobChange::new().retry(every_5_seconds().max_attempts(0));
    let error = fixture.block_on(fixture.modify_job("job", change)).unwrap_err();
    assert_eq!(error.to_string(), "retry.max_attempts is 0: it must be at least 1");
    let job = fixture.block_on(fixture.modify_job("job", JobChange::new().retry(None))).unwrap();
    assert_eq!(job.definition.as_ref().unwrap().options.retry, None);
    let reserved = fixture.job(note("job".into())).id("retry:1");
    let error = fixture.block_on(reserved.add()).unwrap_err();
    assert!(error.to_string().contains("retries and dead letters"), "{error}");
}
