//! Shutting down while jobs are under way.

use std::thread;
use std::time::Duration;

use punctual_core::{Killed, RunOutcome};

use crate::rig::{PATIENCE, comes_true, killed, lives, rig, value};
use crate::tasks;

#[test]
fn children_end_with_the_pool() {
    let rig = rig(|pool| pool.processes(2));
    let children = [rig.pid(), rig.pid()];
    rig.shutdown(PATIENCE);
    for child in children {
        assert!(!std::fs::exists(format!("/proc/{child}")).unwrap(), "not even a zombie");
    }
}

#[test]
fn idle_children_end_with_the_pool_although_another_is_busy() {
    let rig = rig(|pool| pool.processes(2).grace(Duration::from_secs(3_600)));
    let busy = rig.submit(tasks::ignores());
    assert_eq!(rig.line().text, "ignoring");
    let (idle, left) = (rig.pid(), rig.value(tasks::forks()).as_u64().expect("a process id"));
    rig.shutdown(Duration::ZERO);
    assert!(!std::fs::exists(format!("/proc/{idle}")).unwrap(), "not even a zombie");
    assert!(comes_true(PATIENCE, || !lives(left)));
    assert!(busy.further().is_none(), "that one has its grace");
}

#[test]
fn a_child_does_not_wait_for_what_async_jobs_leave_behind() {
    let ends_by_itself = || {
        let rig = rig(|pool| pool);
        value(rig.run(tasks::leaves_a_thread()));
        let closing = thread::spawn(move || rig.shutdown(PATIENCE));
        // After a second it would be killed.
        comes_true(Duration::from_millis(900), || closing.is_finished())
    };
    // The machine may be busy.
    assert!((0..20).any(|_| ends_by_itself()));
}

#[test]
fn a_run_is_asked_to_end() {
    let rig = rig(|pool| pool);
    let ending = rig.submit(tasks::listens());
    assert_eq!(rig.line().text, "listening");
    rig.shutdown(Duration::ZERO);
    assert_eq!(value(ending.outcome()), "asked to end");
}

#[test]
fn a_run_that_does_not_listen_is_killed() {
    let grace = Duration::from_millis(50);
    let rig = rig(|pool| pool.grace(grace));
    let child = rig.pid();
    let ending = rig.submit(tasks::ignores());
    assert_eq!(rig.line().text, "ignoring");
    let waiting = rig.submit(tasks::pid());
    rig.shutdown(Duration::from_millis(10));
    assert!(matches!(waiting.outcome(), RunOutcome::Lost), "it has not begun");
    assert_eq!(killed(ending.outcome()), Killed::Cancelled(grace));
    assert!(comes_true(PATIENCE, || !lives(child)));
}

#[test]
fn dropping_the_pool_ends_it_too() {
    let rig = rig(|pool| pool.grace(Duration::from_millis(50)));
    let child = rig.pid();
    let ending = rig.submit(tasks::ignores());
    assert_eq!(rig.line().text, "ignoring");
    drop(rig);
    assert!(matches!(ending.outcome(), RunOutcome::Killed(_)));
    assert!(comes_true(PATIENCE, || !lives(child)));
}
