//! Failed runs that are not retried any more.

use std::time::Duration;

use punctual_core::{JobId, Overlap, Recovery, RetryPolicy};
use punctual_scheduler::{JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::retries::{add, every_5_seconds, flaky, for_each_kind, list, node};
use super::timeouts::ends;
use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

/// Runs what the executor holds, second by second.
fn run_until(fixture: &SchedulerFixture, held: &ManualExecutor, seconds: std::ops::Range<i64>) {
    for second in seconds {
        fixture.jump_to(second);
        while held.len() > 0 {
            held.run_one();
            fixture.jump_to(second);
        }
    }
}

fn letters(fixture: &SchedulerFixture) -> Vec<JobId> {
    let found = list(fixture, JobQuery::new().dead_letters());
    found.into_iter().map(|job| job.id).collect()
}

#[test]
fn a_dead_letter_is_kept_and_can_be_retried() {
    for_each_kind(|recovery, fixture, held| {
        add(fixture, recovery, 6);
        run_until(fixture, held, 10..40);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2", "attempt 3"]);
        let events = fixture.events.with_prefix("JOB_DEAD_LETTERED");
        assert_eq!(events, ["JOB_DEAD_LETTERED job"]);
        assert!(list(fixture, JobQuery::new()).is_empty());
        let [letter] = &list(fixture, JobQuery::new().dead_letters())[..] else { panic!("one") };
        assert_eq!((letter.state, letter.next_run_time), (JobState::DeadLetter, None));
        let origin = letter.retry_of().unwrap();
        assert_eq!((origin.failed_attempt, origin.is_dead), (3, true));
        assert_eq!(origin.error.as_deref(), Some("failed 3"));
        let text = letter.to_string();
        assert!(text.ends_with(&format!("dead letter, id: {}, of job: job)", letter.id)), "{text}");
        // Not resumed with other jobs.
        let resumed = fixture.block_on(fixture.resume_jobs(JobQuery::new())).unwrap();
        assert!(resumed.changed.is_empty());
        fixture.block_on(fixture.retry_dead_letter(letter)).unwrap();
        // The policy counts again: attempts 4, 5 and 6.
        run_until(fixture, held, 40..80);
        assert_eq!(fixture.log.lines()[3..], ["attempt 4", "attempt 5", "attempt 6"]);
        assert!(ends(fixture)[5].outcome.as_ref().unwrap().is_success());
        assert!(list(fixture, JobQuery::new().retries_of("job")).is_empty());
    });
}

#[test]
fn a_dead_letter_that_fails_again_is_a_dead_letter_again() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(9)).id("job").recovery(recovery);
        let job = job.retry(every_5_seconds().max_attempts(1));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        run_until(fixture, held, 10..20);
        let [first] = &letters(fixture)[..] else { panic!("one dead letter") };
        fixture.block_on(fixture.retry_dead_letter(first)).unwrap();
        run_until(fixture, held, 20..30);
        let [second] = &letters(fixture)[..] else { panic!("one dead letter") };
        assert_ne!(first, second);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2"]);
        fixture.block_on(fixture.remove_job(second)).unwrap();
        assert!(letters(fixture).is_empty());
    });
}

#[test]
fn attempts_end_with_the_elapsed_time() {
    for_each_kind(|recovery, fixture, held| {
        let policy = RetryPolicy::exponential(Duration::from_secs(5)).max_attempts(99);
        let job = fixture.job(flaky(99)).id("job").recovery(recovery);
        let job = job.retry(policy.max_elapsed(Duration::from_secs(60)));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        run_until(fixture, held, 10..200);
        // At 10, 15, 25 and 45 seconds; the next one would be at 85.
        assert_eq!(fixture.log.len(), 4);
        assert_eq!(letters(fixture).len(), 1);
    });
}

#[test]
fn retries_and_dead_letters_are_removed_with_their_job() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(99)).id("job").recovery(recovery);
        let job = job.retry(every_5_seconds().max_attempts(2));
        let trigger = IntervalTrigger::seconds(8).start_date(at(10));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        let other = fixture.job(flaky(99)).id("other").retry(every_5_seconds().max_attempts(1));
        fixture.block_on(other.trigger(DateTrigger::at(at(10))).add()).unwrap();
        run_until(fixture, held, 10..20);
        assert_eq!(list(fixture, JobQuery::new().retries_of("job")).len(), 2);
        assert_eq!(letters(fixture).len(), 2);
        // A run in progress is not retried either.
        for second in 20..30 {
            fixture.jump_to(second);
        }
        assert!(held.len() > 0);
        fixture.block_on(fixture.remove_job("job")).unwrap();
        while held.len() > 0 {
            held.run_one();
        }
        run_until(fixture, held, 30..100);
        assert!(list(fixture, JobQuery::new().retries_of("job")).is_empty());
        assert_eq!(letters(fixture).len(), 1);
        let removed =
            fixture.block_on(fixture.remove_jobs(JobQuery::new().dead_letters())).unwrap();
        assert_eq!(removed.changed.len(), 1);
        assert!(letters(fixture).is_empty());
    });
}

/// Executes what is held, and checks that never more than `instances` runs are. The time stands still.
fn run_all(fixture: &SchedulerFixture, held: &ManualExecutor, instances: usize) {
    fixture.pass();
    while held.len() > 0 {
        assert!(held.len() <= instances, "{} instances of {instances}", held.len());
        held.run_one();
        // It settles the claim or clears the run, and then claims what waits for it.
        for _ in 0..3 {
            fixture.pass();
        }
    }
}

