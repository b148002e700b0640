//! Leases of nodes, and the take-over of the runs of expired nodes.

use std::collections::BTreeSet;

use punctual_core::{
    CommitAction, CommitOutcome, Fence, InFlightRun, JobRecord, NewRecord, OrphanedRun, RunId,
    TakeOver, TakeOverFrom, TaskFilter,
};

use crate::job_store::builders::{at, due, node, only, paused, run, task};
use crate::job_store::{CaseContext, StoreFixture};

/// Two nodes whose leases expire at `at(10)` and `at(20)`, each with a run of job `a`.
async fn two_nodes<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(500))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(20)).await;
    t.start_runs("a", [run(1, "n"), run(2, "m")]).await;
}

fn taken(orphan: &OrphanedRun) -> (u128, u32, Fence) {
    (orphan.run.run_id.as_u128(), orphan.run.attempt, orphan.run.fence)
}

pub async fn renew_returns_whether_the_lease_had_expired<F: StoreFixture>(t: &CaseContext<F>) {
    assert!(!t.renew("n", at(0), at(10)).await.expired, "a new node");
    assert!(!t.renew("n", at(5), at(15)).await.expired, "before the expiry");
    assert!(t.renew("n", at(15), at(25)).await.expired, "at the expiry");
    assert!(t.renew("n", at(99), at(109)).await.expired, "long after the expiry");
    assert!(!t.renew("n", at(100), at(110)).await.expired, "valid again");
    assert!(!t.renew("m", at(100), at(110)).await.expired, "another node");
}

pub async fn renew_returns_whether_runs_are_orphaned<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    assert!(!t.renew("m", at(9), at(20)).await.has_orphans, "all nodes are live");
    assert!(t.renew("m", at(10), at(20)).await.has_orphans, "node n has expired");
    assert!(t.renew("o", at(10), at(20)).await.has_orphans, "for a new node too");
    assert!(
        t.renew("m", at(20), at(40)).await.has_orphans,
        "for a node whose lease had expired too"
    );
    assert!(t.renew_for("m", at(20), at(40), &only(&["work"])).await.has_orphans);
    assert!(
        !t.renew_for("m", at(20), at(40), &only(&["other"])).await.has_orphans,
        "the task is not in the filter"
    );
    assert!(!t.renew("n", at(30), at(31)).await.has_orphans, "the node's own runs don't count");
    t.take_over("m", at(35)).await;
    assert!(!t.renew("m", at(35), at(99)).await.has_orphans, "the runs have been taken over");
    t.start_runs("a", [run(3, "unknown")]).await;
    assert!(t.renew("m", at(36), at(99)).await.has_orphans, "their node is unknown");
    t.remove("a").await;
    assert!(!t.renew("m", at(37), at(99)).await.has_orphans, "their job has been removed");
}

pub async fn runs_of_live_nodes_are_kept<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    assert_eq!(t.take_over("m", at(9)).await, []);
    assert_eq!(t.take_over("n", at(9)).await, [], "nor does a live node take over its own runs");
    assert_eq!(t.in_flight("a").await, [run(1, "n"), run(2, "m")]);
}

pub async fn runs_of_expired_nodes_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    let orphans = t.take_over("m", at(10)).await;
    let moved =
        InFlightRun { node: node("m"), attempt: 2, fence: orphans[0].run.fence, ..run(1, "n") };
    assert!(moved.fence > run(1, "n").fence, "each take-over must raise the fence");
    assert_eq!(orphans, [OrphanedRun::new(t.get("a").await, moved.clone())]);
    assert_eq!(t.in_flight("a").await, [moved, run(2, "m")]);
    assert_eq!(t.take_over("m", at(10)).await, [], "their new owner is live");
}

pub async fn runs_of_unknown_nodes_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(500))]).await;
    t.start_runs("a", [run(1, "unknown")]).await;
    t.renew("m", at(0), at(20)).await;
    assert_eq!(taken(&t.take_over("m", at(0)).await[0]).0, 1);
}

pub async fn commits_of_the_previous_owner_are_stale<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    let orphan = t.take_over("m", at(10)).await.remove(0);
    assert_eq!(t.clear("a", 1, run(1, "n").fence).await, CommitOutcome::Stale);
    assert_eq!(t.get("a").await.in_flight, 2);
    assert_eq!(t.clear("a", 1, orphan.run.fence).await, CommitOutcome::Done);
}

