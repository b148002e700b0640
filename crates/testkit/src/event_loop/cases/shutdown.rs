//! Shutdown of the executor and of the loop.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{Executor, ExecutorError, Refused, RunOutcome};

use super::open;
use crate::event_loop::{LoopFixture, LoopOptions};
use crate::executor::gate::{Gate, SignalSender};
use crate::executor::{WAIT_TIMEOUT, async_run, blocking_run};

pub fn a_run_shuts_down_with_runs_queued<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let own = Arc::downgrade(&opened);
    let gate = Gate::closed();
    let task_gate = gate.clone();
    let (run, first) = blocking_run(move |context| {
        pollster::block_on(task_gate.pass());
        if let Some(own) = own.upgrade() {
            pollster::block_on(own.shutdown(Duration::ZERO));
        }
        context.is_cancelled()
    });
    opened.submit(run).expect("it is running");
    let queued: Vec<_> = (0..10)
        .map(|_| {
            let (run, outcome) = blocking_run(|_| ());
            opened.submit(run).expect("it is running");
            outcome
        })
        .collect();
    gate.open();
    assert_eq!(first.outcome().value(), Some(&true.into()), "the run itself is cancelled");
    for outcome in queued {
        assert!(matches!(outcome.outcome(), RunOutcome::Lost));
    }
    // The loop continues.
    opened.start().expect("the executor starts");
    let (run, outcome) = blocking_run(|_| ());
    opened.submit(run).expect("it is running");
    assert!(outcome.outcome().is_success());
}

pub fn a_shutdown_executes_queued_runs<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let gate = Gate::closed();
    let task_gate = gate.clone();
    let (run, _first) = blocking_run(move |_| pollster::block_on(task_gate.pass()));
    opened.submit(run).expect("it is running");
    let queued: Vec<_> = (0..10)
        .map(|number| {
            let (run, outcome) = async_run(move |_| async move { number });
            opened.submit(run).expect("it is running");
            outcome
        })
        .collect();
    let shutdown = opened.shutdown(WAIT_TIMEOUT);
    gate.open();
    pollster::block_on(shutdown);
    for outcome in queued {
        assert!(outcome.try_next().is_some_and(|outcome| outcome.is_success()));
    }
}

pub fn runs_are_lost_when_the_loop_quits<F: LoopFixture>() {
    let mut opened = F::open(LoopOptions { max_concurrent: 3, ..LoopOptions::default() });
    opened.start().expect("the executor starts");
    let (started, is_started) = SignalSender::new();
    let outcomes: Vec<_> = (0..10)
        .map(|_| {
            let started = started.clone();
            let (run, outcome) = async_run(move |_| {
                let started = started.clone();
                async move {
                    started.send(());
                    std::future::pending::<()>().await;
                }
            });
            opened.submit(run).expect("it is running");
            outcome
        })
        .collect();
    (0..3).for_each(|_| is_started.next());
    opened.quit();
    for outcome in outcomes {
        assert!(matches!(outcome.outcome(), RunOutcome::Lost));
    }
    let (run, _) = blocking_run(|_| ());
    match opened.submit(run) {
        Err(Refused { reason, .. }) => assert!(matches!(reason, ExecutorError::NotRunning)),
        Ok(()) => panic!("an executor whose loop has ended accepted a run"),
    }
    // Without a loop, there is nothing to wait for.
    pollster::block_on(opened.shutdown(Duration::MAX));
}
