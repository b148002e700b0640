//! What async tasks can rely on.

use std::future::pending;
use std::time::Duration;

use punctual_core::TaskError;

use crate::executor::gate::Tell;
use crate::executor::order::Order;
use crate::executor::tasks::Piece;
use crate::executor::{ExecutorFixture, Trial};

pub fn async_tasks_can_use_timers<F: ExecutorFixture>(trial: &Trial<F>) {
    // Many at once: a timer must not need a worker of its own to go off.
    for _ in 0..100 {
        trial.submit(Order::piece(Piece::future(|_| async {
            tokio::time::timeout(Duration::from_millis(1), pending::<()>())
                .await
                .map_err(|elapsed| elapsed.to_string())
        })));
    }
    trial.reports.wait_for_count(100);
}

pub fn async_tasks_can_spawn<F: ExecutorFixture>(trial: &Trial<F>) {
    let outcome = trial.outcome(Order::piece(Piece::future(|_| async {
        let sum = tokio::spawn(async { 40 + 2 }).await?;
        let product = tokio::task::spawn_blocking(|| 6 * 7).await?;
        Ok::<_, TaskError>(sum == product)
    })));
    assert!(outcome.is_success(), "{outcome}");
    // What a task has spawned goes on without it.
    let (tell, heard) = Tell::new();
    let outcome = trial.outcome(Order::piece(Piece::future(move |_| {
        let tell = tell.clone();
        async move {
            drop(tokio::spawn(async move {
                tokio::task::yield_now().await;
                tell.tell(());
            }));
        }
    })));
    assert!(outcome.is_success(), "{outcome}");
    heard.next();
}

pub fn async_tasks_can_block_their_thread<F: ExecutorFixture>(trial: &Trial<F>) {
    // As one does that calls a scheduler's blocking methods: it waits for a runtime on another thread.
    let outcome = trial.outcome(Order::piece(Piece::future(|_| async {
        std::thread::spawn(|| pollster::block_on(async { 42 }))
            .join()
            .map_err(|_| "the thread panicked")
    })));
    assert!(outcome.is_success(), "{outcome}");
}
