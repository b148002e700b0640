//! The environment of jobs: rayon's threads, and the tokio runtime.

use std::cell::Cell;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual_core::{Executor, RunOutcome, TaskError};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_testkit::executor::{async_run, blocking_run};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tokio::runtime::{Builder, Handle};

const TIMEOUT: Duration = Duration::from_secs(60);

fn started(threads: usize) -> ThreadPoolExecutor {
    let executor = ThreadPoolExecutor::new(threads);
    executor.start().unwrap();
    executor
}

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn a_job_that_waits_for_its_parallel_parts_runs_no_other_job() {
    let executor = started(3);
    let endings: Vec<_> = (0..200)
        .map(|_| {
            let (run, ending) = blocking_run(|_| {
                assert!(!BUSY.replace(true), "a job was started inside another");
                let sum: u64 = (0..2_000_u64).into_par_iter().map(|n| n * n % 7).sum();
                BUSY.set(false);
                sum
            });
            executor.submit(run).unwrap();
            ending
        })
        .collect();
    for ending in endings {
        let outcome = ending.outcome();
        assert!(outcome.is_success(), "{outcome}");
    }
}

#[test]
fn a_job_can_wait_for_a_task_spawned_on_rayon() {
    let executor = started(1);
    let (run, ending) = blocking_run(|_| {
        let (sender, receiver) = channel();
        rayon::spawn(move || {
            let _ = sender.send(42);
        });
        receiver.recv_timeout(TIMEOUT).map_err(TaskError::from)
    });
    executor.submit(run).unwrap();
    assert_eq!(ending.outcome().to_string(), "success: 42");
}

#[test]
fn a_panic_on_a_rayon_thread_ends_neither_the_process_nor_the_pool() {
    let executor = started(1);
    let (run, ending) = blocking_run(|_| rayon::spawn(|| panic!("in a spawned task")));
    executor.submit(run).unwrap();
    assert!(ending.outcome().is_success());
    let (run, ending) = blocking_run(|_| {
        rayon::join(|| (), || panic!("in a parallel part"));
    });
    executor.submit(run).unwrap();
    assert_eq!(ending.outcome().to_string(), "panic: in a parallel part");
    let (run, ending) = blocking_run(|_| ());
    executor.submit(run).unwrap();
    assert!(ending.outcome().is_success());
}

/// Returns the id of the current runtime of an async job.
fn runtime_inside(executor: &ThreadPoolExecutor) -> String {
    let (run, ending) = async_run(|_| async { Handle::current().id().to_string() });
    executor.submit(run).unwrap();
    match ending.outcome() {
        RunOutcome::Success(id) => id.as_str().unwrap().to_owned(),
        other => panic!("expected an id: {other}"),
    }
}

#[test]
fn async_jobs_use_the_current_multi_thread_runtime() {
    let executor = ThreadPoolExecutor::default();
    let current = Builder::new_multi_thread().build().unwrap();
    current.block_on(async { executor.start().unwrap() });
    assert_eq!(runtime_inside(&executor), current.handle().id().to_string());
}

#[test]
fn async_jobs_do_not_use_a_current_thread_runtime() {
    let executor = ThreadPoolExecutor::default();
    let current = Builder::new_current_thread().build().unwrap();
    current.block_on(async { executor.start().unwrap() });
    assert_ne!(runtime_inside(&executor), current.handle().id().to_string());
}
