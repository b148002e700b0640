//! Starting and shutting down.

use std::time::Duration;

use punctual_core::{Executor, ExecutorError, Refused, RunOutcome};

use crate::executor::handle::Handle;
use crate::executor::order::Order;
use crate::executor::tasks::{add, panic, panic_async};
use crate::executor::{ExecutorFixture, PATIENCE, Trial};

/// The run comes back, unreported.
#[track_caller]
fn assert_refuses<E: Executor>(executor: &Handle<E>) {
    let order = Order::call(add(1, 1));
    let id = order.context.run_id();
    match executor.try_submit(order) {
        Err(Refused { run, reason, .. }) => {
            assert!(matches!(reason, ExecutorError::NotRunning), "{reason}");
            assert_eq!(run.context().run_id(), id);
            assert!(executor.reports.of(id).is_empty(), "it was not reported");
            // It is the scheduler's again, which reports why it was not taken.
            run.finish(RunOutcome::Refused(reason.to_string()));
        }
        Ok(_) => panic!("an executor that is not running took a run"),
    }
}

#[track_caller]
fn assert_works<E: Executor>(executor: &Handle<E>) {
    assert!(executor.outcome(Order::call(add(1, 1))).is_success());
}

pub fn it_refuses_runs_before_it_is_started<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.unstarted();
    assert_refuses(&executor);
    executor.start();
    assert_works(&executor);
}

pub fn it_refuses_runs_after_a_shutdown<F: ExecutorFixture>(trial: &Trial<F>) {
    for timeout in [PATIENCE, Duration::ZERO, Duration::MAX] {
        trial.start();
        assert_works(trial);
        trial.shutdown(timeout);
        assert_refuses(trial);
    }
}

pub fn it_starts_again<F: ExecutorFixture>(trial: &Trial<F>) {
    for _ in 0..3 {
        trial.shutdown(PATIENCE);
        trial.start();
        assert_works(trial);
    }
}

pub fn starting_twice_is_harmless<F: ExecutorFixture>(trial: &Trial<F>) {
    let before = trial.submit(Order::call(add(1, 1)));
    trial.start();
    assert_works(trial);
    trial.reports.wait(before);
}

pub fn shutting_down_twice_is_harmless<F: ExecutorFixture>(trial: &Trial<F>) {
    trial.shutdown(PATIENCE);
    trial.shutdown(PATIENCE);
    trial.shutdown(Duration::ZERO);
    trial.unstarted().shutdown(PATIENCE);
}

pub fn panics_cost_no_worker<F: ExecutorFixture>(trial: &Trial<F>) {
    for _ in 0..50 {
        trial.submit(Order::call(panic("on purpose".into())));
        trial.submit(Order::call(panic_async()));
    }
    trial.reports.wait_for_count(100);
    (0..100).for_each(|_| assert_works(trial));
}
