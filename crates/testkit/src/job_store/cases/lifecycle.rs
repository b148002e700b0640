//! Start, shutdown, and the initial state of a store.

use punctual_core::{Claims, JobRecordPage, JobStore, TakeOver, TakeOverFrom, TaskFilter};

use crate::job_store::builders::{at, due, node};
use crate::job_store::{CaseContext, StoreFixture};

pub async fn a_second_start_has_no_effect<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.store.start().await.expect("it starts again");
    assert_eq!(t.list().await, ["a"]);
}

pub async fn a_second_shutdown_has_no_effect<F: StoreFixture>(t: &CaseContext<F>) {
    t.stop().await;
    t.stop().await;
}

pub async fn data_is_kept_over_a_restart<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let before = t.get("a").await;
    t.set_metadata("key", "text").await;
    t.stop().await;
    t.store.start().await.expect("it starts again");
    assert_eq!(t.get("a").await, before);
    assert_eq!(t.metadata().await, [("key".into(), "text".into())]);
    t.add([due("b", at(6))]).await;
    assert_eq!(t.list().await, ["a", "b"]);
}

pub async fn a_new_store_is_empty<F: StoreFixture>(t: &CaseContext<F>) {
    assert_eq!(t.find("a").await, None);
    assert!(!t.remove("a").await);
    assert_eq!(t.store.list(None, 10).await.expect("listing works"), JobRecordPage::default());
    assert_eq!(t.claim(at(0)).await, []);
    let taken =
        t.take_over_some(&node("n"), &TakeOverFrom::ExpiredNodes, at(0), 9, &TaskFilter::Any).await;
    assert_eq!(taken, TakeOver::default());
    assert_eq!(t.claim_once("n", at(0), 9, &TaskFilter::Any).await, Claims::default());
    assert_eq!(t.in_flight("a").await, []);
    assert_eq!(t.next_wakeup().await, None);
    assert_eq!(t.commit([]).await, []);
    assert_eq!(t.add([]).await, []);
    assert_eq!(t.metadata().await, []);
    let renewal = t.renew("n", at(0), at(10)).await;
    assert!(!renewal.expired, "an unknown node has no lease that could have expired");
    assert!(!renewal.has_orphans);
}
