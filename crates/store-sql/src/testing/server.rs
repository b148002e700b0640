//! Tests with unreachable and unresponsive servers.

use punctual_core::{
    CommitBatch, CommitOutcome, HistoryRecord, JobId, JobRecord, JobStore, NodeId, OutcomeKind,
    RunId, StoreError, StoreErrorKind, TaskFilter,
};
use tokio::time::timeout;

use super::{FaultyProxy, WAIT_TIMEOUT, advance, assert_store_error, at, claim, due, remove_all};
use crate::client::{Client, SqlRow};
use crate::database::Database;
use crate::dialect::Dialect;

/// Retries a call after retryable errors, as a scheduler does: with the short timeouts of some tests, any call may fail
/// on a busy machine.
pub(crate) async fn retry_until_ok<T>(call: impl AsyncFn() -> Result<T, StoreError>) -> T {
    let calls = async {
        loop {
            match call().await {
                Ok(answer) => return answer,
                Err(error) => assert!(error.is_retryable(), "{error}"),
            }
        }
    };
    timeout(WAIT_TIMEOUT, calls).await.expect("the call succeeds eventually")
}

/// Checks that a store whose server is unreachable reports it.
pub(crate) async fn unreachable_server_is_reported(store: &impl JobStore) {
    let start = timeout(WAIT_TIMEOUT, store.start());
    let error = start.await.expect("the call times out").unwrap_err();
    assert_store_error(&error, StoreErrorKind::Unavailable, "waiting for a connection");
    assert!(error.is_retryable());
}

/// Checks that a store with one connection, which `close` closes, opens a new one.
pub(crate) async fn closed_connection_is_replaced(
    store: &impl JobStore,
    mut close: impl AsyncFnMut(),
) {
    for _ in 0..3 {
        close().await;
        // The connection was used recently, so the pool does not ping it first.
        if let Err(error) = store.next_wakeup(&TaskFilter::Any).await {
            assert_store_error(&error, StoreErrorKind::Unavailable, "");
        }
        store.next_wakeup(&TaskFilter::Any).await.expect("a new connection is opened");
    }
}

/// Checks that a pool with one connection reuses it after a completed call, and closes it after a cancelled one.
/// `number` is a statement that returns the server's id of the connection.
pub(crate) async fn only_completed_calls_return_their_connection<D: Dialect>(
    dialect: &D,
    number: &'static str,
) {
    let mut numbers = Vec::new();
    for finished in [true, false, true] {
        let mut connection = dialect.read().await.unwrap();
        let rows = connection.fetch(dialect.sql(number), &[]).await.unwrap();
        numbers.push(rows[0].int(0).unwrap());
        match finished {
            true => connection.release(),
            false => drop(connection),
        }
    }
    assert_eq!(numbers[0], numbers[1], "it is reused");
    assert_ne!(numbers[1], numbers[2], "its state is unknown, so it is closed");
}

/// Checks that calls through a stalled connection time out, and that the store recovers afterwards.
pub(crate) async fn recovers_from_stall(store: &impl JobStore, proxy: &FaultyProxy) {
    retry_until_ok(async || store.start().await).await;
    retry_until_ok(async || store.add(vec![due("a", at(0))]).await).await;
    proxy.open.send(false).unwrap();
    let wait = timeout(WAIT_TIMEOUT, store.next_wakeup(&TaskFilter::Any));
    let error = wait.await.expect("the call times out").unwrap_err();
    assert!(error.is_retryable(), "{error}");
    proxy.open.send(true).unwrap();
    let next = retry_until_ok(async || store.next_wakeup(&TaskFilter::Any).await).await;
    assert_eq!(next, Some(at(0)));
}

