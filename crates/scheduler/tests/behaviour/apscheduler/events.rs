//! The events of APScheduler, with their codes.

use std::time::Duration;

use punctual_core::{DebugExecutor, Event, EventMask};
use punctual_scheduler::JobChange;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use super::every_ten_seconds;
use crate::common::{Log, ManualExecutor, SchedulerFixture, at, brief, fail, note};

/// Calls `act`, and returns the events of this kind that follow.
fn after(
    fixture: &SchedulerFixture,
    kind: EventMask,
    code: u32,
    act: impl FnOnce(&SchedulerFixture),
) -> Vec<String> {
    assert_eq!(kind.bits(), code);
    let mut events = fixture.events(kind);
    act(fixture);
    fixture.block_on(fixture.flush_events(Duration::from_secs(60)));
    std::iter::from_fn(|| events.try_next()).map(|event| brief(&event)).collect()
}

fn add(fixture: &SchedulerFixture) {
    let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
}

#[test]
fn event_1_scheduler_started() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::SCHEDULER_STARTED, 1, |fixture| {
        fixture.block_on(fixture.shutdown()).unwrap();
    });
    assert_eq!(found.len(), 0);
    let found = after(&fixture, EventMask::SCHEDULER_STARTED, 1, |fixture| {
        fixture.block_on(fixture.start_manual()).unwrap();
    });
    assert_eq!(found, ["SCHEDULER_STARTED"]);
}

#[test]
fn event_2_scheduler_shutdown() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::SCHEDULER_SHUTDOWN, 2, |fixture| {
        fixture.block_on(fixture.shutdown()).unwrap();
    });
    assert_eq!(found, ["SCHEDULER_SHUTDOWN"]);
}

#[test]
fn event_4_scheduler_paused() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::SCHEDULER_PAUSED, 4, |fixture| fixture.pause().unwrap());
    assert_eq!(found, ["SCHEDULER_PAUSED"]);
}

#[test]
fn event_8_scheduler_resumed() {
    let fixture = SchedulerFixture::in_memory();
    fixture.pause().unwrap();
    let found =
        after(&fixture, EventMask::SCHEDULER_RESUMED, 8, |fixture| fixture.resume().unwrap());
    assert_eq!(found, ["SCHEDULER_RESUMED"]);
}

#[test]
fn event_16_executor_added() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::EXECUTOR_ADDED, 16, |fixture| {
        fixture.add_executor("second", DebugExecutor).unwrap();
    });
    assert_eq!(found, ["EXECUTOR_ADDED second"]);
}

#[test]
fn event_32_executor_removed() {
    let fixture = SchedulerFixture::in_memory();
    fixture.add_executor("second", DebugExecutor).unwrap();
    let found = after(&fixture, EventMask::EXECUTOR_REMOVED, 32, |fixture| {
        fixture.block_on(fixture.remove_executor("second")).unwrap();
    });
    assert_eq!(found, ["EXECUTOR_REMOVED second"]);
}

#[test]
fn event_64_jobstore_added() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::JOBSTORE_ADDED, 64, |fixture| {
        fixture.block_on(fixture.add_job_store("second", MemoryJobStore::new())).unwrap();
    });
    assert_eq!(found, ["JOBSTORE_ADDED second"]);
}

#[test]
fn event_128_jobstore_removed() {
    let fixture = super::two_stores();
    let found = after(&fixture, EventMask::JOBSTORE_REMOVED, 128, |fixture| {
        fixture.block_on(fixture.remove_job_store("second")).unwrap();
    });
    assert_eq!(found, ["JOBSTORE_REMOVED second"]);
}

#[test]
fn event_256_all_jobs_removed() {
    let fixture = SchedulerFixture::in_memory();
    let found = after(&fixture, EventMask::ALL_JOBS_REMOVED, 256, |fixture| {
        fixture.block_on(fixture.remove_all_jobs()).unwrap();
    });
    assert_eq!(found, ["ALL_JOBS_REMOVED"]);
}

#[test]
fn event_512_job_added() {
    let fixture = SchedulerFixture::in_memory();
    assert_eq!(after(&fixture, EventMask::JOB_ADDED, 512, add), ["JOB_ADDED a"]);
}

#[test]
fn event_1024_job_removed() {
    let fixture = SchedulerFixture::in_memory();
    add(&fixture);
    let by_call = after(&fixture, EventMask::JOB_REMOVED, 1024, |fixture| {
        fixture.block_on(fixture.remove_job("a")).unwrap();
    });
    assert_eq!(by_call, ["JOB_REMOVED a"]);
    let by_its_end = after(&fixture, EventMask::JOB_REMOVED, 1024, |fixture| {
        let job = fixture.job(note("b".into())).id("b").trigger(DateTrigger::at(at(1)));
        fixture.block_on(job.add()).unwrap();
        fixture.run_until(2);
    });
    assert_eq!(by_its_end, ["JOB_REMOVED b"]);
}

#[test]
fn event_2048_job_modified() {
    let fixture = SchedulerFixture::in_memory();
    add(&fixture);
    let found = after(&fixture, EventMask::JOB_MODIFIED, 2048, |fixture| {
        let change = JobChange::new().name("b");
        fixture.block_on(fixture.modify_job("a", change)).unwrap();
        fixture.block_on(fixture.reschedule_job("a", every_ten_seconds())).unwrap();
        fixture.block_on(fixture.pause_job("a")).unwrap();
        fixture.block_on(fixture.resume_job("a")).unwrap();
    });
    assert_eq!(found, ["JOB_MODIFIED a"; 4]);
}

