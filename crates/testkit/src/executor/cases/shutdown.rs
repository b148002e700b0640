//! Shutting down while runs are under way.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Executor, JobContext, RunId, RunOutcome, TaskOutput};

use crate::executor::gate::{Gate, Tell};
use crate::executor::order::Order;
use crate::executor::tasks::Piece;
use crate::executor::{ExecutorFixture, PATIENCE, Trial};

/// Long enough for a shutdown that must not be at once, short enough to wait for it.
const SHORT: Duration = Duration::from_millis(20);

/// Has the executor run this work, on a thread and as a future; returns when both have begun.
fn under_way<F: ExecutorFixture, R: Future<Output: TaskOutput> + Send + 'static>(
    trial: &Trial<F>,
    executor: &F::Executor,
    work: impl Fn(JobContext) -> R + Send + Sync + Clone + 'static,
) -> [RunId; 2] {
    let (tell, heard) = Tell::new();
    let pieces = Piece::both(move |context| {
        let (tell, work) = (tell.clone(), work(context));
        async move {
            tell.tell(());
            work.await
        }
    });
    let runs = pieces.map(|piece| {
        let submitted = trial.submit_to(executor, Order::piece(piece));
        submitted.expect("the executor takes the run")
    });
    (0..2).for_each(|_| heard.next());
    runs
}

pub fn it_waits_for_a_run_under_way<F: ExecutorFixture>(trial: &Trial<F>) {
    let gate = Gate::closed();
    let hold = gate.clone();
    let runs = under_way(trial, &trial.executor, move |context| {
        let gate = hold.clone();
        async move {
            gate.pass().await;
            context.is_cancelled()
        }
    });

    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| trial.shutdown(PATIENCE));
        // The executor refuses runs from the moment on that its shutdown has begun; then let them go.
        while !shutdown.is_finished() && trial.takes_runs() {
            std::thread::yield_now();
        }
        assert!(!shutdown.is_finished(), "it did not wait");
        gate.open();
    });
    for run in runs {
        // Reported by the time that the shutdown is over.
        match &trial.reports.of(run)[..] {
            [report] => match &report.outcome {
                Some(RunOutcome::Success(cancelled)) => assert_eq!(*cancelled, false),
                other => panic!("expected an end in good time: {other:?}"),
            },
            other => panic!("expected one report: {other:?}"),
        }
    }
}

pub fn it_asks_runs_to_end_when_time_is_up<F: ExecutorFixture>(trial: &Trial<F>) {
    for timeout in [Duration::ZERO, SHORT] {
        let runs = under_way(trial, &trial.executor, |context| async move {
            context.cancelled().await;
            "asked to end"
        });
        trial.shutdown(timeout);
        for run in runs {
            match trial.reports.wait(run).outcome {
                Some(RunOutcome::Success(text)) => assert_eq!(text, "asked to end"),
                other => panic!("expected the run's own end: {other:?}"),
            }
        }
        trial.start();
    }
}

pub fn a_run_that_outlives_it_still_reports<F: ExecutorFixture>(trial: &Trial<F>) {
    let gate = Gate::closed();
    let hold = gate.clone();
    let runs = under_way(trial, &trial.executor, move |_| {
        let gate = hold.clone();
        async move {
            gate.pass().await;
            "in its own time"
        }
    });
    trial.shutdown(SHORT);
    for run in runs {
        assert!(trial.reports.of(run).is_empty(), "it is under way");
    }
    // Neither a new start nor another shutdown touches them.
    trial.start();
    trial.shutdown(PATIENCE);
    gate.open();
    for run in runs {
        let outcome = trial.reports.wait(run).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn a_run_can_shut_its_executor_down<F: ExecutorFixture>(trial: &Trial<F>) {
    for index in 0..2 {
        let executor = Arc::downgrade(&trial.executor);
        let pieces = Piece::both(move |context| {
            let executor = executor.upgrade();
            async move {
                if let Some(executor) = executor {
                    executor.shutdown(SHORT).await;
                }
                context.is_cancelled()
            }
        });
        let piece = pieces.into_iter().nth(index).expect("one of the two");
        match trial.outcome(Order::piece(piece)) {
            RunOutcome::Success(cancelled) => assert_eq!(cancelled, true, "it was under way too"),
            other => panic!("expected the run to end well: {other}"),
        }
        assert!(!trial.takes_runs());
        trial.start();
    }
}

pub fn dropping_the_executor_loses_no_report<F: ExecutorFixture>(trial: &Trial<F>) {
    let executor = trial.open();
    trial.start_in_runtime(&executor);
    let runs = under_way(trial, &executor, |context| async move { context.cancelled().await });
    drop(executor);
    for run in runs {
        trial.reports.wait(run);
    }
}
