//! Shutdown while runs are in progress.

use std::thread;
use std::time::Duration;

use punctual_core::{ProcessTermination, RunOutcome};

use crate::fixture::{TIMEOUT, becomes_true, fixture, is_running, killed, value};
use crate::tasks;

#[test]
fn children_exit_with_the_pool() {
    let fixture = fixture(|pool| pool.processes(2));
    let children = [fixture.pid(), fixture.pid()];
    fixture.shutdown(TIMEOUT);
    for child in children {
        assert!(!std::fs::exists(format!("/proc/{child}")).unwrap(), "not even a zombie");
    }
}

#[test]
fn idle_children_exit_with_the_pool_although_another_is_busy() {
    let fixture = fixture(|pool| pool.processes(2).grace(Duration::from_secs(3_600)));
    let busy = fixture.submit(tasks::ignores());
    assert_eq!(fixture.line().text, "ignoring");
    let (idle, started) =
        (fixture.pid(), fixture.value(tasks::forks()).as_u64().expect("a process id"));
    fixture.shutdown(Duration::ZERO);
    assert!(!std::fs::exists(format!("/proc/{idle}")).unwrap(), "not even a zombie");
    assert!(becomes_true(TIMEOUT, || !is_running(started)));
    assert!(busy.try_next().is_none(), "its grace period has not elapsed");
}

#[test]
fn a_child_does_not_wait_for_background_tasks_of_async_jobs() {
    let exits_by_itself = || {
        let fixture = fixture(|pool| pool);
        value(fixture.run(tasks::leaves_a_thread()));
        let closing = thread::spawn(move || fixture.shutdown(TIMEOUT));
        // The pool kills it after a second.
        becomes_true(Duration::from_millis(900), || closing.is_finished())
    };
    // Repeated, because the machine may be busy.
    assert!((0..20).any(|_| exits_by_itself()));
}

#[test]
fn a_shutdown_cancels_runs() {
    let fixture = fixture(|pool| pool);
    let ending = fixture.submit(tasks::listens());
    assert_eq!(fixture.line().text, "listening");
    fixture.shutdown(Duration::ZERO);
    assert_eq!(value(ending.outcome()), "cancelled");
}

#[test]
fn a_run_that_ignores_its_cancellation_is_killed() {
    let grace = Duration::from_millis(50);
    let fixture = fixture(|pool| pool.grace(grace));
    let child = fixture.pid();
    let ending = fixture.submit(tasks::ignores());
    assert_eq!(fixture.line().text, "ignoring");
    let waiting = fixture.submit(tasks::pid());
    fixture.shutdown(Duration::from_millis(10));
    assert!(matches!(waiting.outcome(), RunOutcome::Lost), "the run has not started");
    assert_eq!(killed(ending.outcome()), ProcessTermination::Cancelled(grace));
    assert!(becomes_true(TIMEOUT, || !is_running(child)));
}

#[test]
fn dropping_the_pool_kills_its_runs() {
    let fixture = fixture(|pool| pool.grace(Duration::from_millis(50)));
    let child = fixture.pid();
    let ending = fixture.submit(tasks::ignores());
    assert_eq!(fixture.line().text, "ignoring");
    drop(fixture);
    assert!(matches!(ending.outcome(), RunOutcome::Killed(_)));
    assert!(becomes_true(TIMEOUT, || !is_running(child)));
}
