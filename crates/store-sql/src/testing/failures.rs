//! Tests of databases that reject writes.

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};

use super::{assert_store_error, at, claim, due};

/// Checks that a store without write permission can read, and that its errors contain `words`.
pub(crate) async fn writes_are_rejected(
    store: &impl JobStore,
    writable: &impl JobStore,
    kind: StoreErrorKind,
    words: &str,
) {
    writable.add(vec![due("a", at(0))]).await.unwrap();
    store.start().await.expect("there is nothing to migrate");
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 1);
    assert_store_error(&claim(store).await.unwrap_err(), kind, words);
    assert_store_error(&store.add(vec![due("b", at(0))]).await.unwrap_err(), kind, words);
    assert_eq!(writable.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
}
