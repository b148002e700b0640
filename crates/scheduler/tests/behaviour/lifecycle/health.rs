//! What `health` tells about the loop, the queues and the stores.

use std::time::Duration;

use punctual_core::Recovery;
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, SchedulerFixture, TempStore, at, faulty, gated, note};

#[test]
fn the_lag_is_the_time_for_which_a_tick_is_overdue() {
    let fixture = SchedulerFixture::in_memory();
    assert_eq!(fixture.health().lag, Duration::ZERO, "before the first tick");
    let job = fixture.job(note("job".into())).trigger(DateTrigger::at(at(100)));
    fixture.block_on(job.add()).unwrap();
    fixture.pass();
    fixture.clock().set(at(1));
    assert_eq!(fixture.health().lag, Duration::ZERO, "a tick is needed once per second");
    fixture.clock().set(at(5));
    assert_eq!(fixture.health().lag, Duration::from_secs(4));
    fixture.pass();
    assert_eq!((fixture.health().lag, fixture.health().last_tick), (Duration::ZERO, Some(at(5))));
    fixture.clock().set(at(60));
    fixture.block_on(fixture.shutdown()).unwrap();
    assert_eq!(fixture.health().lag, Duration::ZERO, "after the shutdown");
    fixture.block_on(fixture.start_manual()).unwrap();
    assert_eq!(fixture.health().lag, Duration::ZERO, "before the first tick of the next start");
}

#[test]
fn the_lag_of_a_store_is_that_of_its_earliest_due_job() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let job = fixture.job(note("job".into())).trigger(IntervalTrigger::seconds(10));
    fixture.block_on(job.add()).unwrap();
    let lag = || fixture.health().job_stores[0].lag;
    fixture.run_until(15);
    assert_eq!(lag(), Duration::ZERO);
    faults.set(Call::ClaimDue, Fault::NotApplied);
    fixture.jump_to(27);
    assert_eq!(lag(), Duration::from_secs(7));
    faults.clear();
    fixture.run_until(40);
    assert_eq!(lag(), Duration::ZERO);
    fixture.pause().unwrap();
    fixture.clock().set(at(90));
    assert_eq!(lag(), Duration::ZERO, "while the scheduler is paused");
}

#[test]
fn the_last_error_of_a_store_is_kept_after_its_recovery() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    fixture.pass();
    let store = || fixture.health().job_stores.remove(0);
    assert!(store().last_error.is_none() && store().last_failed_at.is_none());
    faults.set(Call::NextWakeup, Fault::NotApplied);
    fixture.jump_to(2);
    assert_eq!((store().failures, store().last_failed_at), (1, Some(at(2))));
    fixture.jump_to(3);
    assert_eq!((store().failures, store().last_failed_at), (2, Some(at(3))));
    faults.clear();
    fixture.run_until(20);
    let store = store();
    assert_eq!((store.failures, store.last_failed_at), (0, Some(at(3))));
    assert!(store.error.is_none());
    assert_eq!(store.last_error.unwrap().to_string(), "NextWakeup failed");
    assert!(fixture.health().is_ok());
}

#[test]
fn queues_are_counted() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", file.store());
        builder.executor("default", ThreadPoolExecutor::new(1))
    });
    for _ in 0..3 {
        let job = fixture.job(gated("job".into())).recovery(Recovery::Skip);
        fixture.block_on(job.trigger(DateTrigger::at(at(1))).add()).unwrap();
    }
    fixture.jump_to(1);
    fixture.log.wait_for_tasks_at_gate(1);
    let health = fixture.health();
    let executor = &health.executors[0];
    assert_eq!(executor.executor.as_str(), "default");
    assert_eq!((executor.running_runs, executor.queued_runs), (Some(1), Some(2)));
    assert_eq!((health.active_runs, health.queued_events), (3, 0));
    assert_eq!(health.job_stores[0].pending_history, 0);
    fixture.log.open_gate();
    fixture.run_until(5);
    let health = fixture.health();
    assert_eq!((health.active_runs, health.executors[0].queued_runs), (0, Some(0)));
    assert_eq!(
        (health.job_stores[0].pending_commits, health.job_stores[0].pending_history),
        (0, 0)
    );
}
