//! Runs that wait for others.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::time::Duration;

use punctual_core::{Clock, Executor, RunId, RunOutcome};

use crate::executor::gate::{Gate, Tell};
use crate::executor::handle::Handle;
use crate::executor::order::Order;
use crate::executor::tasks::{Piece, add};
use crate::executor::{ExecutorFixture, PATIENCE, Trial};

/// Keeps the only worker busy; comes back when it is.
fn occupy<E: Executor>(executor: &Handle<E>, gate: &Gate) -> RunId {
    let (tell, heard) = Tell::new();
    let gate = gate.clone();
    let run = executor.submit(Order::piece(Piece::blocking(move |_| {
        tell.tell(());
        pollster::block_on(gate.pass());
    })));
    heard.next();
    run
}

pub fn submitting_never_waits<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    std::thread::scope(|scope| {
        let (done, is_done) = channel();
        let executor = &executor;
        scope.spawn(move || {
            for number in 0..1_000 {
                executor.submit(Order::call(add(number, 1)));
            }
            let _ = done.send(());
        });
        let done = is_done.recv_timeout(PATIENCE);
        gate.open();
        assert!(done.is_ok(), "submit waited for a worker");
    });
    executor.reports.wait_for_count(1_001);
}

pub fn first_come_first_served<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let (tell, heard) = Tell::new();
    for number in 0..100 {
        let tell = tell.clone();
        let pieces = Piece::both(move |_| {
            let tell = tell.clone();
            async move { tell.tell(number) }
        });
        for piece in pieces {
            executor.submit(Order::piece(piece));
        }
    }
    gate.open();
    let order: Vec<_> = (0..200).map(|_| heard.next()).collect();
    assert!(order.is_sorted(), "{order:?}");
}

pub fn the_limit_is_reached_and_respected<F: ExecutorFixture>(trial: &Trial<F>) {
    const LIMIT: usize = 3;
    let executor = trial.limited(LIMIT);
    let together = Arc::new(Barrier::new(LIMIT));
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 * LIMIT {
        let (together, now, most) = (together.clone(), now.clone(), most.clone());
        executor.submit(Order::piece(Piece::blocking(move |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Comes back only when as many runs are under way as may be.
            together.wait();
            now.fetch_sub(1, Ordering::SeqCst);
        })));
    }
    executor.reports.wait_for_count(20 * LIMIT);
    assert_eq!(most.load(Ordering::SeqCst), LIMIT);
}

pub fn shutdown_lets_the_queue_run_dry<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let waiting: Vec<_> =
        (0..10).map(|number| executor.submit(Order::call(add(number, 1)))).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| executor.shutdown(PATIENCE));
        gate.open();
    });
    for run in waiting {
        let outcome = executor.reports.wait(run).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn shutdown_drops_what_has_not_begun<F: ExecutorFixture>(trial: &Trial<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let executor = trial.limited(1);
        let gate = Gate::closed();
        let busy = occupy(&executor, &gate);
        let waiting: Vec<_> =
            (0..10).map(|number| executor.submit(Order::call(add(number, 1)))).collect();
        executor.shutdown(timeout);
        for run in waiting {
            match &executor.reports.of(run)[..] {
                [report] => {
                    let lost = matches!(report.outcome, Some(RunOutcome::Lost));
                    assert!(lost && report.started.is_none(), "{report:?}");
                }
                other => panic!("expected one report before the shutdown is over: {other:?}"),
            }
        }
        gate.open();
        let outcome = executor.reports.wait(busy).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn waiting_past_the_deadline_is_missed<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let deadline = executor.clock.now();
    let waiting = executor.submit(Order::call(add(1, 1)).deadline(deadline));
    executor.clock.advance(Duration::from_micros(1));
    gate.open();
    let outcome = executor.reports.wait(waiting).outcome;
    assert!(matches!(outcome, Some(RunOutcome::Missed)), "{outcome:?}");
}
