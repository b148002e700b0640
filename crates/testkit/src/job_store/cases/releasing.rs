//! Claims of nodes that die before they have settled them.

use punctual_core::{
    Claim, CommitOutcome, JobRecord, NewRecord, Schedule, StoredJob, TakeOver, TaskFilter,
};

use crate::job_store::kit::{
    LEASE, advance, at, due, finish, node, only, postpone, run, task, with_schedule,
};
use crate::job_store::{StoreFixture, Trial};

use CommitOutcome::{Done, Stale};

fn released(number: usize) -> TakeOver {
    let mut taken = TakeOver::default();
    taken.released = number;
    taken
}

pub async fn claims_of_the_dead_are_released<F: StoreFixture>(t: &Trial<F>) {
    let schedule = Schedule { next_run_time: at(0), due_at: at(3) };
    t.add([with_schedule("a", Some(schedule))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(99)).await;
    let claim = t.claim_one_for("n", at(5)).await;
    let before = t.stored("a").await;
    assert_eq!(t.take_over_all("m", at(9), &TaskFilter::Any).await, released(0), "it is alive");
    assert_eq!(t.stored("a").await, before);
    assert_eq!(t.take_over_all("m", at(10), &TaskFilter::Any).await, released(1));
    let after = t.stored("a").await;
    assert!(after.record.fence > claim.fence);
    let record = JobRecord { fence: after.record.fence, ..before.record };
    let expected =
        StoredJob { record, claim: None, last_unsettled_fence: claim.fence, runs: vec![] };
    assert_eq!(after, expected, "due as before, and the claim still counts");
    assert_eq!(t.next_wakeup().await, Some(at(3)), "long before the claim would have expired");
    assert_eq!(t.take_over_all("m", at(10), &TaskFilter::Any).await, released(0), "once");
    assert_eq!(t.claim_one_for("m", at(10)).await.claims, 2);
}

pub async fn a_late_commit_of_the_dead_is_stale<F: StoreFixture>(t: &Trial<F>) {
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

pub async fn a_node_that_lost_a_claim_is_told<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(99)).await;
    t.claim_one_for("n", at(0)).await;
    assert_eq!(t.take_over_all("m", at(10), &TaskFilter::Any).await, released(1));
    // It was sent before the lease ended.
    assert!(t.renew("n", at(9), at(19)).await.expired);
    assert!(!t.renew("n", at(10), at(20)).await.expired, "it is alive again");
}

pub async fn renewing_tells_whether_the_dead_hold_claims<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    t.claim_one_for("n", at(5)).await;
    assert!(!t.renew("m", at(9), at(99)).await.has_orphans, "its node is alive");
    assert!(t.renew("m", at(10), at(99)).await.has_orphans);
    assert!(t.renew_for("m", at(11), at(99), &only(&["work"])).await.has_orphans);
    assert!(!t.renew_for("m", at(11), at(99), &only(&["other"])).await.has_orphans, "not its task");
    assert!(!t.renew("n", at(12), at(13)).await.has_orphans, "its own are none");
    assert_eq!(t.take_over_all("m", at(13), &TaskFilter::Any).await, released(1));
    assert!(!t.renew("m", at(14), at(99)).await.has_orphans);
    // Settled ones are none either.
    let claim = t.claim_one_for("unknown", at(14)).await;
    assert!(t.renew("m", at(15), at(99)).await.has_orphans, "nobody knows its node");
    assert_eq!(t.commit_one("a", claim.fence, advance(at(500), 1)).await, Done);
    assert!(!t.renew("m", at(16), at(99)).await.has_orphans);
}

pub async fn a_claim_holds_while_its_node_lives<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(99)).await;
    t.claim_one_for("n", at(0)).await;
    let until = at(0).saturating_add(LEASE);
    assert_eq!(t.take_over_all("m", at(1), &TaskFilter::Any).await, released(0));
    assert_eq!(t.stored("a").await.claim, Some(Claim { node: node("n"), until }));
    // A lease that has expired is no death.
    assert_eq!(t.claim_one_for("m", until).await.claims, 2);
}

pub async fn a_claim_is_released_for_the_node_that_comes_back<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(10)).await;
    let old = t.claim_one_for("n", at(0)).await;
    // It has started again, under its name, before it renews.
    assert_eq!(t.take_over_all("n", at(11), &TaskFilter::Any).await, released(1));
    t.renew("n", at(11), at(21)).await;
    assert_eq!(t.commit_one("a", old.fence, finish()).await, Stale);
    assert_eq!(t.claim_one_for("n", at(11)).await.claims, 2);
}

pub async fn what_kills_its_nodes_is_counted<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("m", at(0), at(99)).await;
    for number in 1..5 {
        let claim = t.claim_one_for(&format!("node-{number}"), at(0)).await;
        assert_eq!(claim.claims, number);
        assert_eq!(t.take_over_all("m", at(1), &TaskFilter::Any).await, released(1));
    }
}

pub async fn only_so_many_are_released<F: StoreFixture>(t: &Trial<F>) {
    t.add((0..5).map(|n| due(&n.to_string(), at(n))).collect::<Vec<_>>()).await;
    t.renew("m", at(0), at(99)).await;
    t.claim(at(9)).await;
    let (mut all, mut calls) = (0, 0);
    loop {
        let some = t.take_over_some(&node("m"), at(9), 2, &only(&["work"])).await;
        assert!(some.released <= 2, "{}", some.released);
        all += some.released;
        calls += 1;
        if !some.has_more {
            break;
        }
        assert!(calls < 100, "more is left, says the store, but it is not");
    }
    assert_eq!(all, 5, "nothing is left, says the store, but it is");
    assert_eq!(t.claim(at(9)).await.len(), 5);
}

pub async fn the_filter_leaves_others_their_claims<F: StoreFixture>(t: &Trial<F>) {
    t.add([NewRecord { task: task("x"), ..due("a", at(0)) }, due("b", at(1))]).await;
    t.renew("m", at(0), at(99)).await;
    t.claim(at(1)).await;
    assert_eq!(t.take_over_all("m", at(2), &only(&["y"])).await, released(0));
    let before = t.stored("b").await;
    assert_eq!(t.take_over_all("m", at(2), &only(&["x", "y"])).await, released(1));
    assert_eq!(t.stored("a").await.claim, None);
    assert_eq!(t.stored("b").await, before);
}

pub async fn runs_and_claims_of_one_job_are_both_taken<F: StoreFixture>(t: &Trial<F>) {
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
