//! Runs that start under the claim of their job, before a commit: `Recovery::Rerun` on a persistent store.

use std::time::Duration;

use futures_util::future::join;
use punctual_core::{Event, Recovery, RunId, RunOutcome};
use punctual_scheduler::{JobChange, JobQuery, SchedulerError};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::takeover::{add, node};
use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

fn submitted(fixture: &SchedulerFixture) -> Vec<(RunId, u32)> {
    let events = fixture.events.all();
    let runs = events.iter().filter_map(|event| match event {
        Event::JobSubmitted(run) => Some((run.run_id, run.attempt)),
        _ => None,
    });
    runs.collect()
}

fn in_flight(fixture: &SchedulerFixture) -> Option<u32> {
    fixture.block_on(fixture.get_job("job")).unwrap().map(|job| job.in_flight)
}

#[test]
fn a_run_that_ends_at_once_is_never_recorded() {
    let (file, runs) = (TempStore::new(), ManualExecutor::default());
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", runs.clone())
    });
    add(&fixture, "job", Recovery::Rerun);
    fixture.pass();
    let commits = faults.calls(Call::Commit);
    fixture.claim_at(10);
    assert_eq!((runs.len(), faults.calls(Call::Commit)), (1, commits), "started by the claim");
    runs.run_one();
    fixture.pass();
    assert_eq!(faults.calls(Call::Commit), commits + 1, "removes the job and writes the history");
    assert_eq!(in_flight(&fixture), None);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn a_longer_run_is_recorded_after_some_milliseconds() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    add(&fixture, "job", Recovery::Rerun);
    let settled_at = fixture.claim_at(10).expect("the claim is to be settled");
    assert_eq!((runs.len(), in_flight(&fixture)), (1, Some(0)));
    assert!(settled_at > at(10) && settled_at <= at(10).saturating_add(Duration::from_millis(10)));
    fixture.clock().set(settled_at);
    fixture.pass();
    assert_eq!(in_flight(&fixture), Some(1));
    runs.run_one();
    fixture.pass();
    assert_eq!(in_flight(&fixture), None);
}

#[test]
fn a_run_is_repeated_if_its_process_dies_before_the_claim_is_settled() {
    for is_queued in [true, false] {
        let file = TempStore::new();
        let (dying, its_runs) = node(&file, None);
        let (successor, runs) = node(&file, None);
        let job = dying.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        let job = job.misfire_grace_time(Some(Duration::from_secs(1)));
        dying.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        dying.claim_at(10);
        if !is_queued {
            its_runs.run_one();
        }
        successor.jump_to(15);
        assert_eq!(runs.len(), 0, "the node is alive, as far as is known");
        successor.run_until_held(24, &runs);
        runs.run_one();
        successor.jump_to(25);
        assert_eq!(successor.log.lines(), ["job@10 again 2"], "it may have been interrupted");
        let [(first, 1)] = submitted(&dying)[..] else { panic!("{:?}", submitted(&dying)) };
        assert_eq!(submitted(&successor), [(first, 2)], "the same run");
        assert_eq!(successor.events.with_prefix("JOB_RECOVERED"), ["JOB_RECOVERED job"]);
        assert_eq!(in_flight(&successor), None);
        if is_queued {
            dying.clock().set(at(25));
            its_runs.run_one();
            assert_eq!(dying.log.len(), 0, "its claim has ended");
        }
    }
}

/// The node is alive and renews its lease, but can't settle the claim.
#[test]
fn a_queued_run_does_not_start_after_its_claim_has_expired() {
    let file = TempStore::new();
    let (its_runs, store) = (ManualExecutor::default(), faulty(file.store()));
    let faults = store.0.faults.clone();
    let failing = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", its_runs.clone()).task(note)
    });
    let (other, runs) = node(&file, None);
    add(&failing, "job", Recovery::Rerun);
    faults.set(Call::Commit, Fault::NotApplied);
    for second in 10..40 {
        failing.jump_to(second);
        other.jump_to(second);
        assert_eq!((its_runs.len(), runs.len()), (1, 0), "at second {second}");
    }
    other.jump_to(40);
    assert_eq!(runs.len(), 1, "the claim has expired");
    its_runs.run_one();
    assert_eq!(failing.log.len(), 0);
    faults.clear();
    failing.jump_to(41);
    runs.run_one();
    other.jump_to(41);
    assert_eq!(other.log.lines(), ["job@10 again 2"]);
    assert_eq!((its_runs.len(), in_flight(&other)), (0, None));
}