#[test]
fn event_4096_job_executed() {
    let fixture = SchedulerFixture::in_memory();
    add(&fixture);
    let found = after(&fixture, EventMask::JOB_EXECUTED, 4096, |fixture| fixture.run_until(15));
    assert_eq!(found, ["JOB_EXECUTED a"]);
}

#[test]
fn event_8192_job_error() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(fail("out of paper".into())).id("a").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    let found = after(&fixture, EventMask::JOB_ERROR, 8192, |fixture| fixture.run_until(15));
    assert_eq!(found, ["JOB_ERROR a"]);
}

#[test]
fn event_16384_job_missed() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").misfire_grace_time(Duration::from_secs(1));
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    let found = after(&fixture, EventMask::JOB_MISSED, 16384, |fixture| {
        fixture.jump_to(15);
    });
    assert_eq!(found, ["JOB_MISSED a"]);
}

#[test]
fn event_32768_job_submitted() {
    let fixture = SchedulerFixture::in_memory();
    add(&fixture);
    let found = after(&fixture, EventMask::JOB_SUBMITTED, 32768, |fixture| fixture.run_until(15));
    assert_eq!(found, ["JOB_SUBMITTED a"]);
}

#[test]
fn event_65536_job_max_instances() {
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.executor("default", ManualExecutor::default())
    });
    add(&fixture);
    let found = after(&fixture, EventMask::JOB_MAX_INSTANCES, 65536, |fixture| {
        fixture.jump_to(10);
        fixture.jump_to(20);
    });
    assert_eq!(found, ["JOB_MAX_INSTANCES a"]);
}

#[test]
fn event_131071_all() {
    let fixture = SchedulerFixture::in_memory();
    let codes = EventMask::from_bits(131_071);
    assert!(EventMask::ALL.contains(codes), "the mask also includes events that are new");
    let mut events = fixture.events(codes);
    add(&fixture);
    fixture.run_until(15);
    let kinds = std::iter::from_fn(|| events.try_next()).map(|event| event.mask().to_string());
    assert_eq!(kinds.collect::<Vec<_>>(), ["JOB_ADDED", "JOB_SUBMITTED", "JOB_EXECUTED"]);
}

#[test]
fn the_attributes_of_an_event() {
    let fixture = SchedulerFixture::in_memory();
    add(&fixture);
    let mut events = fixture.events(EventMask::JOB_EXECUTED);
    fixture.run_until(15);
    let Some(Event::JobExecuted(run)) = events.try_next() else {
        panic!("the event");
    };
    assert_eq!((run.job.job_id.as_str(), run.job.job_store.as_str()), ("a", "default"));
    assert_eq!(
        (run.scheduled_time, run.started, run.finished),
        (at(10), Some(at(10)), Some(at(10)))
    );
    assert!(run.outcome.unwrap().is_success());
}

#[test]
fn a_listener_that_panics_does_not_affect_the_others() {
    let fixture = SchedulerFixture::in_memory();
    fixture.add_listener(EventMask::JOB_ADDED, |_| panic!("a listener of this test"));
    let second = crate::common::Recorder::default();
    let id = fixture.add_listener(EventMask::JOB_ADDED, second.listener());
    add(&fixture);
    fixture.pass();
    assert_eq!(second.event_lines(), ["JOB_ADDED a"]);
    assert!(fixture.remove_listener(id));
    assert!(!fixture.remove_listener(id), "unknown");
}

#[test]
fn listeners_are_called_in_the_order_in_which_they_were_added_each_as_often() {
    let fixture = SchedulerFixture::in_memory();
    let calls = Log::default();
    let listener = |name: &'static str| {
        let calls = calls.clone();
        move |_: &Event| calls.push(name)
    };
    let first = fixture.add_listener(EventMask::JOB_ADDED, listener("first"));
    fixture.add_listener(EventMask::JOB_ADDED, listener("second"));
    fixture.add_listener(EventMask::JOB_ADDED, listener("first"));
    add(&fixture);
    fixture.pass();
    assert_eq!(calls.lines(), ["first", "second", "first"]);
    // Removes this one only, unlike in APScheduler, where the function identifies it.
    assert!(fixture.remove_listener(first));
    let job = fixture.job(note("b".into())).id("b").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.pass();
    assert_eq!(calls.lines()[3..], ["second", "first"]);
}

#[test]
fn the_events_of_a_start_are_in_order() {
    let scheduler = super::stopped();
    let mut events = scheduler.events(EventMask::ALL);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let job = scheduler.job(note("a".into())).id("a").trigger(every_ten_seconds());
        job.add().await.unwrap();
        scheduler.start_manual().await.unwrap();
        let order = std::iter::from_fn(|| events.try_next()).map(|event| brief(&event));
        assert_eq!(
            order.collect::<Vec<_>>(),
            [
                "EXECUTOR_ADDED default",
                "JOBSTORE_ADDED default",
                "JOB_ADDED a",
                "SCHEDULER_STARTED"
            ]
        );
        scheduler.shutdown().await.unwrap();
    });
}
