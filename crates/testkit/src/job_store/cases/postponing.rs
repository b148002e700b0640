//! Postponed claims, and jobs whose `due_at` is brought forward.

use punctual_core::{Commit, CommitAction, CommitOutcome, JobRecord, Schedule, StoredJob};

use crate::job_store::builders::{LEASE, advance, at, due, id, paused, postpone, with_schedule};
use crate::job_store::{CaseContext, StoreFixture};

use CommitOutcome::{Done, Stale};

fn bring_forward(seconds: i64) -> CommitAction {
    CommitAction::BringForward { due_at: at(seconds) }
}

pub async fn postpone_changes_only_due_at<F: StoreFixture>(t: &CaseContext<F>) {
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

pub async fn a_postponed_claim_is_not_counted<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    // Two unsettled claims.
    t.claim_one(at(0)).await;
    assert_eq!(t.claim_one(at(100)).await.claims, 2);
    for seconds in [200, 300, 400] {
        let claim = t.claim_one(at(seconds)).await;
        assert_eq!(claim.claims, 3);
        assert_eq!(t.commit_one("a", claim.fence, postpone(at(seconds + 50))).await, Done);
        assert_eq!(t.get("a").await.claims, 2);
    }
}

pub async fn postpone_is_limited_to_the_run_time<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let claim = t.claim_one(at(9)).await;
    assert_eq!(t.commit_one("a", claim.fence, postpone(at(1))).await, Done);
    assert_eq!(t.get("a").await.schedule, Some(Schedule::at(at(5))));
    assert_eq!(t.next_wakeup().await, Some(at(5)));
}

pub async fn bring_forward_sets_an_earlier_due_at<F: StoreFixture>(t: &CaseContext<F>) {
    let of = |due_at| Some(Schedule { next_run_time: at(10), due_at: at(due_at) });
    t.add([with_schedule("a", of(100))]).await;
    let before = t.stored("a").await;
    let fence = before.record.fence;
    for (requested, expected) in [(120, 100), (100, 100), (50, 50), (70, 50), (3, 10), (2, 10)] {
        assert_eq!(t.commit_one("a", fence, bring_forward(requested)).await, Done);
        let record = JobRecord { schedule: of(expected), ..before.record.clone() };
        assert_eq!(t.stored("a").await, StoredJob { record, ..before.clone() }, "to {requested}");
        assert_eq!(t.next_wakeup().await, Some(at(expected)));
    }
    assert_eq!(t.claim_one(at(10)).await.claims, 1);
}

pub async fn bring_forward_does_not_change_a_claim<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(9) }))]).await;
    let claim = t.claim_one(at(9)).await;
    let claimed = t.stored("a").await;
    assert_eq!(t.commit_one("a", claim.fence, bring_forward(1)).await, Done);
    assert_eq!(t.stored("a").await, claimed);
    assert_eq!(t.next_wakeup().await, Some(at(9).saturating_add(LEASE)));
    assert_eq!(t.commit_one("a", claim.fence, advance(at(99), 1)).await, Done);
}

pub async fn bring_forward_needs_the_fence_of_the_record<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), paused("p")]).await;
    let unclaimed = t.get("a").await.fence;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, postpone(at(90))).await, Done);
    let before = t.stored("a").await;
    for fence in [unclaimed, claim.fence.next()] {
        assert_eq!(t.commit_one("a", fence, bring_forward(5)).await, Stale);
        assert_eq!(t.stored("a").await, before);
    }
    assert_eq!(t.commit_one("a", claim.fence, bring_forward(5)).await, Done);
    assert_eq!(t.next_wakeup().await, Some(at(5)));

    let paused = t.stored("p").await;
    assert_eq!(t.commit_one("p", paused.record.fence, bring_forward(5)).await, Done);
    assert_eq!(t.stored("p").await, paused, "it must not get a schedule");
    let missing = Commit { id: id("x"), fence: claim.fence, action: bring_forward(5) };
    assert_eq!(t.commit([missing]).await, [Stale]);
}
