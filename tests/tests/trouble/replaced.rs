//! An SQLite file is removed, or replaced by another one, while a scheduler has it open.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use punctual::StoreErrorKind;
use punctual::prelude::*;

const PERIOD: Duration = Duration::from_millis(100);

const PATIENCE: Duration = Duration::from_secs(60);

/// The sender from the runs to the test.
struct Heard(Mutex<Sender<String>>);

#[task]
fn tell(context: JobContext, what: String) {
    let heard = context.state::<Heard>().expect("somebody to tell");
    // Fails only if the test has ended.
    let _ = heard.0.lock().unwrap().send(what);
}

fn add(scheduler: &BackgroundScheduler, what: &str) -> Result<Job, SchedulerError> {
    let job = scheduler.job(tell(what.into())).id("job").replace_existing(true);
    job.trigger(IntervalTrigger::every(PERIOD)).add()
}

/// Creates a file that contains a job with the same id and a different argument.
fn backup(path: &Path, what: &str) {
    let store = SqliteJobStore::open(path).unwrap();
    let scheduler = BackgroundScheduler::builder().job_store("default", store).timezone("UTC");
    let scheduler = scheduler.task(tell).build().unwrap();
    scheduler.start_paused().unwrap();
    add(&scheduler, what).unwrap();
    scheduler.shutdown().unwrap();
}

fn wait_for(heard: &Receiver<String>, what: &str) {
    while heard.recv_timeout(PATIENCE).expect("a run") != what {}
}

/// Expects a failure with the kind `Replaced`, then a recovery.
fn is_told(events: &Receiver<Event>) {
    let next = || events.recv_timeout(PATIENCE).expect("an event");
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
fn the_scheduler_goes_on_with_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let [path, restored] = ["jobs.sqlite", "backup.sqlite"].map(|name| folder.path().join(name));
    backup(&restored, "restored");
    let ((say, heard), (report, events)) = (channel(), channel());
    let changes = EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED;
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", SqliteJobStore::open(&path).unwrap())
        .timezone("UTC")
        .task(tell)
        .state(Heard(Mutex::new(say)))
        .listener(changes, move |event| drop(report.send(event.clone())))
        .start()
        .unwrap();
    add(&scheduler, "first").unwrap();
    wait_for(&heard, "first");

    fs::rename(&restored, &path).unwrap();
    is_told(&events);
    wait_for(&heard, "restored");

    fs::remove_file(&path).unwrap();
    is_told(&events);
    assert!(scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
    add(&scheduler, "added").unwrap();
    wait_for(&heard, "added");
    scheduler.shutdown().unwrap();

    // The job is in the file at the path.
    let reopened = SqliteJobStore::open(&path).unwrap();
    let reopened = BackgroundScheduler::builder().job_store("default", reopened).client_only();
    let jobs = reopened.start().unwrap().get_jobs(JobQuery::new()).unwrap();
    assert_eq!(jobs.len(), 1);
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(files.len() <= 3, "files of the old databases are left: {files:?}");
}
