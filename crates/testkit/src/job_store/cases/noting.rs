//! Notes: small texts beside the jobs.

use punctual_core::JobStore;

use crate::job_store::kit::{at, due};
use crate::job_store::{StoreFixture, Trial};

pub async fn a_note_stays_until_it_is_replaced<F: StoreFixture>(t: &Trial<F>) {
    assert_eq!(t.notes().await, []);
    t.note("b", "1").await;
    t.note("a:é", "").await;
    t.note("B", "'\"\\\n€").await;
    let all = [("B", "'\"\\\n€"), ("a:é", ""), ("b", "1")];
    assert_eq!(t.notes().await, all.map(|(key, text)| (key.into(), text.into())));
    t.note("b", "2").await;
    assert_eq!(t.notes().await.last(), Some(&("b".into(), "2".into())));
    assert_eq!(t.notes().await.len(), 3);
}

pub async fn long_notes_are_kept_whole<F: StoreFixture>(t: &Trial<F>) {
    let (key, text) = ("k".repeat(255), "t".repeat(10_000));
    t.note(&key, &text).await;
    assert_eq!(t.notes().await, [(key, text)]);
}

pub async fn notes_outlive_the_jobs<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.note("a", "of no job").await;
    assert!(t.remove("a").await);
    assert_eq!(t.store.remove_all().await.expect("removing works"), 0);
    t.add([due("b", at(0))]).await;
    assert_eq!(t.store.remove_all().await.expect("removing works"), 1);
    assert_eq!(t.notes().await, [("a".into(), "of no job".into())]);
    assert_eq!(t.list().await, [""; 0]);
}
