//! Notifications of changes by other stores.

use std::time::Duration;

use punctual_core::JobStore;

use crate::job_store::builders::{at, due};
use crate::job_store::{CaseContext, StoreFixture};

/// Timeout for a notification. No other case of this suite waits for an event.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

pub async fn changes_by_another_store_are_notified<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    let mut watch =
        t.store.watch().await.expect("watching works").expect("the store supports watching");
    other.add([due("a", at(0))]).await;
    let changed = tokio::time::timeout(WAIT_TIMEOUT, watch.changed()).await;
    changed.expect("the change is notified in time").expect("watching works");
    let due_at = watch.due_at();
    assert!(due_at.is_none_or(|due_at| due_at == at(0)), "notified of {due_at:?}");
    assert_eq!(
        t.next_wakeup().await,
        Some(at(0)),
        "the change must be visible when it is notified"
    );
    other.stop().await;
}
