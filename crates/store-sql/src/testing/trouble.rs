//! Databases that refuse.

use punctual_core::{JobStore, StoreErrorKind, TaskFilter};

use super::{at, claim, due, tells};

/// A store that may not write goes on reading, and says with these words what it can't.
pub(crate) async fn only_reads(
    store: &impl JobStore,
    writable: &impl JobStore,
    kind: StoreErrorKind,
    words: &str,
) {
    writable.add(vec![due("a", at(0))]).await.unwrap();
    store.start().await.expect("there is nothing to migrate");
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
    assert_eq!(store.list(None, 9).await.unwrap().records.len(), 1);
    tells(&claim(store).await.unwrap_err(), kind, words);
    tells(&store.add(vec![due("b", at(0))]).await.unwrap_err(), kind, words);
    assert_eq!(writable.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
}
