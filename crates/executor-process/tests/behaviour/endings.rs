//! Jobs that fail to return a value; the pool continues after each.

use std::error::Error;
use std::time::Duration;

use punctual_core::{ProcessTermination, RunOutcome};
use punctual_executor_process::{RemoteError, ResultTooLong};
use serde_json::json;

use crate::fixture::{PoolFixture, TIMEOUT, becomes_true, fixture, is_running};
use crate::tasks;

/// Asserts that the pool executes runs in another child than this one.
#[track_caller]
fn continues_without(fixture: &PoolFixture, child: u64) {
    assert_ne!(fixture.pid(), child);
    assert!(!is_running(child));
}

#[test]
fn exiting() {
    let fixture = fixture(|pool| pool);
    for status in [0, 3] {
        let child = fixture.pid();
        assert_eq!(fixture.killed(tasks::exits(status)), ProcessTermination::Exited(status));
        continues_without(&fixture, child);
    }
}

#[test]
fn aborting() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    let reason = fixture.killed(tasks::aborts());
    assert_eq!(reason.to_string(), "its process was terminated by signal 6 (SIGABRT)");
    continues_without(&fixture, child);
}

#[test]
fn crashing() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    assert_eq!(fixture.killed(tasks::crashes()), ProcessTermination::Signal(11));
    continues_without(&fixture, child);
}

#[test]
fn a_crash_does_not_affect_other_runs() {
    let fixture = fixture(|pool| pool.processes(2));
    let endings: Vec<_> = (0..50)
        .map(|number| match number % 5 {
            0 => fixture.submit(tasks::crashes()),
            _ => fixture.submit(tasks::pid()),
        })
        .collect();
    for (number, ending) in endings.iter().enumerate() {
        let outcome = ending.outcome();
        let expected = match number % 5 {
            0 => matches!(outcome, RunOutcome::Killed(ProcessTermination::Signal(11))),
            _ => outcome.is_success(),
        };
        assert!(expected, "run {number}: {outcome}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn allocating_beyond_the_limit() {
    let fixture = fixture(|pool| pool.memory_limit(256 << 20));
    let child = fixture.pid();
    assert_eq!(fixture.killed(tasks::allocates()), ProcessTermination::Signal(6));
    // The last output of the child is not lost.
    let line = fixture.line();
    assert!(line.text.contains("memory allocation of"), "{line:?}");
    continues_without(&fixture, child);
}

#[test]
fn exceeding_the_time_limit() {
    let limit = Duration::from_secs(1);
    let fixture = fixture(|pool| pool.timeout(limit));
    // The run behind it has its own time limit, which a busy machine may exceed as well.
    let second_succeeds = || {
        let child = fixture.pid();
        let (hanging, waiting) = (fixture.submit(tasks::hangs()), fixture.submit(tasks::pid()));
        let hangs = hanging.outcome();
        assert!(
            matches!(hangs, RunOutcome::Killed(ProcessTermination::TimedOut(l)) if l == limit),
            "{hangs}"
        );
        let waited = waiting.outcome();
        continues_without(&fixture, child);
        waited.is_success()
    };
    assert!((0..5).any(|_| second_succeeds()));
}

#[test]
fn a_result_that_is_too_long() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    for outcome in
        [fixture.run(tasks::returns(100 << 20)), fixture.run(tasks::fails_with(100 << 20))]
    {
        let RunOutcome::Failed(error) = outcome else { panic!("expected an error: {outcome}") };
        let limit = error.downcast_ref::<ResultTooLong>().expect("a result over the limit").limit;
        assert_eq!(limit, 16 << 20);
        assert!(error.to_string().contains("16777216"), "{error}");
    }
    assert_eq!(fixture.pid(), child, "the child is kept");
    let nearly = (16 << 20) - 100;
    assert_eq!(fixture.value(tasks::returns(nearly)).as_str().map(str::len), Some(nearly));
}

#[test]
fn a_result_that_is_nested_too_deeply() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    let RunOutcome::Failed(error) = fixture.run(tasks::returns_nested(200)) else {
        panic!("no error")
    };
    assert!(
        error.to_string().starts_with("can't decode the task's result: recursion limit"),
        "{error}"
    );
    assert_eq!(fixture.pid(), child, "the child is kept");
}

