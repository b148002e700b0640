//! Fire times that exceed the grace time.

use std::time::Duration;

use punctual_core::{Clock, Coalesce, Event, SkipReason};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{ManualExecutor, SchedulerFixture, at, note};

const GRACE: Duration = Duration::from_secs(5);

#[test]
fn without_a_grace_time_no_run_is_too_late() {
    let fixture = SchedulerFixture::in_memory();
    fixture
        .block_on(fixture.job(note("job".into())).trigger(DateTrigger::at(at(10))).add())
        .unwrap();
    fixture.jump_to(1_000_000);
    assert_eq!(fixture.log.lines(), ["job@10"]);
}

#[test]
fn a_fire_time_past_its_grace_time_is_missed_and_the_job_continues() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10).start_date(at(10))).add()).unwrap();
    fixture.jump_to(26);
    assert_eq!(fixture.log.len(), 0);
    let events = fixture.events.all();
    let missed = events.iter().find_map(|event| match event {
        Event::JobMissed(skipped) => Some(skipped.clone()),
        _ => None,
    });
    let missed = missed.expect("a missed event");
    assert_eq!((missed.first, missed.last, missed.reason), (at(10), at(20), SkipReason::TooLate));
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.fire_count), (Some(at(30)), 0));
    fixture.jump_to(35);
    assert_eq!(fixture.log.lines(), ["job@30"], "exactly at the limit");
}

#[test]
fn a_job_whose_last_fire_time_is_missed_is_removed() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.jump_to(16);
    assert_eq!(
        fixture.events.event_lines()[2..],
        ["JOB_ADDED job", "JOB_MISSED job", "JOB_REMOVED job"]
    );
    assert_eq!(fixture.log.len(), 0);
}

#[test]
fn the_earliest_fire_time_within_the_grace_time_runs() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).misfire_grace_time(GRACE * 3);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.coalesce(Coalesce::Earliest).trigger(trigger).add()).unwrap();
    fixture.jump_to(41);
    assert_eq!(fixture.log.lines(), ["job@30"]);
    assert_eq!(fixture.events.with_prefix("JOB_MISSED").len(), 1);
    assert_eq!(fixture.events.with_prefix("JOB_COALESCED").len(), 1);
}

#[test]
fn time_in_the_executor_queue_counts() {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", held.clone())
    });
    let job = fixture.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.jump_to(10);
    fixture.clock().set(at(16));
    held.run_one();
    fixture.pass();
    assert_eq!(fixture.clock().now(), at(16));
    assert_eq!(fixture.log.len(), 0);
    assert_eq!(
        fixture.events.event_lines()[2..],
        ["JOB_ADDED job", "JOB_SUBMITTED job", "JOB_MISSED job", "JOB_REMOVED job"]
    );
}
