//! What a store says that it can do, and what it does.

use punctual_core::{
    CallerTransaction, HistoryQuery, JobStore, RecordUpdate, Revision, RunHistory, StoreError,
    StoreErrorKind, TransactionalJobs,
};

use crate::job_store::kit::{at, due, id};
use crate::job_store::{StoreFixture, Trial};

fn is_unsupported<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    result.expect_err("its caps say that it can't").kind() == StoreErrorKind::Unsupported
}

pub async fn it_promises_the_same_before_and_after_its_start<F: StoreFixture>(t: &Trial<F>) {
    let fresh = t.open().await;
    let before = fresh.caps();
    assert_eq!(before, t.store.caps());
    fresh.start().await.expect("it starts");
    assert_eq!(before, fresh.caps());
    fresh.shutdown().await;
    assert_eq!(before, fresh.caps());
}

pub async fn its_limits_make_sense<F: StoreFixture>(t: &Trial<F>) {
    let caps = t.store.caps();
    assert!(caps.max_batch.count >= 1, "{caps:?}");
    assert!(!caps.precision.is_zero(), "{caps:?}");
    assert!(caps.earliest <= at(0) && caps.latest >= at(100_000), "{caps:?}");
    assert!(caps.max_definition >= 1_000, "{caps:?}");
    assert!(caps.persistent || !caps.shared, "processes share what outlives them: {caps:?}");
}

pub async fn it_has_a_clock_or_none<F: StoreFixture>(t: &Trial<F>) {
    let promised = t.store.caps().clock;
    let told = t.store.time().await.expect("asking for the time works");
    assert_eq!(told.is_some(), promised);
    assert_eq!(t.renew("n", at(0), at(10)).await.time.is_some(), promised);
}

pub async fn it_watches_or_does_not<F: StoreFixture>(t: &Trial<F>) {
    let watch = t.store.watch().await.expect("asking for a watch works");
    assert_eq!(watch.is_some(), t.store.caps().notify);
}

pub async fn it_has_a_history_or_says_so<F: StoreFixture>(t: &Trial<F>) {
    let query = HistoryQuery::new();
    if t.store.caps().history {
        t.history(&query).await;
        return;
    }
    assert!(is_unsupported(t.store.read_history(&query).await));
    assert!(is_unsupported(t.store.forget_history_before(at(0), 9).await));
    assert!(is_unsupported(t.store.forget_history_beyond(&[id("a")], 1, 9).await));
}

pub async fn it_takes_transactions_or_says_so<F: StoreFixture>(t: &Trial<F>) {
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
