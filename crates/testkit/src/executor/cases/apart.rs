//! Runs that wait, and shutting down, wherever the tasks are: as the cases of `queue` and `shutdown`, without
//! a look inside.

use std::time::Duration;

use punctual_core::{Clock, Executor, RunId, RunOutcome};

use crate::executor::handle::Handle;
use crate::executor::line::{Caller, Exchange};
use crate::executor::order::Order;
use crate::executor::tasks::{add, called_in, listening};
use crate::executor::{ExecutorFixture, PATIENCE, Trial};

/// Keeps the only worker busy; comes back when it is.
fn occupy<E: Executor>(executor: &Handle<E>, exchange: &Exchange) -> (RunId, Caller) {
    let run = executor.submit(Order::call(called_in(exchange.port(), 0)));
    (run, exchange.next())
}

#[track_caller]
fn assert_succeeds<E: Executor>(executor: &Handle<E>, run: RunId) {
    let outcome = executor.reports.wait(run).outcome;
    assert!(outcome.as_ref().is_some_and(RunOutcome::is_success), "{outcome:?}");
}

pub fn first_come_first_served<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let exchange = Exchange::open();
    let (_, first) = occupy(&executor, &exchange);
    for number in 1..=50 {
        executor.submit(Order::call(called_in(exchange.port(), number)));
    }
    drop(first);
    let order: Vec<_> = (1..=50).map(|_| exchange.next().number).collect();
    assert!(order.is_sorted(), "{order:?}");
}

pub fn the_limit_is_reached_and_respected<F: ExecutorFixture>(trial: &Trial<F>) {
    const LIMIT: usize = 3;
    let executor = trial.limited(LIMIT);
    let exchange = Exchange::open();
    // Short ones first: it may have learned something from them.
    for _ in 0..1_000 {
        executor.submit(Order::call(add(1, 1)));
    }
    let runs: Vec<_> = (0..4 * LIMIT)
        .map(|_| executor.submit(Order::call(called_in(exchange.port(), 0))))
        .collect();
    for _ in 0..4 {
        // All are under way before any of them may end.
        let together: Vec<_> = (0..LIMIT).map(|_| exchange.next()).collect();
        assert!(together.iter().all(Caller::waits) && !exchange.has_another());
    }
    runs.into_iter().for_each(|run| assert_succeeds(&executor, run));
}

pub fn a_short_run_does_not_wait_for_a_long_one<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(2);
    let exchange = Exchange::open();
    for _ in 0..1_000 {
        executor.submit(Order::call(add(1, 1)));
    }
    let long = executor.submit(Order::call(called_in(exchange.port(), 0)));
    let short: Vec<_> = (0..100).map(|_| executor.submit(Order::call(add(1, 1)))).collect();
    short.into_iter().for_each(|run| assert_succeeds(&executor, run));
    drop(exchange.next());
    assert_succeeds(&executor, long);
}

pub fn shutdown_lets_the_queue_run_dry<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let exchange = Exchange::open();
    let (_, first) = occupy(&executor, &exchange);
    let waiting: Vec<_> =
        (0..10).map(|number| executor.submit(Order::call(add(number, 1)))).collect();
    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| executor.shutdown(PATIENCE));
        while !shutdown.is_finished() && executor.takes_runs() {
            std::thread::yield_now();
        }
        assert!(!shutdown.is_finished(), "it did not wait");
        drop(first);
    });
    for run in waiting {
        assert_eq!(executor.reports.of(run).len(), 1, "reported before the shutdown is over");
        assert_succeeds(&executor, run);
    }
}

pub fn shutdown_drops_what_has_not_begun<F: ExecutorFixture>(trial: &Trial<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let executor = trial.limited(1);
        let exchange = Exchange::open();
        let (busy, first) = occupy(&executor, &exchange);
        let waiting: Vec<_> =
            (0..10).map(|number| executor.submit(Order::call(add(number, 1)))).collect();
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

pub fn shutdown_asks_runs_to_end<F: ExecutorFixture>(trial: &Trial<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let exchange = Exchange::open();
        let run = trial.submit(Order::call(listening(exchange.port())));
        let _connection = exchange.next();
        trial.shutdown(timeout);
        assert_succeeds(trial, run);
        trial.start();
    }
}

pub fn waiting_past_the_deadline_is_missed<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let exchange = Exchange::open();
    let (_, first) = occupy(&executor, &exchange);
    let deadline = executor.clock.now();
    let waiting = executor.submit(Order::call(add(1, 1)).deadline(deadline));
    executor.clock.advance(Duration::from_micros(1));
    drop(first);
    let outcome = executor.reports.wait(waiting).outcome;
    assert!(matches!(outcome, Some(RunOutcome::Missed)), "{outcome:?}");
}

pub fn dropping_the_executor_loses_no_report<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.open();
    trial.start_in_runtime(&executor);
    let exchange = Exchange::open();
    let submit = |order| trial.submit_to(&executor, order).expect("the executor takes the run");
    let run = submit(Order::call(listening(exchange.port())));
    let _connection = exchange.next();
    let others: Vec<_> = (0..100).map(|_| submit(Order::call(add(1, 1)))).collect();
    drop(executor);
    others.into_iter().chain([run]).for_each(|run| drop(trial.reports.wait(run)));
}
