//! For a while, the database may only be read: as a replica that nobody has promoted yet.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use punctual::prelude::*;
use punctual::{StoreError, Timestamp};

use crate::home::{Home, Kind};
use crate::tests;

tests! { nothing_is_lost: mysql MySql, postgres Postgres }

const PERIOD: Duration = Duration::from_millis(100);

const PATIENCE: Duration = Duration::from_secs(60);

/// Where the runs tell for when they were scheduled.
struct Heard(Mutex<Sender<Timestamp>>);

#[task]
fn tick(context: JobContext) {
    let heard = context.state::<Heard>().expect("somebody to tell");
    // Fails only if the test has ended.
    let _ = heard.0.lock().unwrap().send(context.scheduled_time());
}

fn nothing_is_lost(kind: Kind, _test: &str) {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::of_a_plain_user(kind, folder.path());
    let ((tell, ticks), (report, events)) = (channel(), channel());
    let changes = EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED;
    let scheduler = home
        .scheduler()
        .task(tick)
        .state(Heard(Mutex::new(tell)))
        .listener(changes, move |event| drop(report.send(event.clone())))
        .start()
        .unwrap();
    let add = |id: &str| {
        let job = scheduler.add_job(tick()).id(id).trigger(IntervalTrigger::every(PERIOD));
        job.coalesce(Coalesce::All).misfire_grace_time(None).max_instances(1_000).add()
    };
    add("job").unwrap();
    let mut times = some(&ticks);

    home.may_be_written(false);
    let next = || events.recv_timeout(PATIENCE).expect("an event");
    assert!(tells_of_failure(&next()));
    match add("another").unwrap_err() {
        SchedulerError::Store { source, .. } => assert!(is_clear(&source), "{source}"),
        other => panic!("{other:?}"),
    }
    assert!(scheduler.get_job("job").unwrap().is_some(), "it can be read");

    home.may_be_written(true);
    while tells_of_failure(&next()) {}
    times.extend(some(&ticks));
    scheduler.shutdown().unwrap();
    times.extend(ticks.try_iter());
    times.sort();
    for pair in times.windows(2) {
        assert_eq!(pair[1].saturating_sub(PERIOD), pair[0], "each once, none is missing");
    }
}

/// Or of its end.
fn tells_of_failure(event: &Event) -> bool {
    match event {
        Event::JobStoreFailed { error, .. } if is_clear(error) => true,
        Event::JobStoreRecovered(_) => false,
        other => panic!("{other:?}"),
    }
}

/// It says what is the matter, and that it may pass.
fn is_clear(error: &StoreError) -> bool {
    error.is_retryable() && error.to_string().contains("only be read")
}

/// The scheduled times of the next runs.
fn some(ticks: &Receiver<Timestamp>) -> Vec<Timestamp> {
    (0..10).map(|_| ticks.recv_timeout(PATIENCE).expect("a run")).collect()
}
