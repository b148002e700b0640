//! Wake-ups: the pass over all stores.

use std::time::Duration;

use futures_util::FutureExt;
use punctual_core::{Coalesce, DebugExecutor, EventMask};
use punctual_scheduler::{JobChange, JobQuery};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::{every_ten_seconds, listed, only_job, two_stores};
use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, at, faulty, note};

#[test]
fn a_paused_scheduler_starts_no_runs() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.pause().unwrap();
    assert_eq!(fixture.pass(), None, "no timer");
    fixture.run_until(25);
    assert_eq!(fixture.log.len(), 0);
    fixture.resume().unwrap();
    fixture.run_until(26);
    assert_eq!(fixture.log.lines(), ["a@20"]);
}

#[test]
fn a_stopped_scheduler_starts_no_runs() {
    // APScheduler does not check.
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.block_on(fixture.shutdown()).unwrap();
    assert_eq!(fixture.block_on(fixture.tick(at(60))), None);
    assert_eq!(fixture.log.len(), 0);
}

#[test]
fn a_failing_store_is_retried_and_does_not_affect_the_others() {
    let failing = faulty(MemoryJobStore::new());
    let faults = failing.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("failing", failing);
        builder.job_store("default", MemoryJobStore::new()).task(note)
    });
    for store in ["failing", "default"] {
        let job = fixture.job(note(store.into())).job_store(store);
        fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    }
    faults.set(Call::ClaimDue, Fault::NotApplied);
    fixture.run_until(15);
    assert_eq!(fixture.log.lines(), ["default@10"]);
    faults.clear();
    fixture.run_until(29);
    assert!(fixture.log.lines().contains(&"failing@20".to_owned()));
}

#[test]
fn a_job_without_its_executor_is_kept() {
    // APScheduler removes it.
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.executor("second", DebugExecutor).max_retry_delay(Duration::from_secs(1))
    });
    let job = fixture.job(note("a".into())).executor("second").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.block_on(fixture.remove_executor("second")).unwrap();
    fixture.run_until(15);
    assert_eq!((fixture.log.len(), fixture.events.with_prefix("JOB_UNRESOLVED").len()), (0, 1));
    assert!(only_job(&fixture).problem.is_some());
    fixture.add_executor("second", DebugExecutor).unwrap();
    fixture.run_until(18);
    assert_eq!(fixture.log.lines(), ["a@10"]);
}

#[test]
fn coalesce_keeps_the_latest_run_time() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(45);
    assert_eq!(fixture.log.lines(), ["a@40"]);
    // APScheduler emits no event.
    assert_eq!(fixture.events.with_prefix("JOB_COALESCED").len(), 1);
}

#[test]
fn the_misfire_check_is_made_before_coalescing() {
    // In APScheduler, only the run time that is kept is checked.
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").misfire_grace_time(Duration::from_secs(12));
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    fixture.jump_to(45);
    assert_eq!(fixture.log.lines(), ["a@40"]);
    assert_eq!(fixture.events.with_prefix("JOB_MISSED"), ["JOB_MISSED a"], "10 to 30");
}

#[test]
fn without_coalescing_each_run_time_has_its_run() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).coalesce(Coalesce::All).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.clock().set(at(35));
    fixture.run_until(36);
    assert_eq!(fixture.log.lines(), ["a@10", "a@20", "a@30"]);
}

#[test]
fn max_instances_skips_with_an_event() {
    let held = ManualExecutor::default();
    let executor = held.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", executor)
    });
    let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(10);
    fixture.jump_to(20);
    assert_eq!(fixture.events.with_prefix("JOB_MAX_INSTANCES"), ["JOB_MAX_INSTANCES a"]);
    assert_eq!((held.len(), only_job(&fixture).next_run_time), (1, Some(at(30))));
}

