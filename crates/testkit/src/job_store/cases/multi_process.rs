//! Several stores on the same jobs, as in several processes.

use punctual_core::{
    CommitAction, CommitOutcome, JobStore, RecordUpdate, Revision, Schedule, StoreErrorKind,
    TaskFilter,
};

use crate::job_store::builders::{LEASE, at, due, id, run};
use crate::job_store::{CaseContext, StoreFixture};

pub async fn changes_are_visible_to_the_other_store<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.add([due("a", at(0))]).await;
    assert_eq!(other.get("a").await, t.get("a").await);
    assert_eq!(other.next_wakeup().await, Some(at(0)));
    other.reschedule("a", Some(Schedule::at(at(7)))).await;
    assert_eq!(t.next_wakeup().await, Some(at(7)));
    let late = t.store.update(&id("a"), Revision::FIRST, RecordUpdate::default()).await;
    assert_eq!(
        late.expect_err("the other store has updated the job").kind(),
        StoreErrorKind::Conflict
    );
    assert!(other.remove("a").await);
    assert_eq!(t.find("a").await, None);
    other.stop().await;
}

pub async fn metadata_is_visible_to_the_other_store<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.set_metadata("key", "ours").await;
    other.set_metadata("key", "theirs").await;
    assert_eq!(t.metadata().await, [("key".into(), "theirs".into())]);
    assert_eq!(other.metadata().await, t.metadata().await);
    other.stop().await;
}

pub async fn a_claim_excludes_the_other_store<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.add([due("a", at(0))]).await;
    let ours = t.claim_one(at(0)).await;
    assert_eq!(other.claim(at(1)).await, []);
    let theirs = other.claim_one(at(0).saturating_add(LEASE)).await;
    assert!(theirs.fence > ours.fence);
    let late = CommitAction::Finish { start: vec![] };
    assert_eq!(t.commit_one("a", ours.fence, late.clone()).await, CommitOutcome::Stale);
    assert_eq!(other.commit_one("a", theirs.fence, late).await, CommitOutcome::Removed);
    other.stop().await;
}

pub async fn orphaned_runs_are_taken_over_by_another_store<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.add([due("a", at(500))]).await;
    t.renew("ours", at(0), at(10)).await;
    other.renew("theirs", at(0), at(100)).await;
    t.start_runs("a", [run(1, "ours")]).await;
    assert_eq!(other.take_over("theirs", at(9)).await, []);
    let orphan = other.take_over("theirs", at(10)).await.remove(0);
    assert!(
        t.renew("ours", at(11), at(21)).await.expired,
        "the renewal returns that the lease had expired"
    );
    assert_eq!(t.clear("a", 1, run(1, "ours").fence).await, CommitOutcome::Stale);
    assert_eq!(other.clear("a", 1, orphan.run.fence).await, CommitOutcome::Done);
    other.stop().await;
}

pub async fn concurrent_claims_are_disjoint<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.add((0..300).map(|n| due(&format!("{n:03}"), at(0))).collect::<Vec<_>>()).await;
    let tasks = [(*t).clone(), other.clone()].map(|store| {
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claims = store.claim_some(at(1), 5, &TaskFilter::Any).await;
                // The second condition is for a store that would claim forever.
                if claims.is_empty() || mine.len() > 300 {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|job| job.id));
            }
        })
    });
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("no task panics"));
    }
    assert_eq!(all.len(), 300);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 300, "a job was claimed twice");
    other.stop().await;
}

pub async fn many_stores_can_start_concurrently<F: StoreFixture>(t: &CaseContext<F>) {
    let mut handles = Vec::new();
    for _ in 0..6 {
        handles.push(t.open().await);
    }
    let starting = handles.into_iter().map(|store| {
        tokio::spawn(async move {
            store.start().await.expect("it starts concurrently with others");
            store.shutdown().await;
        })
    });
    for start in starting.collect::<Vec<_>>() {
        start.await.expect("no start fails");
    }
    t.add([due("a", at(0))]).await;
}