#[test]
fn a_repeated_run_does_not_replace_the_run_times_after_it() {
    let file = TempStore::new();
    let (dying, _its_runs) = node(&file, None);
    let (successor, runs) = node(&file, None);
    let job = dying.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(40));
    dying.block_on(job.max_instances(2).trigger(trigger).add()).unwrap();
    dying.claim_at(10);
    successor.jump_to(15);
    successor.run_until_held(24, &runs);
    runs.run_one();
    runs.run_one();
    assert_eq!(successor.log.lines(), ["job@10 again 2", "job@20"]);
}

#[test]
fn a_change_of_the_definition_keeps_the_claim() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    fixture.claim_at(10);
    let change = JobChange::new().name("renamed");
    fixture.block_on(fixture.modify_job("job", change)).unwrap();
    fixture.jump_to(10);
    runs.run_one();
    fixture.jump_to(11);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.in_flight), (Some(at(20)), 0));
    assert_eq!((job.name(), fixture.log.len(), runs.len()), ("renamed", 1, 0));
}

#[test]
fn a_change_of_the_trigger_waits_for_the_claim() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    let settled_at = fixture.claim_at(10).expect("the claim is to be settled");
    let change = JobChange::new().trigger(IntervalTrigger::seconds(7).start_date(at(10)));
    let pass = async {
        fixture.clock().set(settled_at);
        fixture.tick(settled_at).await
    };
    let (changed, _) = fixture.block_on(join(fixture.modify_job("job", change), pass));
    assert_eq!(changed.unwrap().next_run_time, Some(at(20)), "the run time is kept");
    runs.run_one();
    fixture.jump_to(11);
    assert_eq!((fixture.log.lines(), runs.len()), (vec!["job@10".into()], 0), "not repeated");
}

#[test]
fn a_lost_run_is_recorded_and_retried() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    add(&fixture, "job", Recovery::Rerun);
    fixture.claim_at(10);
    runs.lose_one();
    fixture.jump_to(10);
    let lost = fixture.events.all();
    let lost = lost.iter().filter(|event| matches!(event, Event::JobError(run) if matches!(run.outcome, Some(RunOutcome::Lost))));
    assert_eq!((lost.count(), in_flight(&fixture)), (1, Some(1)));
    fixture.run_until_held(40, &runs);
    runs.run_one();
    fixture.jump_to(41);
    assert_eq!(fixture.log.lines(), ["job@10 again 2"]);
    assert_eq!(in_flight(&fixture), None);
}

#[test]
fn a_shutdown_settles_open_claims() {
    for ends_first in [true, false] {
        let file = TempStore::new();
        let (stopping, its_runs) = node(&file, None);
        let (successor, runs) = node(&file, None);
        add(&stopping, "job", Recovery::Rerun);
        stopping.claim_at(10);
        if ends_first {
            its_runs.run_one();
        }
        stopping.block_on(stopping.shutdown()).unwrap();
        assert_eq!(in_flight(&successor), (!ends_first).then_some(1), "ends first: {ends_first}");
        if !ends_first {
            successor.jump_to(10);
            successor.run_until_held(14, &runs);
            runs.run_one();
            assert_eq!(successor.log.lines(), ["job@10 again 2"]);
        }
    }
}

#[test]
fn a_run_outside_of_the_schedule_waits_for_the_claim() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    let settled_at = fixture.claim_at(10).expect("the claim is to be settled");
    let pass = async {
        fixture.clock().set(settled_at);
        fixture.tick(settled_at).await
    };
    let (started, _) = fixture.block_on(join(fixture.run_job_now("job"), pass));
    assert!(matches!(started, Err(SchedulerError::MaxInstances { .. })), "{started:?}");
    assert_eq!((runs.len(), in_flight(&fixture)), (1, Some(1)));
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 1);
}
