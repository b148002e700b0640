//! Starting, pausing and resuming a scheduler.

use punctual_core::{Event, EventMask, error_chain};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, BlockingScheduler, JobQuery, SchedulerError,
    SchedulerState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{Log, Recorder, SchedulerFixture, at, note};

fn background(events: &Recorder, log: &Log) -> BackgroundScheduler {
    BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .timezone("UTC")
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap()
}

#[test]
fn a_pending_job_runs_after_the_start_and_events_are_ordered() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = background(&events, &log);
    let job = scheduler.job(note("job".into())).id("job").add().unwrap();
    assert_eq!(job.state, punctual_scheduler::JobState::Pending);
    assert_eq!((scheduler.state(), scheduler.is_running()), (SchedulerState::Stopped, false));
    assert!(events.event_lines().is_empty(), "no event before the start");
    scheduler.start().unwrap();
    events.wait("JOB_REMOVED");
    scheduler.shutdown().unwrap();
    assert_eq!(
        events.event_lines(),
        [
            "JOBSTORE_ADDED default",
            "JOB_ADDED job",
            "SCHEDULER_STARTED",
            "JOB_SUBMITTED job",
            "JOB_EXECUTED job",
            "JOB_REMOVED job",
            "SCHEDULER_SHUTDOWN",
        ]
    );
    assert_eq!(events.all()[0].mask(), EventMask::EXECUTOR_ADDED);
    assert_eq!(log.len(), 1);
}

#[test]
fn calls_invalid_in_the_current_state_are_rejected() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = background(&events, &log);
    assert!(matches!(scheduler.shutdown(), Err(SchedulerError::NotRunning)));
    assert!(matches!(scheduler.pause(), Err(SchedulerError::NotRunning)));
    assert!(matches!(scheduler.resume(), Err(SchedulerError::NotRunning)));
    assert!(matches!(
        scheduler.run_job_now("job"),
        Err(SchedulerError::NotRunning | SchedulerError::JobNotFound { .. })
    ));
    assert!(events.event_lines().is_empty());
    scheduler.start().unwrap();
    assert!(matches!(scheduler.start(), Err(SchedulerError::AlreadyRunning)));
    assert!(matches!(scheduler.start_paused(), Err(SchedulerError::AlreadyRunning)));
    scheduler.shutdown().unwrap();
    assert!(matches!(scheduler.shutdown(), Err(SchedulerError::NotRunning)));
    assert_eq!(events.with_prefix("SCHEDULER"), ["SCHEDULER_STARTED", "SCHEDULER_SHUTDOWN"]);
}

#[test]
fn a_scheduler_started_paused_runs_nothing_until_resumed() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = background(&events, &log);
    scheduler.job(note("early".into())).id("early").add().unwrap();
    scheduler.start_paused().unwrap();
    assert_eq!(scheduler.state(), SchedulerState::Paused);
    assert!(scheduler.is_running());
    scheduler.job(note("late".into())).id("late").add().unwrap();
    assert_eq!(scheduler.get_jobs(JobQuery::new()).unwrap().len(), 2);
    assert_eq!(log.len(), 0);
    scheduler.resume().unwrap();
    events.wait_count("JOB_REMOVED", 2);
    scheduler.shutdown().unwrap();
    assert_eq!(
        events.with_prefix("SCHEDULER"),
        ["SCHEDULER_STARTED", "SCHEDULER_RESUMED", "SCHEDULER_SHUTDOWN"]
    );
}

#[test]
fn pausing_is_idempotent() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    fixture.pause().unwrap();
    fixture.pause().unwrap();
    fixture.run_until(20);
    assert_eq!(fixture.log.len(), 0);
    fixture.resume().unwrap();
    fixture.resume().unwrap();
    fixture.run_until(21);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    let lines = fixture.events.with_prefix("SCHEDULER");
    assert_eq!(lines, ["SCHEDULER_STARTED", "SCHEDULER_PAUSED", "SCHEDULER_RESUMED"]);
    assert!(matches!(fixture.events.all().last(), Some(Event::JobRemoved(_))));
}

#[test]
fn a_runtime_without_io_is_an_error_of_the_start() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let scheduler = AsyncScheduler::builder().timezone("UTC").build().unwrap();
    let error = runtime.block_on(scheduler.start()).unwrap_err();
    assert!(matches!(error, SchedulerError::RuntimeUnavailable(_)), "{error:?}");
    let text = error_chain(&error).to_string();
    assert!(text.contains("I/O") || text.contains("IO"), "{text}");
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

#[test]
fn a_blocking_scheduler_can_start_paused() {
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = BlockingScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    scheduler.job(note("job".into())).add().unwrap();
    let other = scheduler.clone();
    let thread = std::thread::spawn(move || other.start_paused());
    events.wait("SCHEDULER_STARTED");
    assert_eq!(scheduler.state(), SchedulerState::Paused);
    assert_eq!(log.len(), 0);
    scheduler.resume().unwrap();
    events.wait("JOB_EXECUTED");
    scheduler.shutdown().unwrap();
    thread.join().unwrap().unwrap();
}