pub async fn a_renewal_after_the_takeover_is_expired<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    assert_eq!(t.take_over("m", at(10)).await.len(), 1);
    // The renewal was sent before the lease expired.
    assert!(t.renew("n", at(9), at(19)).await.expired, "its runs have been taken over");
    assert!(!t.renew("n", at(10), at(20)).await.expired, "the lease is valid again");
    assert!(
        !t.renew("m", at(9), at(19)).await.expired,
        "the lease of the new owner is still valid"
    );
}

pub async fn each_takeover_raises_fence_and_attempt<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(500))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let mut last = Fence(1);
    for attempt in 2..6 {
        // No node renews, so each take-over finds the run.
        let orphans = t.take_over(&format!("node-{attempt}"), at(0)).await;
        let (_, counted, fence) = taken(&orphans[0]);
        assert_eq!(counted, attempt);
        assert!(fence > last);
        last = fence;
    }
}

pub async fn a_lease_in_the_past_is_expired<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    assert!(!t.renew("n", at(3), at(3)).await.expired);
    assert_eq!(t.take_over("m", at(3)).await.len(), 1);
    assert!(!t.renew("m", at(4), at(1)).await.expired);
    assert_eq!(t.take_over("n", at(4)).await.len(), 2);
}

pub async fn a_restarted_node_takes_over_its_own_runs<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    let orphans = t.take_over("n", at(12)).await;
    assert_eq!(orphans.iter().map(taken).collect::<Vec<_>>(), [(1, 2, orphans[0].run.fence)]);
    assert!(t.renew("n", at(12), at(22)).await.expired);
    assert_eq!(
        t.clear("a", 1, Fence(1)).await,
        CommitOutcome::Stale,
        "commits of the earlier process must be stale"
    );
}

pub async fn a_restarted_node_takes_over_only_its_own_runs<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    t.add([due("b", at(0))]).await;
    t.claim_one_for("n", at(0)).await;
    t.add([due("c", at(0))]).await;
    t.claim_one_for("m", at(0)).await;
    let (until, any) = (at(10), &TaskFilter::Any);
    let from = &TakeOverFrom::Caller { until, known: BTreeSet::new() };
    // The other node has expired, but may renew its lease.
    let own = t.take_over_some(&node("n"), from, at(9), usize::MAX, any).await;
    assert_eq!((own.runs.len(), own.released, own.has_more), (1, 1, false));
    let moved = InFlightRun { attempt: 2, fence: own.runs[0].run.fence, ..run(1, "n") };
    assert!(moved.fence > run(1, "n").fence);
    assert_eq!(t.in_flight("a").await, [moved, run(2, "m")]);
    assert_eq!(t.claim_one_for("n", at(1)).await.claims, 2);
    assert!(!t.renew("m", at(6), at(16)).await.expired, "the lease is not revoked");
}

pub async fn a_node_takes_over_its_own_runs_except_those_it_knows<F: StoreFixture>(
    t: &CaseContext<F>,
) {
    t.add([due("a", at(500)), due("b", at(501))]).await;
    t.start_runs("a", (1..=3).map(|number| run(number, "n")).collect::<Vec<_>>()).await;
    t.start_runs("b", [run(4, "n"), run(5, "m")]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(10)).await;
    let id = |number| RunId::from_u128(number);
    let fence = run(1, "n").fence;
    // It has started the first one, and knows an earlier record of the second one. The fifth one is another node's.
    let mut known = BTreeSet::from([(id(1), fence), (id(2), Fence(fence.0 - 1)), (id(5), fence)]);
    let (mut seen, mut calls) = (Vec::new(), 0);
    loop {
        let from = TakeOverFrom::Caller { until: at(10), known: known.clone() };
        let some = t.take_over_some(&node("n"), &from, at(1), 1, &TaskFilter::Any).await;
        assert!(some.runs.len() <= 1, "{some:?}");
        for orphan in &some.runs {
            known.insert((orphan.run.run_id, orphan.run.fence));
            seen.push(taken(orphan));
        }
        calls += 1;
        assert!(calls < 9, "`take_over` keeps returning `has_more`");
        if !some.has_more {
            break;
        }
    }
    seen.sort_unstable();
    assert_eq!(seen.iter().map(|run| (run.0, run.1)).collect::<Vec<_>>(), [(2, 2), (3, 2), (4, 2)]);
    assert_eq!(t.in_flight("a").await[0], run(1, "n"), "a known run does not change");
    assert_eq!(t.clear("a", 1, fence).await, CommitOutcome::Done);
    assert_eq!(t.take_over("m", at(1)).await, [], "other nodes take over nothing meanwhile");
    assert!(!t.renew("n", at(2), at(12)).await.expired, "its lease is as it was");
}

