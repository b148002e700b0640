//! Start and shutdown.

use std::time::Duration;

use punctual_core::{Executor, ExecutorError, Refused, RunOutcome};

use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{add, panic, panic_async};
use crate::executor::under_test::ExecutorUnderTest;
use crate::executor::{CaseContext, ExecutorFixture, WAIT_TIMEOUT};

/// A refused run is returned to the caller without a report.
#[track_caller]
fn assert_refuses<E: Executor>(executor: &ExecutorUnderTest<E>) {
    let spec = RunSpec::call(add(1, 1));
    let id = spec.context.run_id();
    match executor.try_submit(spec) {
        Err(Refused { run, reason, .. }) => {
            assert!(matches!(reason, ExecutorError::NotRunning), "{reason}");
            assert_eq!(run.context().run_id(), id);
            assert!(executor.reports.of(id).is_empty(), "a refused run must not be reported");
            // The scheduler owns the run again and reports the reason.
            run.finish(RunOutcome::Refused(reason.to_string()));
        }
        Ok(_) => panic!("an executor that is not running accepted a run"),
    }
}

#[track_caller]
fn assert_works<E: Executor>(executor: &ExecutorUnderTest<E>) {
    assert!(executor.outcome(RunSpec::call(add(1, 1))).is_success());
}

pub fn runs_are_refused_before_the_start<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.unstarted();
    assert_refuses(&executor);
    executor.start();
    assert_works(&executor);
}

pub fn runs_are_refused_after_a_shutdown<F: ExecutorFixture>(case: &CaseContext<F>) {
    for timeout in [WAIT_TIMEOUT, Duration::ZERO, Duration::MAX] {
        case.start();
        assert_works(case);
        case.shutdown(timeout);
        assert_refuses(case);
    }
}

pub fn it_can_be_restarted<F: ExecutorFixture>(case: &CaseContext<F>) {
    for _ in 0..3 {
        case.shutdown(WAIT_TIMEOUT);
        case.start();
        assert_works(case);
    }
}

pub fn a_second_start_has_no_effect<F: ExecutorFixture>(case: &CaseContext<F>) {
    let before = case.submit(RunSpec::call(add(1, 1)));
    case.start();
    assert_works(case);
    case.reports.wait(before);
}

pub fn a_second_shutdown_has_no_effect<F: ExecutorFixture>(case: &CaseContext<F>) {
    case.shutdown(WAIT_TIMEOUT);
    case.shutdown(WAIT_TIMEOUT);
    case.shutdown(Duration::ZERO);
    case.unstarted().shutdown(WAIT_TIMEOUT);
}

pub fn workers_survive_panics<F: ExecutorFixture>(case: &CaseContext<F>) {
    for _ in 0..50 {
        case.submit(RunSpec::call(panic("on purpose".into())));
        case.submit(RunSpec::call(panic_async()));
    }
    case.reports.wait_for_count(100);
    (0..100).for_each(|_| assert_works(case));
}
