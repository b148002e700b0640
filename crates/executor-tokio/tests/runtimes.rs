//! Which runtime jobs run on, and what becomes of them when it ends.

use std::future::pending;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use punctual_core::{Executor, RunOutcome};
use punctual_executor_tokio::TokioExecutor;
use punctual_testkit::executor::{async_run, blocking_run};
use tokio::runtime::{Builder, Runtime};

const PATIENCE: Duration = Duration::from_secs(60);

fn runtime(name: &str) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).thread_name(name).build().unwrap()
}

/// The name of the thread that an async job runs on.
fn whereabouts(executor: &TokioExecutor) -> String {
    let (run, ending) = async_run(|_| async { thread::current().name().map(str::to_owned) });
    executor.submit(run).unwrap();
    match ending.outcome() {
        RunOutcome::Success(name) => name.as_str().unwrap().to_owned(),
        other => panic!("expected a name: {other}"),
    }
}

#[test]
fn jobs_share_the_runtime_around_if_it_has_threads() {
    let executor = TokioExecutor::new();
    runtime("around").block_on(async {
        executor.start().unwrap();
        assert_eq!(whereabouts(&executor), "around");
        executor.shutdown(PATIENCE).await;
    });
}

#[test]
fn jobs_never_run_on_the_only_thread_around() {
    let executor = TokioExecutor::new();
    let only = Builder::new_current_thread().build().unwrap();
    only.block_on(async {
        executor.start().unwrap();
        assert_eq!(whereabouts(&executor), "punctual-worker");
        executor.shutdown(PATIENCE).await;
    });
}

#[test]
fn the_given_runtime_comes_first() {
    let given = runtime("given");
    let executor = TokioExecutor::on(given.handle().clone());
    runtime("around").block_on(async { executor.start().unwrap() });
    assert_eq!(whereabouts(&executor), "given");
}

#[test]
fn a_runtime_that_ends_loses_its_runs_but_no_report() {
    let given = runtime("given");
    let executor = TokioExecutor::on(given.handle().clone()).max_concurrent(1);
    executor.start().unwrap();
    let (begun, has_begun) = channel();
    let (run, under_way) = async_run(move |_| {
        let _ = begun.send(());
        pending::<()>()
    });
    executor.submit(run).unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
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
    for ending in waiting.iter().chain([&under_way, &late]) {
        let outcome = ending.outcome();
        assert!(matches!(outcome, RunOutcome::Lost), "{outcome}");
    }
}

#[test]
fn a_runtime_of_its_own_ends_after_the_last_run() {
    let executor = TokioExecutor::new();
    executor.start().unwrap();
    let (life, end_of_life) = channel::<()>();
    let (begun, has_begun) = channel();
    let (run, ending) = async_run(move |context| {
        let _ = begun.send(());
        let life = life.clone();
        async move {
            // Left behind; goes when the runtime goes.
            drop(tokio::spawn(async move {
                let _life = life;
                pending::<()>().await;
            }));
            context.cancelled().await;
        }
    });
    executor.submit(run).unwrap();
    has_begun.recv_timeout(PATIENCE).unwrap();
    pollster::block_on(executor.shutdown(Duration::from_millis(20)));
    assert!(ending.outcome().is_success());
    let end = end_of_life.recv_timeout(PATIENCE);
    assert_eq!(end, Err(RecvTimeoutError::Disconnected));
}