#[test]
fn the_misfire_check_is_made_when_the_run_starts() {
    let held = ManualExecutor::default();
    let executor = held.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", executor)
    });
    let job = fixture.job(note("a".into())).id("a").misfire_grace_time(Duration::from_secs(3));
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    fixture.jump_to(10);
    fixture.clock().set(at(14));
    held.run_one();
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_MISSED"), ["JOB_MISSED a"]);
    assert_eq!(fixture.log.len(), 0);
}

#[test]
fn a_job_is_removed_after_its_last_fire_time() {
    let fixture = SchedulerFixture::in_memory();
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    let job = fixture.job(note("a".into())).id("a").trigger(trigger);
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(30);
    assert_eq!(listed(&fixture, Default::default()).len(), 0);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED a"]);
}

#[test]
fn the_next_wakeup_is_the_earliest_of_all_stores() {
    let fixture = two_stores();
    for (store, second) in [("default", 30), ("second", 20)] {
        let job = fixture.job(note("a".into())).job_store(store);
        fixture.block_on(job.trigger(DateTrigger::at(at(second))).add()).unwrap();
    }
    assert_eq!(fixture.pass(), Some(at(20)));
}

#[test]
fn without_jobs_no_wakeup_is_needed() {
    assert_eq!(SchedulerFixture::in_memory().pass(), None);
}

#[test]
fn a_fire_time_in_the_far_future_is_waited_for() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(DateTrigger::at("9999-12-31 23:59:59"));
    fixture.block_on(job.add()).unwrap();
    let next = fixture.pass().map(|next| next.to_string());
    assert_eq!(next.as_deref(), Some("9999-12-31T23:59:59Z"));
}

/// Whether the driver is woken by these calls.
fn wakes(fixture: &SchedulerFixture, call: impl AsyncFnOnce(&SchedulerFixture)) -> bool {
    let is_woken =
        || fixture.block_on(async { fixture.wait_for_wakeup().now_or_never().is_some() });
    fixture.pass();
    is_woken();
    assert!(!is_woken(), "one notification is stored");
    fixture.block_on(call(fixture));
    is_woken()
}

#[test]
fn calls_that_can_make_a_job_due_wake_the_scheduler() {
    let fixture = SchedulerFixture::in_memory();
    assert!(wakes(&fixture, async |fixture| {
        fixture.shutdown().await.unwrap();
        fixture.start_manual().await.unwrap();
    }));
    assert!(wakes(&fixture, async |fixture| fixture.wakeup()));
    assert!(wakes(&fixture, async |fixture| {
        let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
        job.add().await.unwrap();
    }));
    assert!(wakes(&fixture, async |fixture| {
        fixture.add_job_store("second", MemoryJobStore::new()).await.unwrap();
    }));
    let earlier = || IntervalTrigger::seconds(5);
    assert!(wakes(&fixture, async |fixture| {
        fixture.modify_job("a", JobChange::new().trigger(earlier())).await.unwrap();
    }));
    assert!(wakes(&fixture, async |fixture| {
        fixture.reschedule_job("a", earlier()).await.unwrap();
    }));
    fixture.block_on(fixture.pause_job("a")).unwrap();
    assert!(wakes(&fixture, async |fixture| drop(fixture.resume_job("a").await.unwrap())));
    assert!(wakes(&fixture, async |fixture| {
        fixture.pause().unwrap();
        fixture.resume().unwrap();
    }));
    // Nothing is due earlier.
    assert!(!wakes(&fixture, async |fixture| fixture.remove_job("a").await.unwrap()));
    assert_eq!(listed(&fixture, JobQuery::new()).len(), 0);
}

#[test]
fn a_new_next_run_time_after_a_run_is_no_modification() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(35);
    assert_eq!((fixture.log.len(), fixture.events.with_prefix("JOB_MODIFIED").len()), (3, 0));
}

#[test]
fn a_listener_added_later_receives_later_events_only() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(15);
    let mut events = fixture.events(EventMask::JOB_EXECUTED);
    assert!(events.try_next().is_none());
    fixture.run_until(25);
    assert!(events.try_next().is_some());
}
