//! What the machine does not give, and who started the program.

use std::fs::read_dir;
use std::net::TcpListener;
use std::time::Duration;

use punctual_core::Killed;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::rig::{alone, comes_true, rig};
use crate::tasks;

/// In a process of its own, which may open few files for a while.
#[test]
#[cfg(target_os = "linux")]
fn a_child_that_can_not_be_started_leaves_its_runs_to_others() {
    if !alone("machine::a_child_that_can_not_be_started_leaves_its_runs_to_others", ":") {
        return;
    }
    let rig = rig(|pool| pool.processes(3));
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let held = |_| (rig.submit(tasks::holds(port)), listener.accept().unwrap());
    let (holding, connection) = held(());
    let before = getrlimit(Resource::Nofile);
    let open = read_dir("/proc/self/fd").unwrap().count() as u64;
    setrlimit(Resource::Nofile, Rlimit { current: Some(open + 2), ..before }).unwrap();
    let waiting: Vec<_> = (0..100).map(|_| rig.submit(tasks::pid())).collect();
    // Two more children are wanted. That goes wrong three times within 150 ms.
    let ended = || waiting.iter().any(|run| run.further().is_some());
    assert!(!comes_true(Duration::from_secs(2), ended), "the only child has its hands full");
    drop(connection);
    assert!(holding.outcome().is_success());
    waiting.iter().for_each(|run| assert!(run.outcome().is_success()));
    setrlimit(Resource::Nofile, before).unwrap();
    // The pool is full again as soon as it can be.
    let all: Vec<_> = [(); 3].map(held).into();
    for (holding, connection) in all {
        drop(connection);
        assert!(holding.outcome().is_success());
    }
}

/// In a process of its own, started by one that ignores the ends of its children, and so its own.
#[test]
fn ends_of_children_are_told_whoever_has_started_the_program() {
    let test = "machine::ends_of_children_are_told_whoever_has_started_the_program";
    if !alone(test, "trap '' CHLD") {
        return;
    }
    let rig = rig(|pool| pool);
    assert_eq!(rig.killed(tasks::exits(3)), Killed::Exited(3));
    assert_eq!(rig.killed(tasks::crashes()), Killed::Signal(11));
}
