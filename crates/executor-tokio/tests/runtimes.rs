//! The runtime of jobs, and the outcome of runs when it is shut down.

use std::future::pending;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use punctual_core::{Executor, RunOutcome};
use punctual_executor_tokio::TokioExecutor;
use punctual_testkit::executor::{async_run, blocking_run};
use tokio::runtime::{Builder, Runtime};

const TIMEOUT: Duration = Duration::from_secs(60);

fn runtime(name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name(name).build().unwrap()
}

/// Returns the name of the thread that executes an async job.
fn thread_name_of_job(executor: &TokioExecutor) -> String {
    let (run, ending) = async_run(|_| async { thread::current().name().map(str::to_owned) });
    executor.submit(run).unwrap();
    match ending.outcome() {
        RunOutcome::Success(name) => name.as_str().unwrap().to_owned(),
        other => panic!("expected a name: {other}"),
    }
}

#[test]
fn jobs_use_the_current_multi_thread_runtime() {
    let executor = TokioExecutor::new();
    runtime("current").block_on(async {
        executor.start().unwrap();
        assert_eq!(thread_name_of_job(&executor), "current");
        executor.shutdown(TIMEOUT).await;
    });
}

#[test]
fn jobs_do_not_use_a_current_thread_runtime() {
    let executor = TokioExecutor::new();
    let current = Builder::new_current_thread().build().unwrap();
    current.block_on(async {
        executor.start().unwrap();
        assert_eq!(thread_name_of_job(&executor), "punctual-worker");
        executor.shutdown(TIMEOUT).await;
    });
}

#[test]
fn the_given_runtime_has_precedence() {
    let given = runtime("given");
    let executor = TokioExecutor::with_handle(given.handle().clone());
    runtime("current").block_on(async { executor.start().unwrap() });
    assert_eq!(thread_name_of_job(&executor), "given");
}

#[test]
fn runs_are_reported_as_lost_when_the_runtime_shuts_down() {
    let given = runtime("given");
    let executor = TokioExecutor::with_handle(given.handle().clone()).max_concurrent(1);
    executor.start().unwrap();
    let (start_tx, start_rx) = channel();
    let (run, in_progress) = async_run(move |_| {
        let _ = start_tx.send(());
        pending::<()>()
    });
    executor.submit(run).unwrap();
    start_rx.recv_timeout(TIMEOUT).unwrap();
    let waiting: Vec<_> = (0..3)
        .map(|_| {
            let (run, waiting) = blocking_run(|_| ());
            executor.submit(run).unwrap();
            waiting
        })
        .collect();
    drop(given);
    let (run, late) = async_run(|_| async {});
    executor.submit(run).unwrap();
    for ending in waiting.iter().chain([&in_progress, &late]) {
        let outcome = ending.outcome();
        assert!(matches!(outcome, RunOutcome::Lost), "{outcome}");
    }
}

#[test]
fn the_executors_own_runtime_is_shut_down_after_the_last_run() {
    let executor = TokioExecutor::new();
    executor.start().unwrap();
    let (alive_tx, alive_rx) = channel::<()>();
    let (start_tx, start_rx) = channel();
    let (run, ending) = async_run(move |context| {
        let _ = start_tx.send(());
        let alive_tx = alive_tx.clone();
        async move {
            // A background task, which is dropped with the runtime.
            drop(tokio::spawn(async move {
                let _alive = alive_tx;
                pending::<()>().await;
            }));
            context.cancelled().await;
        }
    });
    executor.submit(run).unwrap();
    start_rx.recv_timeout(TIMEOUT).unwrap();
    pollster::block_on(executor.shutdown(Duration::from_millis(20)));
    assert!(ending.outcome().is_success());
    let end = alive_rx.recv_timeout(TIMEOUT);
    assert_eq!(end, Err(RecvTimeoutError::Disconnected));
}