/// Checks that a store opens new connections after both of its connections were silently lost during calls.
pub(crate) async fn reconnects_after_silent_loss(store: &impl JobStore, proxy: &FaultyProxy) {
    retry_until_ok(async || store.start().await).await;
    let add = async |name| store.add(vec![due(name, at(0))]).await;
    let both = async || tokio::join!(add("a"), add("b"));
    let losses = async {
        loop {
            retry_until_ok(async || {
                let (one, other) = both().await;
                one.and(other)
            })
            .await;
            proxy.lose();
            // On a busy machine the pool may have closed one of the connections before it was lost.
            if let (Err(one), Err(other)) = both().await {
                return [one, other];
            }
        }
    };
    let errors = timeout(WAIT_TIMEOUT, losses).await.expect("the calls time out");
    assert!(errors.iter().all(StoreError::is_retryable), "{errors:?}");
    retry_until_ok(async || add("c").await).await;
}

/// Checks that a batch is claimed in one round trip, and committed with runs and history in another one, once the
/// statements have been prepared.
pub(crate) async fn batch_is_one_round_trip(store: &impl JobStore, proxy: &FaultyProxy) {
    retry_until_ok(async || store.start().await).await;
    let jobs: Vec<_> = (0..100).map(|n| due(&format!("job {n}"), at(0))).collect();
    let rounds = async {
        loop {
            remove_all(store).await.unwrap();
            store.add(jobs.clone()).await.unwrap();
            let (claim_trips, claims) = proxy.count_round_trips(claim(store)).await;
            let claims = claims.unwrap();
            assert_eq!(claims.len(), 99);
            let commit = |claim: &JobRecord| advance(claim.id.as_str(), claim.fence);
            let commits = claims.iter().map(commit).collect();
            let batch = CommitBatch::new(commits, claims.iter().map(ended).collect());
            let (commit_trips, outcomes) = proxy.count_round_trips(store.commit(batch)).await;
            assert_eq!(outcomes.unwrap(), [CommitOutcome::Done; 99]);
            if (claim_trips, commit_trips) == (1, 1) {
                return;
            }
        }
    };
    timeout(WAIT_TIMEOUT, rounds).await.expect("a batch takes one round trip");
}

/// Checks that a short call is one round trip, once its statement has been prepared: its connection is not pinged, as sqlx
/// does when a connection is returned to a pool.
pub(crate) async fn short_call_is_one_round_trip(store: &impl JobStore, proxy: &FaultyProxy) {
    retry_until_ok(async || store.start().await).await;
    let calls = async || {
        for _ in 0..10 {
            store.next_wakeup(&TaskFilter::Any).await.unwrap();
        }
    };
    let rounds = async { while proxy.count_round_trips(calls()).await.0 > 10 {} };
    timeout(WAIT_TIMEOUT, rounds).await.expect("ten calls take ten round trips");
}

/// Checks that all of many concurrent calls of a store with one connection get it: short ones, whose connection is kept for
/// the next one, and transactions, whose connection is one of the pool.
pub(crate) async fn concurrent_calls_share_one_connection(store: &impl JobStore) {
    store.start().await.unwrap();
    let calls = (0..30).map(|number| async move {
        for _ in 0..5 {
            store.next_wakeup(&TaskFilter::Any).await?;
            store.set_metadata("last", &format!("{number}")).await?;
        }
        Ok::<_, StoreError>(())
    });
    let results = timeout(WAIT_TIMEOUT, futures_util::future::join_all(calls)).await;
    results.expect("no call waits forever").into_iter().collect::<Result<(), _>>().unwrap();
    store.shutdown().await;
}

/// A finished run of this job.
fn ended(record: &JobRecord) -> HistoryRecord {
    HistoryRecord {
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

/// Checks that the locks of a client that is disconnected or suspended in the middle of a transaction are released
/// after some seconds.
pub(crate) async fn abandoned_locks_expire<D: Dialect>(
    gone: &Database<D>,
    new_owner: &impl JobStore,
) {
    gone.add(&[due("a", at(0))]).await.unwrap();
    let mut transaction = gone.dialect.write().await.unwrap();
    let id = JobId::new("a").unwrap();
    assert_eq!(gone.remove_in(&mut transaction, &[id]).await.unwrap(), [true]);
    // The first attempt may time out before the locks are released.
    let removed = retry_until_ok(async || remove_all(new_owner).await).await;
    assert_eq!(removed, 1, "the uncommitted removal is rolled back");
    drop(transaction);
}
