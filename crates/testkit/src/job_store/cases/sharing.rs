//! Several processes, each with a store of its own on the same jobs.

use punctual_core::{
    CommitAction, CommitOutcome, JobStore, RecordUpdate, Revision, Schedule, StoreErrorKind,
    TaskFilter,
};

use crate::job_store::kit::{LEASE, at, due, id, run};
use crate::job_store::{StoreFixture, Trial};

pub async fn what_one_does_the_other_sees<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    t.add([due("a", at(0))]).await;
    assert_eq!(other.get("a").await, t.get("a").await);
    assert_eq!(other.next_wakeup().await, Some(at(0)));
    other.reschedule("a", Some(Schedule::at(at(7)))).await;
    assert_eq!(t.next_wakeup().await, Some(at(7)));
    let late = t.store.update(&id("a"), Revision::FIRST, RecordUpdate::default()).await;
    assert_eq!(late.expect_err("the other changed it").kind(), StoreErrorKind::Conflict);
    assert!(other.remove("a").await);
    assert_eq!(t.find("a").await, None);
    other.stop().await;
}

pub async fn what_one_sets_the_other_reads<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    t.set_metadata("key", "ours").await;
    other.set_metadata("key", "theirs").await;
    assert_eq!(t.metadata().await, [("key".into(), "theirs".into())]);
    assert_eq!(other.metadata().await, t.metadata().await);
    other.stop().await;
}

pub async fn a_claim_holds_against_the_other<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
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

pub async fn runs_go_from_the_dead_to_the_living<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    t.add([due("a", at(500))]).await;
    t.renew("ours", at(0), at(10)).await;
    other.renew("theirs", at(0), at(100)).await;
    t.start_runs("a", [run(1, "ours")]).await;
    assert_eq!(other.take_over("theirs", at(9)).await, []);
    let orphan = other.take_over("theirs", at(10)).await.remove(0);
    assert!(t.renew("ours", at(11), at(21)).await.expired, "we learn that we were taken for dead");
    assert_eq!(t.clear("a", 1, run(1, "ours").fence).await, CommitOutcome::Stale);
    assert_eq!(other.clear("a", 1, orphan.run.fence).await, CommitOutcome::Done);
    other.stop().await;
}

pub async fn two_that_race_share_the_due_jobs<F: StoreFixture>(t: &Trial<F>) {
    let other = t.another().await;
    t.add((0..300).map(|n| due(&format!("{n:03}"), at(0))).collect::<Vec<_>>()).await;
    let racers = [(*t).clone(), other.clone()].map(|store| {
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claims = store.claim_some(at(1), 5, &TaskFilter::Any).await;
                // The second is for a store that never comes to an end.
                if claims.is_empty() || mine.len() > 300 {
                    return mine;
                }
                mine.extend(claims.into_iter().map(|job| job.id));
            }
        })
    });
    let mut all = Vec::new();
    for racer in racers {
        all.extend(racer.await.expect("no racer fails"));
    }
    assert_eq!(all.len(), 300);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 300, "no job was claimed twice");
    other.stop().await;
}

pub async fn many_start_at_once<F: StoreFixture>(t: &Trial<F>) {
    let mut handles = Vec::new();
    for _ in 0..6 {
        handles.push(t.open().await);
    }
    let starting = handles.into_iter().map(|store| {
        tokio::spawn(async move {
            store.start().await.expect("it starts beside others");
            store.shutdown().await;
        })
    });
    for start in starting.collect::<Vec<_>>() {
        start.await.expect("no start fails");
    }
    t.add([due("a", at(0))]).await;
}
