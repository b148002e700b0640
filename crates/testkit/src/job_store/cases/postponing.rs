//! Claims that are given back, and jobs that are due sooner.

use punctual_core::{Commit, CommitAction, CommitOutcome, JobRecord, Schedule, StoredJob};

use crate::job_store::kit::{LEASE, advance, at, due, id, paused, postpone, with_schedule};
use crate::job_store::{StoreFixture, Trial};

use CommitOutcome::{Done, Stale};

fn hasten(seconds: i64) -> CommitAction {
    CommitAction::BringForward { due_at: at(seconds) }
}

pub async fn postponing_moves_only_the_due_instant<F: StoreFixture>(t: &Trial<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(1) }))]).await;
    let before = t.stored("a").await;
    let claim = t.claim_one(at(1)).await;
    assert_eq!(t.commit_one("a", claim.fence, postpone(at(7))).await, Done);
    let schedule = Some(Schedule { next_run_time: at(0), due_at: at(7) });
    let record = JobRecord { schedule, claims: 0, ..claim };
    assert_eq!(t.stored("a").await, StoredJob { record, ..before });
    assert_eq!(t.claim(at(6)).await, []);
    assert_eq!(t.claim_one(at(7)).await.schedule, schedule);
}

pub async fn a_postponed_claim_is_not_counted<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    // Two that nobody settled.
    t.claim_one(at(0)).await;
    assert_eq!(t.claim_one(at(100)).await.claims, 2);
    for seconds in [200, 300, 400] {
        let claim = t.claim_one(at(seconds)).await;
        assert_eq!(claim.claims, 3);
        assert_eq!(t.commit_one("a", claim.fence, postpone(at(seconds + 50))).await, Done);
        assert_eq!(t.get("a").await.claims, 2);
    }
}

pub async fn postponing_is_not_to_before_its_time<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(5))]).await;
    let claim = t.claim_one(at(9)).await;
    assert_eq!(t.commit_one("a", claim.fence, postpone(at(1))).await, Done);
    assert_eq!(t.get("a").await.schedule, Some(Schedule::at(at(5))));
    assert_eq!(t.next_wakeup().await, Some(at(5)));
}

pub async fn hastening_makes_due_what_would_be_due_later<F: StoreFixture>(t: &Trial<F>) {
    let of = |due_at| Some(Schedule { next_run_time: at(10), due_at: at(due_at) });
    t.add([with_schedule("a", of(100))]).await;
    let before = t.stored("a").await;
    let fence = before.record.fence;
    for (asked, expected) in [(120, 100), (100, 100), (50, 50), (70, 50), (3, 10), (2, 10)] {
        assert_eq!(t.commit_one("a", fence, hasten(asked)).await, Done);
        let record = JobRecord { schedule: of(expected), ..before.record.clone() };
        assert_eq!(t.stored("a").await, StoredJob { record, ..before.clone() }, "to {asked}");
        assert_eq!(t.next_wakeup().await, Some(at(expected)));
    }
    assert_eq!(t.claim_one(at(10)).await.claims, 1);
}

pub async fn hastening_leaves_a_claim_as_it_is<F: StoreFixture>(t: &Trial<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(9) }))]).await;
    let claim = t.claim_one(at(9)).await;
    let claimed = t.stored("a").await;
    assert_eq!(t.commit_one("a", claim.fence, hasten(1)).await, Done);
    assert_eq!(t.stored("a").await, claimed);
    assert_eq!(t.next_wakeup().await, Some(at(9).saturating_add(LEASE)));
    assert_eq!(t.commit_one("a", claim.fence, advance(at(99), 1)).await, Done);
}

pub async fn hastening_needs_the_fence_of_the_record<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), paused("p")]).await;
    let unclaimed = t.get("a").await.fence;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, postpone(at(90))).await, Done);
    let before = t.stored("a").await;
    for fence in [unclaimed, claim.fence.next()] {
        assert_eq!(t.commit_one("a", fence, hasten(5)).await, Stale);
        assert_eq!(t.stored("a").await, before);
    }
    assert_eq!(t.commit_one("a", claim.fence, hasten(5)).await, Done);
    assert_eq!(t.next_wakeup().await, Some(at(5)));

    let paused = t.stored("p").await;
    assert_eq!(t.commit_one("p", paused.record.fence, hasten(5)).await, Done);
    assert_eq!(t.stored("p").await, paused, "it gets no schedule");
    let nowhere = Commit { id: id("x"), fence: claim.fence, action: hasten(5) };
    assert_eq!(t.commit([nowhere]).await, [Stale]);
}
