//! The database is temporarily read-only, like a replica before its promotion.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use punctual::StoreError;
use punctual::prelude::*;
use punctual_tests::failpoint::FailpointControl;
use punctual_tests::server::Server;
use punctual_tests::store::{StoreLocation, builder};
use tokio::sync::watch;

use crate::client::execute;

/// A user without administrative rights, on a private server.
struct UnprivilegedUser {
    location: StoreLocation,
    /// The statements that disable and enable writes of unprivileged users.
    may: [&'static [&'static str]; 2],
}

#[test]
fn mysql() {
    let server = Server::start("mysql");
    execute(&server, "CREATE USER plain@127.0.0.1; GRANT ALL ON punctual.* TO plain@127.0.0.1");
    let may = [&["SET GLOBAL read_only = 1"] as &[_], &["SET GLOBAL read_only = 0"]];
    let location = StoreLocation::at(server.url().replace("root@", "plain@"));
    no_fire_time_is_lost(&server, UnprivilegedUser { location, may });
}

#[test]
fn postgres() {
    const RELOAD: &str = "SELECT pg_reload_conf()";
    let server = Server::start("postgres");
    let may = [
        // As on a replica, the setting applies to administrators too.
        &["ALTER SYSTEM SET default_transaction_read_only = true", RELOAD] as &[_],
        &["ALTER SYSTEM SET default_transaction_read_only = false", RELOAD],
    ];
    no_fire_time_is_lost(
        &server,
        UnprivilegedUser { location: StoreLocation::at(server.url()), may },
    );
}

const PERIOD: Duration = Duration::from_millis(100);

const TIMEOUT: Duration = Duration::from_secs(60);

/// The sender of scheduled times from the runs to the test.
struct RunSender(Mutex<Sender<Timestamp>>);

#[task]
fn tick(context: JobContext) {
    let sender = context.app_data::<RunSender>().expect("the sender");
    // Fails only if the test has ended.
    let _ = sender.0.lock().unwrap().send(context.scheduled_time());
}

fn no_fire_time_is_lost(server: &Server, user: UnprivilegedUser) {
    let may_be_written = |may: bool| {
        user.may[usize::from(may)].iter().for_each(|statement| execute(server, statement));
    };
    let ((sender, ticks), (report, events)) = (channel(), channel());
    let changes = EventMask::JOBSTORE_FAILED | EventMask::JOBSTORE_RECOVERED;
    let scheduler = builder(&user.location, FailpointControl(watch::Sender::new(None)))
        .task(tick)
        .app_data(RunSender(Mutex::new(sender)))
        .listener(changes, move |event| drop(report.send(event.clone())))
        .start()
        .unwrap();
    let add = |id: &str| {
        let job = scheduler.job(tick()).id(id).trigger(IntervalTrigger::every(PERIOD));
        job.coalesce(Coalesce::All).misfire_grace_time(None).max_instances(1_000).add()
    };
    add("job").unwrap();
    let mut times = next_runs(&ticks);

    may_be_written(false);
    let next = || events.recv_timeout(TIMEOUT).expect("an event");
    assert!(is_failure(&next()));
    match add("another").unwrap_err() {
        SchedulerError::Store { source, .. } => assert!(names_the_cause(&source), "{source}"),
        other => panic!("{other:?}"),
    }
    assert!(scheduler.get_job("job").unwrap().is_some(), "reads still work");

    may_be_written(true);
    while is_failure(&next()) {}
    times.extend(next_runs(&ticks));
    scheduler.shutdown().unwrap();
    times.extend(ticks.try_iter());
    times.sort();
    for pair in times.windows(2) {
        assert_eq!(pair[1].saturating_sub(PERIOD), pair[0], "every fire time is run once");
    }
}

/// Returns whether the event is a store failure; panics on events other than failures and recoveries.
fn is_failure(event: &Event) -> bool {
    match event {
        Event::JobStoreFailed { error, .. } if names_the_cause(error) => true,
        Event::JobStoreRecovered(_) => false,
        other => panic!("{other:?}"),
    }
}

/// Checks that the error names the cause and is retryable.
fn names_the_cause(error: &StoreError) -> bool {
    error.is_retryable() && error.to_string().contains("read-only")
}

/// Returns the scheduled times of the next runs.
fn next_runs(ticks: &Receiver<Timestamp>) -> Vec<Timestamp> {
    (0..10).map(|_| ticks.recv_timeout(TIMEOUT).expect("a run")).collect()
}
