//! Children that take their time, or have none.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual_core::{Executor, RunOutcome, RunQueue};
use punctual_testkit::executor::task_run;
use tokio::time::timeout;

use super::strangers::pool;
use super::{nothing, slot};
use crate::ProcessPoolBuilder;
use crate::pool::start::PATIENCE;

/// Tells of each child: its process id.
fn watched(builder: ProcessPoolBuilder) -> (ProcessPoolBuilder, Receiver<u32>) {
    let (tell, told) = channel();
    let builder = builder.on_output(move |line| {
        if let Some(pid) = line.text.strip_prefix("here ") {
            // The test may have heard enough.
            let _ = tell.send(pid.parse().expect("a process id"));
        }
    });
    (builder, told)
}

#[test]
fn a_start_is_given_up_when_the_pool_closes() {
    let (builder, told) = watched(pool("mute"));
    let (workers, slot) = slot(&Arc::new(builder.options), &RunQueue::new(1));
    let shared = Arc::clone(&slot.shared);
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let slot = runtime.spawn(slot.run(None));
    told.recv_timeout(Duration::from_secs(60)).expect("a child");
    shared.closing.set(()).unwrap();
    drop((workers, shared));
    let gone = runtime.block_on(async { timeout(PATIENCE / 2, slot).await });
    gone.expect("sooner than the child is given up").unwrap();
}

#[test]
fn a_run_that_waits_for_its_child_is_lost_when_the_shutdown_is_over() {
    let (builder, told) = watched(pool("mute"));
    let pool = builder.build().unwrap();
    pool.start().unwrap();
    let (run, ending) = task_run(nothing());
    pool.submit(run).unwrap();
    told.recv_timeout(Duration::from_secs(60)).expect("a child");
    pollster::block_on(pool.shutdown(Duration::ZERO));
    let outcome = ending.outcome();
    assert!(matches!(outcome, RunOutcome::Lost), "{outcome}");
}

#[test]
#[cfg(target_os = "linux")]
fn idle_children_that_die_keep_no_run_from_beginning() {
    let (builder, told) = watched(pool("fickle").eager());
    let pool = builder.build().unwrap();
    pool.start().unwrap();
    for _ in 0..5 {
        let pid = told.recv_timeout(Duration::from_secs(60)).expect("another child");
        // From then on there is none for a while.
        while std::fs::exists(format!("/proc/{pid}")).unwrap() {
            std::thread::yield_now();
        }
    }
    let (run, ending) = task_run(nothing());
    pool.submit(run).unwrap();
    let outcome = ending.outcome();
    assert!(matches!(outcome, RunOutcome::Killed(_)), "{outcome}");
}
