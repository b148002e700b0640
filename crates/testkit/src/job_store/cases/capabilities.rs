//! The capabilities that a store declares, compared with its behavior.

use punctual_core::{
    CallerTransaction, HistoryRecordQuery, JobStore, RecordUpdate, Revision, RunHistory,
    StoreError, StoreErrorKind, TransactionalJobs,
};

use crate::job_store::builders::{at, due, id};
use crate::job_store::{CaseContext, StoreFixture};

fn is_unsupported<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    result.expect_err("its caps don't declare the feature").kind() == StoreErrorKind::Unsupported
}

pub async fn caps_are_constant<F: StoreFixture>(t: &CaseContext<F>) {
    let fresh = t.open().await;
    let before = fresh.caps();
    assert_eq!(before, t.store.caps());
    fresh.start().await.expect("it starts");
    assert_eq!(before, fresh.caps());
    fresh.shutdown().await;
    assert_eq!(before, fresh.caps());
}

pub async fn limits_are_plausible<F: StoreFixture>(t: &CaseContext<F>) {
    let caps = t.store.caps();
    assert!(caps.max_batch.count >= 1, "{caps:?}");
    assert!(!caps.precision.is_zero(), "{caps:?}");
    assert!(caps.earliest <= at(0) && caps.latest >= at(100_000), "{caps:?}");
    assert!(caps.max_definition >= 1_000, "{caps:?}");
    assert!(caps.persistent || !caps.shared, "shared stores must be persistent: {caps:?}");
}

pub async fn the_clock_matches_the_caps<F: StoreFixture>(t: &CaseContext<F>) {
    let declared = t.store.caps().clock;
    let time = t.store.time().await.expect("reading the time works");
    assert_eq!(time.is_some(), declared);
    assert_eq!(t.renew("n", at(0), at(10)).await.time.is_some(), declared);
}

pub async fn notifications_match_the_caps<F: StoreFixture>(t: &CaseContext<F>) {
    let watch = t.store.watch().await.expect("watching works");
    assert_eq!(watch.is_some(), t.store.caps().notify);
}

pub async fn the_history_matches_the_caps<F: StoreFixture>(t: &CaseContext<F>) {
    let query = HistoryRecordQuery::new();
    if t.store.caps().history {
        t.history(&query).await;
        return;
    }
    assert!(is_unsupported(t.store.read_history(&query).await));
    assert!(is_unsupported(t.store.delete_history_before(at(0), 9).await));
    assert!(is_unsupported(t.store.trim_history(&[id("a")], 1, 9).await));
}

pub async fn transactions_match_the_caps<F: StoreFixture>(t: &CaseContext<F>) {
    if t.store.caps().transactions {
        drop(t.begin().await);
        return;
    }
    let mut nothing = ();
    let other = &mut CallerTransaction::on(&mut nothing);
    assert!(is_unsupported(t.store.add_in(other, vec![due("a", at(0))]).await));
    assert!(is_unsupported(t.store.get_in(other, &id("a")).await));
    let update = RecordUpdate::default();
    assert!(is_unsupported(t.store.update_in(other, &id("a"), Revision::FIRST, update).await));
    assert!(is_unsupported(t.store.remove_in(other, &[id("a")]).await));
    assert!(is_unsupported(t.store.add_metadata_in(other, "key", "value").await));
}
