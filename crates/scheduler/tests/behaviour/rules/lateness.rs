//! Fire times that exceed the grace time.

use std::time::Duration;

use punctual_core::{Clock, Coalesce, Event, SkipReason};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Held, Rig, at, note};

const GRACE: Duration = Duration::from_secs(5);

#[test]
fn without_a_grace_time_no_run_is_too_late() {
    let rig = Rig::in_memory();
    rig.block_on(rig.job(note("job".into())).trigger(DateTrigger::at(at(10))).add()).unwrap();
    rig.jump_to(1_000_000);
    assert_eq!(rig.log.lines(), ["job@10"]);
}

#[test]
fn a_fire_time_past_its_grace_time_is_missed_and_the_job_continues() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    rig.block_on(job.trigger(IntervalTrigger::seconds(10).start_date(at(10))).add()).unwrap();
    rig.jump_to(26);
    assert_eq!(rig.log.len(), 0);
    let events = rig.events.all();
    let missed = events.iter().find_map(|event| match event {
        Event::JobMissed(skipped) => Some(skipped.clone()),
        _ => None,
    });
    let missed = missed.expect("a missed event");
    assert_eq!((missed.first, missed.last, missed.reason), (at(10), at(20), SkipReason::TooLate));
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.fire_count), (Some(at(30)), 0));
    rig.jump_to(35);
    assert_eq!(rig.log.lines(), ["job@30"], "exactly at the limit");
}

#[test]
fn a_job_whose_last_fire_time_is_missed_is_removed() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    rig.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    rig.jump_to(16);
    assert_eq!(rig.events.told()[2..], ["JOB_ADDED job", "JOB_MISSED job", "JOB_REMOVED job"]);
    assert_eq!(rig.log.len(), 0);
}

#[test]
fn the_earliest_fire_time_within_the_grace_time_runs() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).misfire_grace_time(GRACE * 3);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    rig.block_on(job.coalesce(Coalesce::Earliest).trigger(trigger).add()).unwrap();
    rig.jump_to(41);
    assert_eq!(rig.log.lines(), ["job@30"]);
    assert_eq!(rig.events.of("JOB_MISSED").len(), 1);
    assert_eq!(rig.events.of("JOB_COALESCED").len(), 1);
}

#[test]
fn time_in_the_executor_queue_counts() {
    let held = Held::default();
    let rig = Rig::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", held.clone())
    });
    let job = rig.job(note("job".into())).id("job").misfire_grace_time(GRACE);
    rig.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    rig.jump_to(10);
    rig.clock().set(at(16));
    held.run_one();
    rig.pass();
    assert_eq!(rig.clock().now(), at(16));
    assert_eq!(rig.log.len(), 0);
    assert_eq!(
        rig.events.told()[2..],
        ["JOB_ADDED job", "JOB_SUBMITTED job", "JOB_MISSED job", "JOB_REMOVED job"]
    );
}
