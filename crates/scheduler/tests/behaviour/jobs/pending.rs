//! Jobs that are pending before the start are managed like all others.

use punctual_core::EventMask;
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{BackgroundScheduler, JobChange, JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualClock;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Log, Recorder, TempStore, at, note};

#[test]
fn pending_jobs_are_found_changed_paused_and_removed() {
    let (file, events, log) = (TempStore::new(), Recorder::default(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .job_store("file", file.store())
        .executor("default", ThreadPoolExecutor::new(1))
        .timezone("UTC")
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    let later = || DateTrigger::at(at(2_000_000_000));
    for (id, store) in [("a", "default"), ("b", "file"), ("c", "file"), ("a", "file")] {
        scheduler.job(note(id.into())).id(id).job_store(store).trigger(later()).add().unwrap();
    }
    let listed = |query| {
        let jobs = scheduler.get_jobs(query).unwrap();
        jobs.iter().map(|job| format!("{}/{}", job.job_store, job.id)).collect::<Vec<_>>()
    };
    assert_eq!(listed(JobQuery::new()), ["default/a", "file/b", "file/c", "file/a"]);
    assert_eq!(listed(JobQuery::new().job_store("file")), ["file/b", "file/c", "file/a"]);
    assert_eq!(scheduler.get_job(("file", "a")).unwrap().unwrap().job_store.as_str(), "file");
    assert!(scheduler.get_job(("default", "b")).unwrap().is_none());
    let job = scheduler.modify_job("b", JobChange::new().name("changed")).unwrap();
    assert_eq!((job.name(), job.state), ("changed", JobState::Pending));
    scheduler.reschedule_job("b", IntervalTrigger::hours(1)).unwrap();
    scheduler.pause_job("b").unwrap();
    scheduler.pause_job("c").unwrap();
    scheduler.resume_job("c").unwrap();
    scheduler.remove_job(("file", "a")).unwrap();
    let error = scheduler.remove_job(("file", "a")).unwrap_err();
    assert!(matches!(error, SchedulerError::JobNotFound { .. }));
    let error = scheduler.run_job_now("b").unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning));
    assert_eq!(events.with_prefix("JOB_"), [""; 0]);

    scheduler.start().unwrap();
    assert_eq!(listed(JobQuery::new()), ["default/a", "file/c", "file/b"]);
    let b = scheduler.get_job("b").unwrap().unwrap();
    assert_eq!((b.name(), b.state), ("changed", JobState::Paused));
    assert!(b.to_string().contains("interval[1:00:00], paused"), "{b}");
    assert_eq!(scheduler.get_job("c").unwrap().unwrap().state, JobState::Scheduled);
    scheduler.shutdown().unwrap();
    scheduler.job(note("d".into())).id("d").add().unwrap();
    let pending = || JobQuery::new().state(JobState::Pending);
    assert_eq!(listed(pending()), ["default/d"]);
    scheduler.remove_job("d").unwrap();
    assert_eq!(listed(pending()), [""; 0]);
}

#[test]
fn pending_jobs_whose_triggers_end_before_the_start_are_reported_by_it() {
    let clock = ManualClock::at(at(0));
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(1))
        .clock(clock.clone())
        .build()
        .unwrap();
    let ended = IntervalTrigger::seconds(1).start_date(at(0)).end_date(at(10));
    scheduler.job(note("x".into())).id("x").trigger(ended).add().unwrap();
    clock.set(at(20));
    let error = scheduler.start().unwrap_err();
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    scheduler.remove_job("x").unwrap();
    scheduler.start().unwrap();
    scheduler.shutdown().unwrap();
}