#[test]
fn arguments_that_are_too_long() {
    let fixture = fixture(|pool| pool.max_message_bytes(1 << 10));
    let child = fixture.pid();
    let outcome = fixture.run(tasks::variable("x".repeat(2 << 10)));
    let RunOutcome::Refused(reason) = &outcome else { panic!("expected a rejection: {outcome}") };
    assert!(reason.contains("1024"), "{reason}");
    assert_eq!(fixture.pid(), child);
}

#[test]
fn an_error_keeps_its_sources() {
    let fixture = fixture(|pool| pool);
    let RunOutcome::Failed(error) = fixture.run(tasks::fails_deeply()) else { panic!("no error") };
    let error = error.downcast_ref::<RemoteError>().expect("from the child");
    let expected = std::io::Error::other(std::fmt::Error);
    assert_eq!(error.to_string(), expected.to_string());
    assert_eq!(error.source().map(ToString::to_string), expected.source().map(ToString::to_string));
}

#[test]
fn an_error_keeps_its_type_unless_it_is_too_long() {
    let fixture = fixture(|pool| pool.max_message_bytes(1 << 10));
    let fails = |bytes| match fixture.run(tasks::fails_at_length(bytes)) {
        RunOutcome::Failed(error) => error,
        other => panic!("no error: {other}"),
    };
    assert_eq!(fails(100).downcast_ref::<tasks::Long>().expect("the original type").0.len(), 100);
    let remote = fails(2_000);
    assert_eq!(
        remote.downcast_ref::<RemoteError>().expect("a remote error").to_string(),
        "it is long"
    );
}

#[test]
fn a_long_panic_message_is_truncated() {
    let fixture = fixture(|pool| pool.max_message_bytes(1 << 10));
    for (bytes, reported) in [(100, 100), (512, 512), (5_000, 512)] {
        let outcome = fixture.run(tasks::panics_at_length(bytes));
        let RunOutcome::Panicked(text) = &outcome else { panic!("no panic: {outcome}") };
        assert_eq!(text.len(), reported, "{bytes}");
    }
}

#[test]
fn a_pool_in_a_child() {
    let outcome = fixture(|pool| pool).run(tasks::starts_a_pool());
    assert!(outcome.to_string().contains("can't start a process pool"), "{outcome}");
}

#[test]
fn an_error_that_panics_does_not_affect_other_runs() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    let outcome = fixture.run(tasks::fails_oddly(true));
    assert_eq!(
        outcome.to_string(),
        "panic: the task's error panicked while it was formatted or encoded"
    );
    assert_eq!(fixture.run(tasks::fails_oddly(false)).to_string(), "error: it is odd");
    assert_eq!(fixture.pid(), child);
}

#[test]
fn forking() {
    let fixture = fixture(|pool| pool);
    let started = fixture.value(tasks::forks()).as_u64().expect("a process id");
    assert!(is_running(started), "a started program may outlive its run");
    assert_eq!(fixture.killed(tasks::exits(1)), ProcessTermination::Exited(1));
    assert!(becomes_true(TIMEOUT, || !is_running(started)), "but not its child process");
    // Nor a child that is stopped.
    let started = fixture.value(tasks::forks()).as_u64().expect("a process id");
    fixture.shutdown(TIMEOUT);
    assert!(becomes_true(TIMEOUT, || !is_running(started)));
}

#[test]
#[cfg(target_os = "linux")]
fn the_exit_of_a_child_is_detected_although_its_socket_stays_open() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    assert_eq!(fixture.killed(tasks::exits_but_for_its_socket(3)), ProcessTermination::Exited(3));
    continues_without(&fixture, child);
}

#[test]
fn a_job_that_has_left_its_group_is_killed_too() {
    let limit = Duration::from_secs(5);
    let fixture = fixture(|pool| pool.timeout(limit));
    let child = fixture.pid();
    assert_eq!(fixture.killed(tasks::leaves_its_group()), ProcessTermination::TimedOut(limit));
    continues_without(&fixture, child);
}

#[test]
fn standard_input_is_empty() {
    let fixture = fixture(|pool| pool);
    assert_eq!(fixture.value(tasks::reads()), json!(0));
}
