//! Changes within a transaction of the caller.

use punctual_core::{
    AddOutcome, CallerTransaction, RecordUpdate, Revision, Schedule, StoreError, StoreErrorKind,
    TransactionalJobs,
};

use crate::job_store::builders::{at, due, id, paused, run};
use crate::job_store::{CaseContext, StoreFixture};

use AddOutcome::{Added, Exists};

fn to(seconds: i64) -> RecordUpdate {
    RecordUpdate { schedule: Some(Some(Schedule::at(at(seconds)))), ..Default::default() }
}

pub async fn added_jobs_are_visible_after_the_commit<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("b", at(9))]).await;
    let mut transaction = t.begin().await;
    let batch = ["a", "b", "a"].map(|name| due(name, at(5))).to_vec();
    let added = t.store.add_in(&mut transaction.caller(), batch).await;
    assert_eq!(added.expect("adding works"), [Added, Exists, Exists]);
    assert_eq!(t.find("a").await, None, "the job must not be visible before the commit");
    transaction.commit().await;
    assert_eq!(t.list().await, ["a", "b"]);
    assert_eq!(t.next_wakeup().await, Some(at(5)));
    assert_eq!(t.claim_one(at(5)).await.claims, 1);
}

pub async fn a_rollback_undoes_all_changes<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5)), due("b", at(6))]).await;
    let before = [t.stored("a").await, t.stored("b").await];
    let mut transaction = t.begin().await;
    let caller = &mut transaction.caller();
    t.store.add_in(caller, vec![paused("c")]).await.expect("adding works");
    t.store.update_in(caller, &id("a"), Revision::FIRST, to(7)).await.expect("updating works");
    assert_eq!(t.store.remove_in(caller, &[id("b")]).await.expect("removing works"), [true]);
    t.store.add_metadata_in(caller, "key", "value").await.expect("setting a value works");
    transaction.roll_back().await;
    assert_eq!([t.stored("a").await, t.stored("b").await], before);
    assert_eq!(t.list().await, ["a", "b"]);
    assert_eq!(t.metadata().await, []);
}

pub async fn a_transaction_reads_its_own_changes<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5)), due("b", at(6))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let before = t.stored("a").await;
    let mut transaction = t.begin().await;
    let caller = &mut transaction.caller();
    let get = t.store.get_in(caller, &id("a")).await.expect("getting works");
    assert_eq!(get, Some(before.clone()), "with its runs");
    assert_eq!(t.store.get_in(caller, &id("x")).await.expect("getting works"), None);
    let updated = t.store.update_in(caller, &id("a"), Revision::FIRST, to(7)).await;
    assert_eq!(updated.expect("updating works"), Revision::FIRST.next());
    let inside =
        t.store.get_in(caller, &id("a")).await.expect("getting works").expect("the job exists");
    assert_eq!(inside.record.schedule, Some(Schedule::at(at(7))));
    assert!(inside.record.fence > before.record.fence);
    let removed = t.store.remove_in(caller, &[id("x"), id("b")]).await;
    assert_eq!(removed.expect("removing works"), [false, true]);
    assert_eq!(t.store.get_in(caller, &id("b")).await.expect("getting works"), None);
    transaction.commit().await;
    assert_eq!(t.stored("a").await, inside);
    assert_eq!(t.find("b").await, None);
}

pub async fn an_outdated_revision_is_a_conflict<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.update("a", to(6)).await;
    let before = t.stored("a").await;
    let wrong = [
        ("a", Revision::FIRST, StoreErrorKind::Conflict),
        ("x", Revision::FIRST, StoreErrorKind::NotFound),
    ];
    for (name, revision, kind) in wrong {
        // Each in its own transaction, since a transaction may be unusable after an error.
        let mut transaction = t.begin().await;
        let late = t.store.update_in(&mut transaction.caller(), &id(name), revision, to(7)).await;
        assert_eq!(late.expect_err("it can't be updated").kind(), kind);
        transaction.roll_back().await;
    }
    assert_eq!(t.stored("a").await, before);
}

pub async fn existing_metadata_is_not_replaced<F: StoreFixture>(t: &CaseContext<F>) {
    t.set_metadata("old", "1").await;
    let mut transaction = t.begin().await;
    for (key, value) in [("old", "2"), ("new", "3"), ("new", "4")] {
        let set = t.store.add_metadata_in(&mut transaction.caller(), key, value).await;
        set.expect("setting a value works");
    }
    transaction.commit().await;
    let all = [("new", "3"), ("old", "1")];
    assert_eq!(t.metadata().await, all.map(|(key, value)| (key.into(), value.into())));
}

pub async fn a_transaction_of_another_type_is_invalid<F: StoreFixture>(t: &CaseContext<F>) {
    fn is_invalid<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
        let error = result.expect_err("it is not a transaction of this database");
        assert!(error.to_string().contains("String"), "the message names the type: {error}");
        error.kind() == StoreErrorKind::Invalid
    }
    let mut text = String::new();
    let other = &mut CallerTransaction::on(&mut text);
    assert!(is_invalid(t.store.add_in(other, vec![due("a", at(0))]).await));
    assert!(is_invalid(t.store.get_in(other, &id("a")).await));
    let update = t.store.update_in(other, &id("a"), Revision::FIRST, to(1)).await;
    assert!(is_invalid(update));
    assert!(is_invalid(t.store.remove_in(other, &[id("a")]).await));
    assert!(is_invalid(t.store.add_metadata_in(other, "key", "value").await));
    assert_eq!(t.list().await, [""; 0]);
}
