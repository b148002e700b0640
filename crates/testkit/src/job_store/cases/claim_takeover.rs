//! Claims of expired nodes, which other nodes release.

use punctual_core::{
    Claim, CommitOutcome, JobRecord, NewRecord, Schedule, StoredJob, TakeOver, TakeOverFrom,
    TaskFilter,
};

use crate::job_store::builders::{
    LEASE, advance, at, due, finish, node, only, postpone, run, task, with_schedule,
};
use crate::job_store::{CaseContext, StoreFixture};

use CommitOutcome::{Done, Stale};

fn released(number: usize) -> TakeOver {
    let mut taken = TakeOver::default();
    taken.released = number;
    taken
}

pub async fn claims_of_expired_nodes_are_released<F: StoreFixture>(t: &CaseContext<F>) {
    let schedule = Schedule { next_run_time: at(0), due_at: at(3) };
    t.add([with_schedule("a", Some(schedule))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(99)).await;
    let claim = t.claim_one_for("n", at(5)).await;
    let before = t.stored("a").await;
    assert_eq!(
        t.take_over_all("m", at(9), &TaskFilter::Any).await,
        released(0),
        "the node is live"
    );
    assert_eq!(t.stored("a").await, before);
    assert_eq!(t.take_over_all("m", at(10), &TaskFilter::Any).await, released(1));
    let after = t.stored("a").await;
    assert!(after.record.fence > claim.fence);
    let record = JobRecord { fence: after.record.fence, ..before.record };
    let expected =
        StoredJob { record, claim: None, last_unsettled_fence: claim.fence, runs: vec![] };
    assert_eq!(after, expected, "`due_at` and the number of claims must not change");
    assert_eq!(
        t.next_wakeup().await,
        Some(at(3)),
        "the job must be due before the expiry of the claim"
    );
    assert_eq!(
        t.take_over_all("m", at(10), &TaskFilter::Any).await,
        released(0),
        "a claim is released once"
    );
    assert_eq!(t.claim_one_for("m", at(10)).await.claims, 2);
}

pub async fn a_commit_of_a_released_claim_is_stale<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("m", at(0), at(99)).await;
    let claim = t.claim_one_for("n", at(0)).await;
    assert_eq!(t.take_over_all("m", at(1), &TaskFilter::Any).await, released(1));
    let late = async || {
        let before = t.stored("a").await;
        for action in [advance(at(500), 1), finish(), postpone(at(500))] {
            assert_eq!(t.commit_one("a", claim.fence, action).await, Stale);
            assert_eq!(t.stored("a").await, before);
        }
    };
    late().await;
    let next = t.claim_one_for("m", at(1)).await;
    late().await;
    assert_eq!(t.commit_one("a", next.fence, advance(at(500), 1)).await, Done);
    late().await;
}

pub async fn a_renewal_after_the_release_is_expired<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(99)).await;
    t.claim_one_for("n", at(0)).await;
    assert_eq!(t.take_over_all("m", at(10), &TaskFilter::Any).await, released(1));
    // The renewal was sent before the lease expired.
    assert!(t.renew("n", at(9), at(19)).await.expired);
    assert!(!t.renew("n", at(10), at(20)).await.expired, "the lease is valid again");
}

pub async fn renew_returns_whether_claims_are_orphaned<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    t.claim_one_for("n", at(5)).await;
    assert!(!t.renew("m", at(9), at(99)).await.has_orphans, "its node is live");
    assert!(t.renew("m", at(10), at(99)).await.has_orphans);
    assert!(t.renew_for("m", at(11), at(99), &only(&["work"])).await.has_orphans);
    assert!(
        !t.renew_for("m", at(11), at(99), &only(&["other"])).await.has_orphans,
        "the task is not in the filter"
    );
    assert!(!t.renew("n", at(12), at(13)).await.has_orphans, "the node's own claims don't count");
    assert_eq!(t.take_over_all("m", at(13), &TaskFilter::Any).await, released(1));
    assert!(!t.renew("m", at(14), at(99)).await.has_orphans);
    // Settled claims don't count either.
    let claim = t.claim_one_for("unknown", at(14)).await;
    assert!(t.renew("m", at(15), at(99)).await.has_orphans, "its node is unknown");
    assert_eq!(t.commit_one("a", claim.fence, advance(at(500), 1)).await, Done);
    assert!(!t.renew("m", at(16), at(99)).await.has_orphans);
}