/// It was sent before the last renewal: what the node knows has changed since.
pub async fn a_late_call_takes_over_nothing_of_the_caller<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    t.add([due("b", at(0))]).await;
    t.claim_one_for("n", at(0)).await;
    let any = &TaskFilter::Any;
    let from = |until| TakeOverFrom::Caller { until, known: BTreeSet::new() };
    let mut nothing = TakeOver::default();
    nothing.has_more = true;
    for (until, now, why) in [
        (at(9), at(1), "an earlier lease"),
        (at(11), at(1), "a later one"),
        (at(9), at(25), "an earlier one, and it has expired"),
    ] {
        let taken = t.take_over_some(&node("n"), &from(until), now, usize::MAX, any).await;
        assert_eq!(taken, nothing, "{why}");
    }
    let taken = t.take_over_some(&node("new"), &from(at(10)), at(1), usize::MAX, any).await;
    assert_eq!(taken, nothing, "no lease");
    assert_eq!(t.in_flight("a").await, [run(1, "n"), run(2, "m")]);
    assert_eq!(t.take_over("m", at(11)).await.len(), 1, "its lease has expired");
    t.start_runs("a", [run(3, "n")]).await;
    let taken = t.take_over_some(&node("n"), &from(at(10)), at(11), usize::MAX, any).await;
    assert_eq!(taken, nothing, "its lease was revoked");
}

pub async fn at_most_limit_runs_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(500)), due("b", at(501))]).await;
    t.renew("m", at(0), at(999)).await;
    t.start_runs("a", (1..=3).map(|number| run(number, "n")).collect::<Vec<_>>()).await;
    t.start_runs("b", [run(4, "n")]).await;
    let mut seen = Vec::new();
    for expected in [0, 3, 1, 0] {
        let limit = if expected == 0 { 0 } else { 3 };
        let some = t
            .take_over_some(&node("m"), &TakeOverFrom::ExpiredNodes, at(0), limit, &only(&["work"]))
            .await;
        assert_eq!((some.runs.len(), some.released), (expected, 0));
        seen.extend(some.runs.iter().map(|orphan| taken(orphan).0));
        assert!(some.has_more || seen.len() == 4 || limit == 0, "{} of 4", seen.len());
        assert!(!some.has_more || expected > 0 || limit == 0, "no more runs are left");
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4]);
}

pub async fn only_tasks_in_the_filter_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([NewRecord { task: task("x"), ..paused("a") }, paused("b")]).await;
    t.renew("m", at(0), at(999)).await;
    t.start_runs("a", [run(1, "n")]).await;
    t.start_runs("b", [run(2, "n")]).await;
    let none = t.take_over_all("m", at(0), &only(&["y"])).await;
    assert_eq!(none.runs, []);
    let some = t.take_over_all("m", at(0), &only(&["x", "y"])).await.runs;
    assert_eq!(
        some.iter().map(|orphan| orphan.record.task.clone()).collect::<Vec<_>>(),
        [task("x")]
    );
    assert_eq!(t.in_flight("b").await, [run(2, "n")]);
}

pub async fn runs_of_finished_jobs_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    let finish = CommitAction::Finish { start: vec![run(1, "n")] };
    t.commit_one("a", claim.fence, finish).await;
    let orphan = t.take_over("m", at(0)).await.remove(0);
    assert!(orphan.record.finished);
    assert_eq!(orphan.record.in_flight, 1);
    assert_eq!(t.clear("a", 1, orphan.run.fence).await, CommitOutcome::Removed);
}

pub async fn a_takeover_does_not_change_the_job<F: StoreFixture>(t: &CaseContext<F>) {
    two_nodes(t).await;
    let before: JobRecord = t.get("a").await;
    t.take_over("m", at(10)).await;
    assert_eq!(t.get("a").await, before);
}
