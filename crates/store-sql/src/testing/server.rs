//! Servers that are not there, or don't answer.

use punctual_core::{
    CommitBatch, CommitOutcome, HistoryEntry, JobId, JobRecord, JobStore, NodeId, OutcomeKind,
    RunId, StoreError, StoreErrorKind, TaskFilter,
};
use tokio::time::timeout;

use super::{Line, PATIENCE, advance, at, claim, due, remove_all, tells};
use crate::client::{Client, Columns};
use crate::database::Database;
use crate::dialect::Dialect;

/// Calls again what failed for a reason that passes, as a scheduler does: with limits as short as those of some
/// tests, anything may fail on a busy machine.
pub(crate) async fn at_last<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let calls = async {
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    };
    timeout(PATIENCE, calls).await.expect("it works at last")
}

/// A store whose server is not there says so.
pub(crate) async fn gives_up(store: &impl JobStore) {
    let start = timeout(PATIENCE, store.start());
    let error = start.await.expect("it gives up").unwrap_err();
    tells(&error, StoreErrorKind::Unavailable, "no connection");
    assert!(error.is_retryable());
}

/// A store with one connection, which `close` closes, makes another.
pub(crate) async fn connects_anew(store: &impl JobStore, mut close: impl AsyncFnMut()) {
    for _ in 0..3 {
        close().await;
        // It was in use a moment ago, and so is not tested before it is used again.
        if let Err(error) = store.next_wakeup(&TaskFilter::Any).await {
            tells(&error, StoreErrorKind::Unavailable, "");
        }
        store.next_wakeup(&TaskFilter::Any).await.expect("there is another connection");
    }
}

/// A pool with one connection, whose number on the server this statement answers, has it back after a call that
/// came to its end, and closes it after another.
pub(crate) async fn only_finished_calls_give_it_back<D: Dialect>(
    dialect: &D,
    number: &'static str,
) {
    let mut numbers = Vec::new();
    for finished in [true, false, true] {
        let mut connection = dialect.read().await.unwrap();
        let rows = connection.fetch(dialect.sql(number), &[]).await.unwrap();
        numbers.push(rows[0].int(0).unwrap());
        match finished {
            true => connection.finish(),
            false => drop(connection),
        }
    }
    assert_eq!(numbers[0], numbers[1], "it is used again");
    assert_ne!(numbers[1], numbers[2], "nobody knows what it was about, so it was closed");
}

/// A store that is connected by this line gives up while nothing comes through it, and goes on afterwards.
pub(crate) async fn bears_silence(store: &impl JobStore, line: &Line) {
    at_last(async || store.start().await).await;
    at_last(async || store.add(vec![due("a", at(0))]).await).await;
    line.open.send(false).unwrap();
    let wait = timeout(PATIENCE, store.next_wakeup(&TaskFilter::Any));
    let error = wait.await.expect("it gives up").unwrap_err();
    assert!(error.is_retryable(), "{error}");
    line.open.send(true).unwrap();
    let next = at_last(async || store.next_wakeup(&TaskFilter::Any).await).await;
    assert_eq!(next, Some(at(0)));
}

/// A store whose two connections are lost without a word while both are in use makes others.
pub(crate) async fn outlives_its_connections(store: &impl JobStore, line: &Line) {
    at_last(async || store.start().await).await;
    let add = async |name| store.add(vec![due(name, at(0))]).await;
    let both = async || tokio::join!(add("a"), add("b"));
    let losses = async {
        loop {
            at_last(async || {
                let (one, other) = both().await;
                one.and(other)
            })
            .await;
            line.lose();
            // On a busy machine the pool may have given one of the connections up before it was lost.
            if let (Err(one), Err(other)) = both().await {
                return [one, other];
            }
        }
    };
    let errors = timeout(PATIENCE, losses).await.expect("they are given up");
    assert!(errors.iter().all(StoreError::is_retryable), "{errors:?}");
    at_last(async || add("c").await).await;
}

/// A store that is connected by this line claims a batch and commits it, with runs and a history, in one round trip
/// each, once the statements are prepared.
pub(crate) async fn speaks_once_for_a_batch(store: &impl JobStore, line: &Line) {
    at_last(async || store.start().await).await;
    let jobs: Vec<_> = (0..100).map(|n| due(&format!("job {n}"), at(0))).collect();
    let rounds = async {
        loop {
            remove_all(store).await.unwrap();
            store.add(jobs.clone()).await.unwrap();
            let (asked, claims) = line.round_trips(claim(store)).await;
            let claims = claims.unwrap();
            assert_eq!(claims.len(), 99);
            let commit = |claim: &JobRecord| advance(claim.id.as_str(), claim.fence);
            let commits = claims.iter().map(commit).collect();
            let batch = CommitBatch::new(commits, claims.iter().map(ended).collect());
            let (told, outcomes) = line.round_trips(store.commit(batch)).await;
            assert_eq!(outcomes.unwrap(), [CommitOutcome::Done; 99]);
            if (asked, told) == (1, 1) {
                return;
            }
        }
    };
    timeout(PATIENCE, rounds).await.expect("a batch takes more than one round trip");
}

/// A run of this job that has ended.
fn ended(record: &JobRecord) -> HistoryEntry {
    HistoryEntry {
        run_id: RunId::random(),
        attempt: 1,
        job_id: record.id.clone(),
        task: record.task.clone(),
        node: NodeId::random(),
        scheduled_time: at(0),
        started: Some(at(0)),
        finished: at(1),
        outcome: OutcomeKind::Success,
        error: None,
    }
}

/// A machine that is cut off, or a process that is stopped, in the middle of a transaction, holds what it
/// holds for some seconds only.
pub(crate) async fn holds_nothing_for_long<D: Dialect>(gone: &Database<D>, heir: &impl JobStore) {
    gone.add(&[due("a", at(0))]).await.unwrap();
    let mut transaction = gone.dialect.write().await.unwrap();
    let id = JobId::new("a").unwrap();
    assert_eq!(gone.remove_in(&mut transaction, &[id]).await.unwrap(), [true]);
    // The first time it may be it that gives up.
    let removed = at_last(async || remove_all(heir).await).await;
    assert_eq!(removed, 1, "what was not committed is undone");
    drop(transaction);
}
