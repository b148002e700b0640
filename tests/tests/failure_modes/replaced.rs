//! An SQLite file is removed, or replaced by another one, while a scheduler has it open.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use punctual::StoreErrorKind;
use punctual::prelude::*;

const PERIOD: Duration = Duration::from_millis(100);

const TIMEOUT: Duration = Duration::from_secs(60);

/// The sender from the runs to the test.
struct RunSender(Mutex<Sender<String>>);

#[task]
fn send_run(context: JobContext, argument: String) {
    let sender = context.app_data::<RunSender>().expect("the sender");
    // Fails only if the test has ended.
    let _ = sender.0.lock().unwrap().send(argument);
}

fn add(scheduler: &BackgroundScheduler, argument: &str) -> Result<JobHandle, SchedulerError> {
    let job = scheduler.job(send_run(argument.into())).id("job").replace_existing(true);
    job.trigger(IntervalTrigger::every(PERIOD)).add()
}

/// Creates a file that contains a job with the same id and a different argument.
fn backup(path: &Path, argument: &str) {
    let store = SqliteJobStore::open(path).unwrap();
    let scheduler = BackgroundScheduler::builder().job_store("default", store).timezone("UTC");
    let scheduler = scheduler.task(send_run).build().unwrap();
    scheduler.start_paused().unwrap();
    add(&scheduler, argument).unwrap();
    scheduler.shutdown().unwrap();
}

fn wait_for(runs: &Receiver<String>, argument: &str) {
    while runs.recv_timeout(TIMEOUT).expect("a run") != argument {}
}

/// Expects a failure with the kind `Replaced`, then a recovery.
fn assert_replaced_reported(events: &Receiver<Event>) {
    let next = || events.recv_timeout(TIMEOUT).expect("an event");
    match next() {
        Event::JobStoreFailed { error, .. } => {
            assert_eq!(error.kind(), StoreErrorKind::Replaced, "{error}");
        }
        other => panic!("{other:?}"),
    }
    match next() {
        Event::JobStoreRecovered(_) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_scheduler_continues_with_the_new_file() {
    let folder = tempfile::tempdir().unwrap();
    let [path, restored] = ["jobs.sqlite", "backup.sqlite"].map(|name| folder.path().join(name));
    backup(&restored, "restored");
    let ((sender, runs), (event_sender, events)) = (channel(), channel());
    let changes = EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED;
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", SqliteJobStore::open(&path).unwrap())
        .timezone("UTC")
        .task(send_run)
        .app_data(RunSender(Mutex::new(sender)))
        .listener(changes, move |event| drop(event_sender.send(event.clone())))
        .start()
        .unwrap();
    add(&scheduler, "first").unwrap();
    wait_for(&runs, "first");

    fs::rename(&restored, &path).unwrap();
    assert_replaced_reported(&events);
    wait_for(&runs, "restored");

    fs::remove_file(&path).unwrap();
    assert_replaced_reported(&events);
    assert!(scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
    add(&scheduler, "added").unwrap();
    wait_for(&runs, "added");
    scheduler.shutdown().unwrap();

    // The job is in the file at the path.
    let reopened = SqliteJobStore::open(&path).unwrap();
    let reopened = BackgroundScheduler::builder().job_store("default", reopened).client_only();
    let jobs = reopened.start().unwrap().get_jobs(JobQuery::new()).unwrap();
    assert_eq!(jobs.len(), 1);
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.len() <= 3, "files of the old databases are left: {files:?}");
}
