//! Shutdown during runs, for tasks in the process of the case.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Executor, JobContext, RunId, RunOutcome, TaskOutput};

use crate::executor::gate::{Gate, SignalSender};
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::ClosureTask;
use crate::executor::{CaseContext, ExecutorFixture, WAIT_TIMEOUT};

/// A timeout that is not zero and short enough to wait for it.
const SHORT: Duration = Duration::from_millis(20);

/// Starts two runs of the same work, blocking and as a future; only the latter on an executor that can't execute them at
/// the same time. Returns when they have started.
fn start_runs<F: ExecutorFixture, R: Future<Output: TaskOutput> + Send + 'static>(
    case: &CaseContext<F>,
    executor: &F::Executor,
    work: impl Fn(JobContext) -> R + Send + Sync + Clone + 'static,
) -> Vec<RunId> {
    let (sender, receiver) = SignalSender::new();
    let tasks = ClosureTask::both(move |context| {
        let (sender, work) = (sender.clone(), work(context));
        async move {
            sender.send(());
            work.await
        }
    });
    let tasks = tasks.into_iter().skip(usize::from(!F::CAPS.parallel));
    let submit = |task| {
        let submitted = case.submit_to(executor, RunSpec::closure(task));
        submitted.expect("the executor accepts the run")
    };
    let runs: Vec<_> = tasks.map(submit).collect();
    runs.iter().for_each(|_| receiver.next());
    runs
}

pub fn shutdown_waits_for_unfinished_runs<F: ExecutorFixture>(case: &CaseContext<F>) {
    let gate = Gate::closed();
    let task_gate = gate.clone();
    let runs = start_runs(case, &case.executor, move |context| {
        let gate = task_gate.clone();
        async move {
            gate.pass().await;
            context.is_cancelled()
        }
    });

    std::thread::scope(|scope| {
        let shutdown = scope.spawn(|| case.shutdown(WAIT_TIMEOUT));
        // The executor refuses runs as soon as its shutdown has begun. Then release the tasks.
        while !shutdown.is_finished() && case.accepts_runs() {
            std::thread::yield_now();
        }
        assert!(!shutdown.is_finished(), "the shutdown did not wait for the runs");
        gate.open();
    });
    for run in runs {
        // Reported before the shutdown returns.
        match &case.reports.of(run)[..] {
            [report] => match &report.outcome {
                Some(RunOutcome::Success(cancelled)) => assert_eq!(*cancelled, false),
                other => panic!("expected a success: {other:?}"),
            },
            other => panic!("expected one report: {other:?}"),
        }
    }
}

pub fn runs_are_cancelled_after_the_timeout<F: ExecutorFixture>(case: &CaseContext<F>) {
    for timeout in [Duration::ZERO, SHORT] {
        let runs = start_runs(case, &case.executor, |context| async move {
            context.cancelled().await;
            "cancelled"
        });
        case.shutdown(timeout);
        for run in runs {
            match case.reports.wait(run).outcome {
                Some(RunOutcome::Success(text)) => assert_eq!(text, "cancelled"),
                other => panic!("expected a success: {other:?}"),
            }
        }
        case.start();
    }
}

pub fn runs_that_finish_after_the_shutdown_are_reported<F: ExecutorFixture>(case: &CaseContext<F>) {
    let gate = Gate::closed();
    let task_gate = gate.clone();
    let runs = start_runs(case, &case.executor, move |_| {
        let gate = task_gate.clone();
        async move {
            gate.pass().await;
            "finished after the shutdown"
        }
    });
    case.shutdown(SHORT);
    for &run in &runs {
        assert!(case.reports.of(run).is_empty(), "the run must not have finished");
    }
    // Another start and shutdown must not affect these runs.
    case.start();
    case.shutdown(WAIT_TIMEOUT);
    gate.open();
    for run in runs {
        let outcome = case.reports.wait(run).outcome;
        assert!(outcome.is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn a_run_can_shut_down_its_executor<F: ExecutorFixture>(case: &CaseContext<F>) {
    for index in 0..2 {
        let executor = Arc::downgrade(&case.executor);
        let tasks = ClosureTask::both(move |context| {
            let executor = executor.upgrade();
            async move {
                if let Some(executor) = executor {
                    executor.shutdown(SHORT).await;
                }
                context.is_cancelled()
            }
        });
        let task = tasks.into_iter().nth(index).expect("one of the two");
        match case.outcome(RunSpec::closure(task)) {
            RunOutcome::Success(cancelled) => {
                assert_eq!(cancelled, true, "the run itself must be cancelled")
            }
            other => panic!("expected a success: {other}"),
        }
        assert!(!case.accepts_runs());
        case.start();
    }
}

pub fn runs_of_a_dropped_executor_are_reported<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.open();
    case.start_in_runtime(&executor);
    let runs = start_runs(case, &executor, |context| async move { context.cancelled().await });
    drop(executor);
    for run in runs {
        case.reports.wait(run);
    }
}
