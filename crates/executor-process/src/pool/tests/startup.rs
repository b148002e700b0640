//! Slow and failing starts of children.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual_core::{Executor, RunOutcome, RunQueue};
use punctual_testkit::executor::task_run;
use tokio::time::timeout;

use super::protocol_errors::pool;
use super::{nothing, slot};
use crate::ProcessPoolExecutorBuilder;
use crate::pool::start::START_TIMEOUT;

/// Adds a listener that receives the process id of each child.
fn watched(builder: ProcessPoolExecutorBuilder) -> (ProcessPoolExecutorBuilder, Receiver<u32>) {
    let (sender, pids) = channel();
    let builder = builder.on_output(move |line| {
        if let Some(pid) = line.text.strip_prefix("here ") {
            // The test may have dropped the receiver.
            let _ = sender.send(pid.parse().expect("a process id"));
        }
    });
    (builder, pids)
}

#[test]
fn a_start_is_cancelled_when_the_pool_closes() {
    let (builder, pids) = watched(pool("mute"));
    let (workers, slot) = slot(&Arc::new(builder.options), &RunQueue::new(1));
    let shared = Arc::clone(&slot.shared);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let slot = runtime.spawn(slot.run(None));
    pids.recv_timeout(Duration::from_secs(60)).expect("a child");
    shared.closing.set(()).unwrap();
    drop((workers, shared));
    let closed = runtime.block_on(async { timeout(START_TIMEOUT / 2, slot).await });
    closed.expect("before the start times out").unwrap();
}

#[test]
fn a_run_that_waits_for_its_child_is_lost_when_the_shutdown_times_out() {
    let (builder, pids) = watched(pool("mute"));
    let pool = builder.build().unwrap();
    pool.start().unwrap();
    let (run, ending) = task_run(nothing());
    pool.submit(run).unwrap();
    pids.recv_timeout(Duration::from_secs(60)).expect("a child");
    pollster::block_on(pool.shutdown(Duration::ZERO));
    let outcome = ending.outcome();
    assert!(matches!(outcome, RunOutcome::Lost), "{outcome}");
}

#[test]
#[cfg(target_os = "linux")]
fn runs_start_although_idle_children_exit() {
    let (builder, pids) = watched(pool("fickle").eager());
    let pool = builder.build().unwrap();
    pool.start().unwrap();
    for _ in 0..5 {
        let pid = pids.recv_timeout(Duration::from_secs(60)).expect("another child");
        // No other child is started until the backoff has elapsed.
        while std::fs::exists(format!("/proc/{pid}")).unwrap() {
            std::thread::yield_now();
        }
    }
    let (run, ending) = task_run(nothing());
    pool.submit(run).unwrap();
    let outcome = ending.outcome();
    assert!(matches!(outcome, RunOutcome::Killed(_)), "{outcome}");
}
