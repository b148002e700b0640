//! Queued runs and shutdown, for tasks in any process: as the cases of `queue` and `shutdown`, but observed from
//! outside of the tasks.

use std::time::Duration;

use punctual_core::{Clock, Executor, RunId, RunOutcome};

use crate::executor::connection::{ConnectedRun, RunListener};
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{add, wait_for_cancellation, wait_for_release};
use crate::executor::under_test::ExecutorUnderTest;
use crate::executor::{CaseContext, ExecutorFixture, WAIT_TIMEOUT};

/// Occupies the only worker. Returns when the run has started.
fn occupy<E: Executor>(
    executor: &ExecutorUnderTest<E>,
    listener: &RunListener,
) -> (RunId, ConnectedRun) {
    let run = executor.submit(RunSpec::call(wait_for_release(listener.port(), 0)));
    (run, listener.next())
}

#[track_caller]
pub(super) fn assert_succeeds<E: Executor>(executor: &ExecutorUnderTest<E>, run: RunId) {
    let outcome = executor.reports.wait(run).outcome;
    assert!(outcome.as_ref().is_some_and(RunOutcome::is_success), "{outcome:?}");
}

pub fn runs_start_in_submission_order<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let listener = RunListener::open();
    let (_, first) = occupy(&executor, &listener);
    for number in 1..=50 {
        executor.submit(RunSpec::call(wait_for_release(listener.port(), number)));
    }
    drop(first);
    let order: Vec<_> = (1..=50).map(|_| listener.next().number).collect();
    assert!(order.is_sorted(), "{order:?}");
}

pub fn shutdown_waits_for_queued_runs<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let listener = RunListener::open();
    let (_, first) = occupy(&executor, &listener);
    let waiting: Vec<_> =
        (0..10).map(|number| executor.submit(RunSpec::call(add(number, 1)))).collect();
    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| executor.shutdown(WAIT_TIMEOUT));
        while !shutdown.is_finished() && executor.accepts_runs() {
            std::thread::yield_now();
        }
        assert!(!shutdown.is_finished(), "the shutdown did not wait for the runs");
        drop(first);
    });
    for run in waiting {
        assert_eq!(
            executor.reports.of(run).len(),
            1,
            "runs must be reported before the shutdown returns"
        );
        assert_succeeds(&executor, run);
    }
}

pub fn queued_runs_are_lost_after_the_timeout<F: ExecutorFixture>(case: &CaseContext<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let executor = case.limited(1);
        let listener = RunListener::open();
        let (busy, first) = occupy(&executor, &listener);
        let waiting: Vec<_> =
            (0..10).map(|number| executor.submit(RunSpec::call(add(number, 1)))).collect();
        executor.shutdown(timeout);
        for run in waiting {
            let report = executor.reports.wait(run);
            let lost = matches!(report.outcome, Some(RunOutcome::Lost));
            assert!(lost && report.started.is_none(), "{report:?}");
        }
        drop(first);
        assert_succeeds(&executor, busy);
    }
}

pub fn runs_are_cancelled_after_the_timeout<F: ExecutorFixture>(case: &CaseContext<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let listener = RunListener::open();
        let run = case.submit(RunSpec::call(wait_for_cancellation(listener.port())));
        let _connection = listener.next();
        case.shutdown(timeout);
        assert_succeeds(case, run);
        case.start();
    }
}

pub fn a_run_queued_past_its_deadline_is_missed<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let listener = RunListener::open();
    let (_, first) = occupy(&executor, &listener);
    let deadline = executor.clock.now();
    let waiting = executor.submit(RunSpec::call(add(1, 1)).deadline(deadline));
    executor.clock.advance(Duration::from_micros(1));
    drop(first);
    let outcome = executor.reports.wait(waiting).outcome;
    assert!(matches!(outcome, Some(RunOutcome::Missed)), "{outcome:?}");
}

pub fn runs_of_a_dropped_executor_are_reported<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.open();
    case.start_in_runtime(&executor);
    let listener = RunListener::open();
    let submit = |spec| case.submit_to(&executor, spec).expect("the executor accepts the run");
    let run = submit(RunSpec::call(wait_for_cancellation(listener.port())));
    let _connection = listener.next();
    let others: Vec<_> = (0..100).map(|_| submit(RunSpec::call(add(1, 1)))).collect();
    drop(executor);
    others.into_iter().chain([run]).for_each(|run| drop(case.reports.wait(run)));
}
