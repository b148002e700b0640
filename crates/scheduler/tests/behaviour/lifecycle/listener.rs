//! Listeners that call the scheduler.

use std::sync::{Arc, OnceLock};

use punctual_core::{Event, EventMask};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{BackgroundScheduler, BlockingScheduler, SchedulerState};
use punctual_store_memory::MemoryJobStore;

use crate::common::{Log, Recorder, TIMEOUT, note};

#[test]
fn a_listener_adds_jobs_and_shuts_down() {
    let (events, log) = (Recorder::default(), Log::default());
    let own: Arc<OnceLock<BackgroundScheduler>> = Arc::default();
    let seen = Arc::clone(&own);
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .listener(EventMask::JOB_EXECUTED, move |event| {
            let Event::JobExecuted(run) = event else { panic!("not in the mask: {event:?}") };
            let scheduler = seen.get().expect("a scheduler");
            if run.job.job_id.as_str() == "first" {
                scheduler.job(note("second".into())).id("second").add().unwrap();
            } else {
                scheduler.shutdown().unwrap();
            }
        })
        .build()
        .unwrap();
    own.set(scheduler.clone()).unwrap();
    scheduler.start().unwrap();
    scheduler.job(note("first".into())).id("first").add().unwrap();
    events.wait("SCHEDULER_SHUTDOWN");
    assert_eq!(log.len(), 2);
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

#[test]
fn a_listener_shuts_a_blocking_scheduler_down() {
    let own: Arc<OnceLock<BlockingScheduler>> = Arc::default();
    let seen = Arc::clone(&own);
    let scheduler = BlockingScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .listener(EventMask::SCHEDULER_STARTED, move |_| {
            seen.get().expect("a scheduler").shutdown().unwrap();
        })
        .build()
        .unwrap();
    own.set(scheduler.clone()).unwrap();
    scheduler.start().unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

#[test]
fn a_panicking_listener_is_ignored() {
    let events = Recorder::default();
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .listener(EventMask::SCHEDULER_STARTED, |_| std::panic::resume_unwind(Box::new("bang")))
        .listener(EventMask::ALL, events.listener())
        .start()
        .unwrap();
    scheduler.shutdown().unwrap();
    assert_eq!(events.with_prefix("SCHEDULER"), ["SCHEDULER_STARTED", "SCHEDULER_SHUTDOWN"]);
}

#[test]
fn listeners_can_be_added_and_removed() {
    let (first, second) = (Recorder::default(), Recorder::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let id = scheduler.add_listener(EventMask::SCHEDULER_STARTED, first.listener());
    scheduler.add_listener(
        EventMask::SCHEDULER_PAUSED | EventMask::SCHEDULER_SHUTDOWN,
        second.listener(),
    );
    scheduler.start().unwrap();
    scheduler.pause().unwrap();
    scheduler.flush_events(TIMEOUT);
    assert!(scheduler.remove_listener(id));
    assert!(!scheduler.remove_listener(id));
    scheduler.shutdown().unwrap();
    scheduler.start().unwrap();
    scheduler.shutdown().unwrap();
    assert_eq!(first.event_lines(), ["SCHEDULER_STARTED"]);
    assert_eq!(
        second.event_lines(),
        ["SCHEDULER_PAUSED", "SCHEDULER_SHUTDOWN", "SCHEDULER_SHUTDOWN"]
    );
}
