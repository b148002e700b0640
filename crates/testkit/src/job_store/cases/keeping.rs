//! Metadata: small values beside the jobs.

use punctual_core::JobStore;

use crate::job_store::kit::{at, due, id};
use crate::job_store::{StoreFixture, Trial};

pub async fn a_value_stays_until_it_is_replaced<F: StoreFixture>(t: &Trial<F>) {
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

pub async fn keys_are_found_by_their_bytes<F: StoreFixture>(t: &Trial<F>) {
    let sorted = ["A", "a", "a ", "a\u{301}", "á", "日", "😀"];
    for key in sorted.iter().rev() {
        t.set_metadata(key, key).await;
    }
    let metadata = t.store.metadata().await.expect("reading the metadata works");
    assert_eq!(metadata.values.len(), sorted.len(), "keys that look alike are different");
    for key in sorted {
        assert_eq!(metadata.get(key), Some(key));
    }
    assert_eq!(metadata.get("b"), None);
}

pub async fn long_values_are_kept_whole<F: StoreFixture>(t: &Trial<F>) {
    let (key, value) = ("k".repeat(255), "v".repeat(10_000));
    t.set_metadata(&key, &value).await;
    assert_eq!(t.metadata().await, [(key, value)]);
}

pub async fn values_outlive_the_jobs<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(0))]).await;
    t.set_metadata("a", "of no job").await;
    assert!(t.remove("a").await);
    assert_eq!(t.store.remove(&[id("a"), id("b")]).await.expect("removing works"), [false, true]);
    assert_eq!(t.metadata().await, [("a".into(), "of no job".into())]);
    assert_eq!(t.list().await, [""; 0]);
}