pub async fn claims_of_live_nodes_are_kept<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(99)).await;
    t.claim_one_for("n", at(0)).await;
    let until = at(0).saturating_add(LEASE);
    assert_eq!(t.take_over_all("m", at(1), &TaskFilter::Any).await, released(0));
    assert_eq!(t.stored("a").await.claim, Some(Claim { node: node("n"), until }));
    // The expiry of a claim does not expire the node.
    assert_eq!(t.claim_one_for("m", until).await.claims, 2);
}

pub async fn a_restarted_node_releases_its_own_claims<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    let old = t.claim_one_for("n", at(0)).await;
    // The node has restarted with the same id and has not renewed yet.
    assert_eq!(t.take_over_all("n", at(11), &TaskFilter::Any).await, released(1));
    t.renew("n", at(11), at(21)).await;
    assert_eq!(t.commit_one("a", old.fence, finish()).await, Stale);
    assert_eq!(t.claim_one_for("n", at(11)).await.claims, 2);
}

pub async fn released_claims_are_counted<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("m", at(0), at(99)).await;
    for number in 1..5 {
        let claim = t.claim_one_for(&format!("node-{number}"), at(0)).await;
        assert_eq!(claim.claims, number);
        assert_eq!(t.take_over_all("m", at(1), &TaskFilter::Any).await, released(1));
    }
}

pub async fn at_most_limit_claims_are_released<F: StoreFixture>(t: &CaseContext<F>) {
    t.add((0..5).map(|n| due(&n.to_string(), at(n))).collect::<Vec<_>>()).await;
    t.renew("m", at(0), at(99)).await;
    t.claim(at(9)).await;
    let (mut all, mut calls) = (0, 0);
    loop {
        let some = t
            .take_over_some(&node("m"), &TakeOverFrom::ExpiredNodes, at(9), 2, &only(&["work"]))
            .await;
        assert!(some.released <= 2, "{}", some.released);
        all += some.released;
        calls += 1;
        if !some.has_more {
            break;
        }
        assert!(calls < 100, "take_over keeps returning `has_more`");
    }
    assert_eq!(all, 5, "take_over returned `has_more: false` before all claims were released");
    assert_eq!(t.claim(at(9)).await.len(), 5);
}

pub async fn only_tasks_in_the_filter_are_released<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([NewRecord { task: task("x"), ..due("a", at(0)) }, due("b", at(1))]).await;
    t.renew("m", at(0), at(99)).await;
    t.claim(at(1)).await;
    assert_eq!(t.take_over_all("m", at(2), &only(&["y"])).await, released(0));
    let before = t.stored("b").await;
    assert_eq!(t.take_over_all("m", at(2), &only(&["x", "y"])).await, released(1));
    assert_eq!(t.stored("a").await.claim, None);
    assert_eq!(t.stored("b").await, before);
}

pub async fn runs_and_claims_of_one_job_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(1))]).await;
    t.renew("m", at(0), at(99)).await;
    t.start_runs("a", [run(1, "n"), run(2, "m")]).await;
    let claim = t.claim_one_for("n", at(0)).await;
    let taken = t.take_over_all("m", at(0), &TaskFilter::Any).await;
    assert_eq!((taken.runs.len(), taken.released), (1, 1));
    assert_eq!((taken.runs[0].run.attempt, &taken.runs[0].run.node), (2, &node("m")));
    let job = t.stored("a").await;
    assert_eq!((job.claim.clone(), job.last_unsettled_fence), (None, claim.fence));
    assert_eq!(job.runs, [taken.runs[0].run.clone(), run(2, "m")]);
    assert_eq!(t.claim_one_for("m", at(0)).await.in_flight, 2);
}
