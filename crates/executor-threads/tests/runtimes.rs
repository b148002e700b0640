//! What a job finds around itself: rayon's threads, and tokio's.

use std::cell::Cell;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual_core::{Executor, RunOutcome, TaskError};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_testkit::executor::{async_run, blocking_run};
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use tokio::runtime::{Builder, Handle};

const PATIENCE: Duration = Duration::from_secs(60);

fn started(threads: usize) -> ThreadPoolExecutor {
    let executor = ThreadPoolExecutor::new(threads);
    executor.start().unwrap();
    executor
}

thread_local! {
    static BUSY: Cell<bool> = const { Cell::new(false) };
}

#[test]
fn a_job_that_waits_for_its_parallel_parts_runs_no_other_job_meanwhile() {
    let executor = started(3);
    let endings: Vec<_> = (0..200)
        .map(|_| {
            let (run, ending) = blocking_run(|_| {
                assert!(!BUSY.replace(true), "a job inside another");
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
fn a_job_can_wait_for_what_it_spawned_on_rayon() {
    let executor = started(1);
    let (run, ending) = blocking_run(|_| {
        let (sender, receiver) = channel();
        rayon::spawn(move || {
            let _ = sender.send(42);
        });
        receiver.recv_timeout(PATIENCE).map_err(TaskError::from)
    });
    executor.submit(run).unwrap();
    assert_eq!(ending.outcome().to_string(), "success: 42");
}

#[test]
fn a_panic_on_rayons_threads_ends_neither_the_process_nor_the_pool() {
    let executor = started(1);
    let (run, ending) = blocking_run(|_| rayon::spawn(|| panic!("nobody waits for me")));
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

/// The runtime that an async job finds around itself.
fn runtime_inside(executor: &ThreadPoolExecutor) -> String {
    let (run, ending) = async_run(|_| async { Handle::current().id().to_string() });
    executor.submit(run).unwrap();
    match ending.outcome() {
        RunOutcome::Success(id) => id.as_str().unwrap().to_owned(),
        other => panic!("expected an id: {other}"),
    }
}

#[test]
fn async_jobs_share_the_runtime_around_if_it_has_threads() {
    let executor = ThreadPoolExecutor::default();
    let around = Builder::new_multi_thread().build().unwrap();
    around.block_on(async { executor.start().unwrap() });
    assert_eq!(runtime_inside(&executor), around.handle().id().to_string());
}

#[test]
fn async_jobs_do_not_use_the_only_thread_around() {
    let executor = ThreadPoolExecutor::default();
    let only = Builder::new_current_thread().build().unwrap();
    only.block_on(async { executor.start().unwrap() });
    assert_ne!(runtime_inside(&executor), only.handle().id().to_string());
}
