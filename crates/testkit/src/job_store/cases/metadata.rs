//! Metadata: small values that are stored with the jobs.

use punctual_core::JobStore;

use crate::job_store::builders::{at, due, id};
use crate::job_store::{CaseContext, StoreFixture};

pub async fn a_value_is_kept_until_it_is_replaced<F: StoreFixture>(t: &CaseContext<F>) {
    assert_eq!(t.metadata().await, []);
    t.set_metadata("b", "1").await;
    t.set_metadata("a:é", "").await;
    t.set_metadata("B", "'\"\\\n€").await;
    let all = [("B", "'\"\\\n€"), ("a:é", ""), ("b", "1")];
    assert_eq!(t.metadata().await, all.map(|(key, value)| (key.into(), value.into())));
    t.set_metadata("b", "2").await;
    assert_eq!(t.metadata().await.last(), Some(&("b".into(), "2".into())));
    assert_eq!(t.metadata().await.len(), 3);
}

pub async fn keys_are_compared_by_bytes<F: StoreFixture>(t: &CaseContext<F>) {
    let sorted = ["A", "a", "a ", "a\u{301}", "á", "日", "😀"];
    for key in sorted.iter().rev() {
        t.set_metadata(key, key).await;
    }
    let metadata = t.store.metadata().await.expect("reading the metadata works");
    assert_eq!(metadata.values.len(), sorted.len(), "similar keys must be distinct");
    for key in sorted {
        assert_eq!(metadata.get(key), Some(key));
    }
    assert_eq!(metadata.get("b"), None);
}

pub async fn long_values_are_not_truncated<F: StoreFixture>(t: &CaseContext<F>) {
    let (key, value) = ("k".repeat(255), "v".repeat(10_000));
    t.set_metadata(&key, &value).await;
    assert_eq!(t.metadata().await, [(key, value)]);
}

pub async fn values_persist_after_the_removal_of_jobs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(0))]).await;
    t.set_metadata("a", "value").await;
    assert!(t.remove("a").await);
    assert_eq!(t.store.remove(&[id("a"), id("b")]).await.expect("removing works"), [false, true]);
    assert_eq!(t.metadata().await, [("a".into(), "value".into())]);
    assert_eq!(t.list().await, [""; 0]);
}
