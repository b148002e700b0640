//! Lack of resources, and inherited signal settings.

use std::fs::read_dir;
use std::net::TcpListener;
use std::time::Duration;

use punctual_core::ProcessTermination;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::fixture::{becomes_true, fixture, in_dedicated_process};
use crate::tasks;

/// In a dedicated process, whose limit of open files is lowered for a while.
#[test]
#[cfg(target_os = "linux")]
fn other_children_execute_the_runs_of_one_that_can_not_be_started() {
    if !in_dedicated_process(
        "machine::other_children_execute_the_runs_of_one_that_can_not_be_started",
        ":",
    ) {
        return;
    }
    let fixture = fixture(|pool| pool.processes(3));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let held = |_| (fixture.submit(tasks::holds(port)), listener.accept().unwrap());
    let (holding, connection) = held(());
    let before = getrlimit(Resource::Nofile);
    let open = read_dir("/proc/self/fd").unwrap().count() as u64;
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 2), ..before }).unwrap();
    let waiting: Vec<_> = (0..100).map(|_| fixture.submit(tasks::pid())).collect();
    // The pool tries to start two more children, which fails three times within 150 ms.
    let ended = || waiting.iter().any(|run| run.try_next().is_some());
    assert!(!becomes_true(Duration::from_secs(2), ended), "the only child is busy");
    drop(connection);
    assert!(holding.outcome().is_success());
    waiting.iter().for_each(|run| assert!(run.outcome().is_success()));
    setrlimit(Resource::Nofile, before).unwrap();
    // The pool starts the other children as soon as it can.
    let all: Vec<_> = [(); 3].map(held).into();
    for (holding, connection) in all {
        drop(connection);
        assert!(holding.outcome().is_success());
    }
}

/// In a dedicated process, started with SIGCHLD ignored.
#[test]
fn exit_statuses_are_collected_although_sigchld_was_ignored() {
    let test = "machine::exit_statuses_are_collected_although_sigchld_was_ignored";
    if !in_dedicated_process(test, "trap '' CHLD") {
        return;
    }
    let fixture = fixture(|pool| pool);
    assert_eq!(fixture.killed(tasks::exits(3)), ProcessTermination::Exited(3));
    assert_eq!(fixture.killed(tasks::crashes()), ProcessTermination::Signal(11));
}
