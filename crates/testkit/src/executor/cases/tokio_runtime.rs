//! Tokio in async tasks that run in the process of the case.

use std::future::pending;
use std::time::Duration;

use punctual_core::TaskError;

use crate::executor::gate::SignalSender;
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::ClosureTask;
use crate::executor::{CaseContext, ExecutorFixture};

pub fn async_tasks_can_use_timers<F: ExecutorFixture>(case: &CaseContext<F>) {
    // Many concurrent timers: a timer must not need a worker to expire.
    for _ in 0..100 {
        case.submit(RunSpec::closure(ClosureTask::future(|_| async {
            tokio::time::timeout(Duration::from_millis(1), pending::<()>())
                .await
                .map_err(|elapsed| elapsed.to_string())
        })));
    }
    case.reports.wait_for_count(100);
}

pub fn async_tasks_can_spawn<F: ExecutorFixture>(case: &CaseContext<F>) {
    let outcome = case.outcome(RunSpec::closure(ClosureTask::future(|_| async {
        let sum = tokio::spawn(async { 40 + 2 }).await?;
        let product = tokio::task::spawn_blocking(|| 6 * 7).await?;
        Ok::<_, TaskError>(sum == product)
    })));
    assert!(outcome.is_success(), "{outcome}");
    // A spawned tokio task continues after the job's task has finished.
    let (sender, receiver) = SignalSender::new();
    let outcome = case.outcome(RunSpec::closure(ClosureTask::future(move |_| {
        let sender = sender.clone();
        async move {
            drop(tokio::spawn(async move {
                tokio::task::yield_now().await;
                sender.send(());
            }));
        }
    })));
    assert!(outcome.is_success(), "{outcome}");
    receiver.next();
}

pub fn async_tasks_can_block_their_thread<F: ExecutorFixture>(case: &CaseContext<F>) {
    // As a task that calls blocking methods of a scheduler: it waits for a runtime on another thread.
    let outcome = case.outcome(RunSpec::closure(ClosureTask::future(|_| async {
        std::thread::spawn(|| pollster::block_on(async { 42 }))
            .join()
            .map_err(|_| "the thread panicked")
    })));
    assert!(outcome.is_success(), "{outcome}");
}