/// A job of which five runs have failed, with a policy of two attempts.
fn failing(fixture: &SchedulerFixture, recovery: Recovery, instances: u32) {
    let job = fixture.job(flaky(2)).id("job").recovery(recovery).max_instances(instances);
    let job = job.retry(every_5_seconds().max_attempts(1));
    let trigger = IntervalTrigger::seconds(1).start_date(at(10)).end_date(at(14));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
}

#[test]
fn dead_letters_that_are_retried_together_run_in_the_instances_of_their_job() {
    for instances in [1, 2] {
        for_each_kind(|recovery, fixture, held| {
            failing(fixture, recovery, instances);
            run_until(fixture, held, 10..20);
            let letters = letters(fixture);
            assert_eq!((letters.len(), fixture.log.len()), (5, 5));
            for letter in letters {
                fixture.block_on(fixture.retry_dead_letter(&letter)).unwrap();
            }
            run_all(fixture, held, instances as usize);
            assert_eq!(fixture.log.lines()[5..], ["attempt 2"; 5]);
            assert_eq!(fixture.events.with_prefix("JOB_MAX_INSTANCES"), [""; 0]);
            assert!(list(fixture, JobQuery::new().retries_of("job")).is_empty());
        });
    }
}

#[test]
fn retries_that_are_due_together_after_a_restart_run_in_the_instances_of_their_job() {
    for (recovery, instances) in
        [(Recovery::Skip, 1), (Recovery::Skip, 2), (Recovery::Rerun, 1), (Recovery::Rerun, 2)]
    {
        let file = TempStore::new();
        let (killed, held) = node(&file);
        let job = killed.job(flaky(2)).id("job").recovery(recovery).max_instances(instances);
        let job = job.retry(RetryPolicy::fixed(Duration::from_secs(30)));
        let trigger = IntervalTrigger::seconds(1).start_date(at(10)).end_date(at(14));
        killed.block_on(job.trigger(trigger).add()).unwrap();
        run_until(&killed, &held, 10..20);
        assert_eq!(killed.log.lines(), ["attempt 1"; 5]);
        let (successor, held) = node(&file);
        successor.jump_to(100);
        run_all(&successor, &held, instances as usize);
        assert_eq!(successor.log.lines(), ["attempt 2"; 5]);
        assert!(list(&successor, JobQuery::new().retries()).is_empty());
    }
}

#[test]
fn a_retry_and_the_next_run_of_its_job_use_one_instance_after_the_other() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(2)).id("job").recovery(recovery).overlap(Overlap::QueueAll);
        let job = job.retry(every_5_seconds());
        let trigger = IntervalTrigger::seconds(5).start_date(at(10)).end_date(at(15));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        run_until(fixture, held, 10..11);
        // Both are due.
        fixture.jump_to(15);
        run_all(fixture, held, 1);
        assert_eq!(fixture.log.len(), 3);
    });
}

#[test]
fn a_retry_is_stored_again_if_a_user_has_started_a_run_since_it_was_planned() {
    let held = ManualExecutor::default();
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.executor("default", held.clone()).job_store("default", store)
    });
    let job = fixture.job(flaky(2)).id("job").retry(every_5_seconds());
    let trigger = IntervalTrigger::seconds(3600).start_date(at(10));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    run_until(&fixture, &held, 10..15);
    let start = || drop(fixture.block_on(fixture.run_job_now("job")).unwrap());
    fixture.blocked_pass(15, &faults, Call::Commit, Fault::ResponseDelayed, start);
    run_all(&fixture, &held, 1);
    fixture.jump_to(17);
    run_all(&fixture, &held, 1);
    assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 1", "attempt 2"]);
    assert_eq!(fixture.events.with_prefix("JOB_MAX_INSTANCES"), [""; 0]);
    let scheduled = fixture.events.with_prefix("JOB_RETRY_SCHEDULED");
    assert_eq!(scheduled.len(), 2, "one for each failed run: {scheduled:?}");
}

#[test]
fn a_retry_that_is_made_due_early_runs_once() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(2)).id("job").recovery(recovery);
        let job = job.retry(RetryPolicy::fixed(Duration::from_secs(30)));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        run_until(fixture, held, 10..15);
        let [retry] = &list(fixture, JobQuery::new().retries())[..] else { panic!("one retry") };
        assert_eq!(retry.next_run_time, Some(at(40)));
        fixture.block_on(fixture.make_job_due(retry)).unwrap();
        run_until(fixture, held, 15..100);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2"]);
        assert!(list(fixture, JobQuery::new().retries()).is_empty());
    });
}

#[test]
fn a_dead_letter_whose_attempt_is_in_progress_is_not_retried_again() {
    for_each_kind(|recovery, fixture, held| {
        let job = fixture.job(flaky(2)).id("job").recovery(recovery).max_instances(2);
        let job = job.retry(every_5_seconds().max_attempts(1));
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        run_until(fixture, held, 10..15);
        let [letter] = &list(fixture, JobQuery::new().dead_letters())[..] else { panic!("one") };
        fixture.block_on(fixture.retry_dead_letter(letter)).unwrap();
        assert!(letters(fixture).is_empty(), "it is a retry now");
        fixture.jump_to(20);
        assert_eq!(held.len(), 1);
        // Its record is removed at the start if it is not repeated after a crash.
        let again = fixture.block_on(fixture.retry_dead_letter(letter));
        assert_eq!(again.is_ok(), recovery == Recovery::Rerun, "{again:?}");
        run_until(fixture, held, 20..40);
        assert_eq!(fixture.log.lines(), ["attempt 1", "attempt 2"]);
    });
}

#[test]
fn other_jobs_are_not_dead_letters() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Skip).paused();
    fixture.block_on(job.add()).unwrap();
    let error = fixture.block_on(fixture.retry_dead_letter("job")).unwrap_err();
    assert!(matches!(error, SchedulerError::NotADeadLetter(_)), "{error}");
}
