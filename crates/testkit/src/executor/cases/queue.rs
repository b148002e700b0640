//! Queued runs, for tasks in the process of the case.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual_core::{Clock, Executor, RunId, RunOutcome};
use tokio::sync::Barrier;

use crate::executor::gate::{Gate, SignalSender};
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{ClosureTask, add};
use crate::executor::under_test::ExecutorUnderTest;
use crate::executor::{CaseContext, ExecutorFixture, WAIT_TIMEOUT};

/// Occupies the only worker. Returns when the run has started.
fn occupy<E: Executor>(executor: &ExecutorUnderTest<E>, gate: &Gate) -> RunId {
    let (sender, receiver) = SignalSender::new();
    let gate = gate.clone();
    let run = executor.submit(RunSpec::closure(ClosureTask::blocking(move |_| {
        sender.send(());
        pollster::block_on(gate.pass());
    })));
    receiver.next();
    run
}

pub fn submit_does_not_block<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    std::thread::scope(|scope| {
        let (done, is_done) = channel();
        let executor = &executor;
        scope.spawn(move || {
            for number in 0..1_000 {
                executor.submit(RunSpec::call(add(number, 1)));
            }
            let _ = done.send(());
        });
        let done = is_done.recv_timeout(WAIT_TIMEOUT);
        gate.open();
        assert!(done.is_ok(), "submit blocked until a worker was idle");
    });
    executor.reports.wait_for_count(1_001);
}

pub fn runs_start_in_submission_order<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let (sender, receiver) = SignalSender::new();
    for number in 0..100 {
        let sender = sender.clone();
        let tasks = ClosureTask::both(move |_| {
            let sender = sender.clone();
            async move { sender.send(number) }
        });
        for task in tasks {
            executor.submit(RunSpec::closure(task));
        }
    }
    gate.open();
    let order: Vec<_> = (0..200).map(|_| receiver.next()).collect();
    assert!(order.is_sorted(), "{order:?}");
}

pub fn the_limit_of_async_runs_is_reached_but_not_exceeded<F: ExecutorFixture>(
    case: &CaseContext<F>,
) {
    const LIMIT: usize = 3;
    let executor = case.limited(LIMIT);
    let together = Arc::new(Barrier::new(LIMIT));
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 * LIMIT {
        let (together, now, most) = (together.clone(), now.clone(), most.clone());
        executor.submit(RunSpec::closure(ClosureTask::future(move |_| {
            let (together, now, most) = (together.clone(), now.clone(), most.clone());
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Ready only when the maximum number of runs has started.
                together.wait().await;
                now.fetch_sub(1, Ordering::SeqCst);
            }
        })));
    }
    executor.reports.wait_for_count(20 * LIMIT);
    assert_eq!(most.load(Ordering::SeqCst), LIMIT);
}

pub fn shutdown_waits_for_queued_runs<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let waiting: Vec<_> =
        (0..10).map(|number| executor.submit(RunSpec::call(add(number, 1)))).collect();
    std::thread::scope(|scope| {
        scope.spawn(|| executor.shutdown(WAIT_TIMEOUT));
        gate.open();
    });
    for run in waiting {
        let outcome = executor.reports.wait(run).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn queued_runs_are_lost_after_the_timeout<F: ExecutorFixture>(case: &CaseContext<F>) {
    for timeout in [Duration::ZERO, Duration::from_millis(20)] {
        let executor = case.limited(1);
        let gate = Gate::closed();
        let busy = occupy(&executor, &gate);
        let waiting: Vec<_> =
            (0..10).map(|number| executor.submit(RunSpec::call(add(number, 1)))).collect();
        executor.shutdown(timeout);
        for run in waiting {
            match &executor.reports.of(run)[..] {
                [report] => {
                    let lost = matches!(report.outcome, Some(RunOutcome::Lost));
                    assert!(lost && report.started.is_none(), "{report:?}");
                }
                other => panic!("expected one report before the shutdown returns: {other:?}"),
            }
        }
        gate.open();
        let outcome = executor.reports.wait(busy).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn a_run_queued_past_its_deadline_is_missed<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(1);
    let gate = Gate::closed();
    occupy(&executor, &gate);
    let deadline = executor.clock.now();
    let waiting = executor.submit(RunSpec::call(add(1, 1)).deadline(deadline));
    executor.clock.advance(Duration::from_micros(1));
    gate.open();
    let outcome = executor.reports.wait(waiting).outcome;
    assert!(matches!(outcome, Some(RunOutcome::Missed)), "{outcome:?}");
}
