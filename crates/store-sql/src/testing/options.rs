//! Tests of options that all stores have in common.

use punctual_core::{JobStore, TaskFilter};
use sqlx::{Database, Pool};
use tokio::runtime::Runtime;

use super::{at, due, remove_all};

/// Checks that the tables of two stores are separate.
pub(crate) async fn are_separate(one: &impl JobStore, other: &impl JobStore) {
    one.start().await.unwrap();
    other.start().await.unwrap();
    one.add(vec![due("a", at(0))]).await.unwrap();
    assert_eq!(other.next_wakeup(&TaskFilter::Any).await.unwrap(), None);
    assert_eq!(remove_all(other).await.unwrap(), 0);
    assert_eq!(remove_all(one).await.unwrap(), 1);
}

/// Checks that a store uses a pool provided by the user, and doesn't close it.
pub(crate) async fn keeps_the_pool_open<D: Database>(store: &impl JobStore, pool: &Pool<D>) {
    store.start().await.unwrap();
    store.add(vec![due("a", at(3))]).await.unwrap();
    store.shutdown().await;
    assert!(!pool.is_closed());
    store.start().await.unwrap();
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(3)));
}

pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// Checks that a store works in several runtimes, one after the other.
pub(crate) fn restarts_in_another_runtime(store: &impl JobStore) {
    for expected in 0..3 {
        runtime().block_on(async {
            store.start().await.unwrap();
            assert_eq!(store.list(None, 9).await.unwrap().records.len(), expected);
            store.add(vec![due(&expected.to_string(), at(0))]).await.unwrap();
            store.shutdown().await;
        });
    }
}
