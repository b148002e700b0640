//! Two schedulers of one process race over one SQLite file.

use punctual_core::{EventMask, NewJob, Recovery};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::BackgroundScheduler;
use punctual_triggers::DateTrigger;

use crate::common::{File, Log, Recorder, at, note};

const JOBS: usize = 300;

#[test]
fn each_occurrence_runs_once() {
    let file = File::new();
    let (events, log) = (Recorder::default(), Log::default());
    let schedulers: Vec<_> = (0..2)
        .map(|_| {
            BackgroundScheduler::builder()
                .job_store("default", file.store())
                .executor("default", ThreadPoolExecutor::new(2))
                .state(log.clone())
                .task(note)
                .listener(EventMask::JOB_REMOVED | EventMask::JOB_EXECUTED, events.listener())
                .start()
                .unwrap()
        })
        .collect();
    let jobs = (0..JOBS).map(|number| {
        let recovery = if number % 2 == 0 { Recovery::Skip } else { Recovery::Rerun };
        let job = NewJob::builder(note(format!("{number}"))).id(format!("{number}"));
        job.trigger(DateTrigger::at(at(0))).recovery(recovery).build()
    });
    schedulers[0].add_jobs(jobs).unwrap();
    events.wait_count("JOB_REMOVED", JOBS);
    for scheduler in &schedulers {
        assert!(scheduler.get_jobs(None).unwrap().is_empty());
        assert!(scheduler.health().is_ok());
        scheduler.shutdown().unwrap();
    }
    let mut lines = log.lines();
    assert_eq!(lines.len(), JOBS);
    lines.sort();
    lines.dedup();
    assert_eq!(lines.len(), JOBS, "none ran twice");
    assert_eq!(events.of("JOB_EXECUTED").len(), JOBS);
}
