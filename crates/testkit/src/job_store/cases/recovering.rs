//! Nodes that live and die, and who gets the runs of the dead.

use punctual_core::{
    CommitAction, CommitOutcome, Fence, InFlightRun, JobRecord, NewRecord, OrphanedRun,
};

use crate::job_store::kit::{at, due, node, only, paused, run, task};
use crate::job_store::{StoreFixture, Trial};

/// Two nodes that live until `at(10)` and `at(20)`, each with a run of job `a`.
async fn two_nodes<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(500))]).await;
    t.renew("n", at(0), at(10)).await;
    t.renew("m", at(0), at(20)).await;
    t.start_runs("a", [run(1, "n"), run(2, "m")]).await;
}

fn taken(orphan: &OrphanedRun) -> (u128, u32, Fence) {
    (orphan.run.run_id.as_u128(), orphan.run.attempt, orphan.run.fence)
}

pub async fn renewing_tells_whether_the_lease_had_expired<F: StoreFixture>(t: &Trial<F>) {
    assert!(!t.renew("n", at(0), at(10)).await.expired, "a new node");
    assert!(!t.renew("n", at(5), at(15)).await.expired, "in time");
    assert!(t.renew("n", at(15), at(25)).await.expired, "at its end");
    assert!(t.renew("n", at(99), at(109)).await.expired, "long after");
    assert!(!t.renew("n", at(100), at(110)).await.expired, "alive again");
    assert!(!t.renew("m", at(100), at(110)).await.expired, "another node");
}

pub async fn renewing_tells_whether_the_dead_left_runs_behind<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    assert!(!t.renew("m", at(9), at(20)).await.has_orphans, "all are alive");
    assert!(t.renew("m", at(10), at(20)).await.has_orphans, "n is dead");
    assert!(t.renew("o", at(10), at(20)).await.has_orphans, "a new node is told too");
    assert!(t.renew("m", at(20), at(40)).await.has_orphans, "one whose lease had expired too");
    assert!(t.renew_for("m", at(20), at(40), &only(&["work"])).await.has_orphans);
    assert!(!t.renew_for("m", at(20), at(40), &only(&["other"])).await.has_orphans, "not its task");
    assert!(!t.renew("n", at(30), at(31)).await.has_orphans, "its own are none");
    t.take_over("m", at(35)).await;
    assert!(!t.renew("m", at(35), at(99)).await.has_orphans, "they are the caller's now");
    t.start_runs("a", [run(3, "unknown")]).await;
    assert!(t.renew("m", at(36), at(99)).await.has_orphans, "nobody knows their node");
    t.remove("a").await;
    assert!(!t.renew("m", at(37), at(99)).await.has_orphans, "there are none");
}

pub async fn the_living_keep_their_runs<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    assert_eq!(t.take_over("m", at(9)).await, []);
    assert_eq!(t.take_over("n", at(9)).await, [], "nor does a node take its own");
    assert_eq!(t.in_flight("a").await, [run(1, "n"), run(2, "m")]);
}

pub async fn the_dead_lose_their_runs<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    let orphans = t.take_over("m", at(10)).await;
    let moved =
        InFlightRun { node: node("m"), attempt: 2, fence: orphans[0].run.fence, ..run(1, "n") };
    assert!(moved.fence > run(1, "n").fence, "the fence grows with every owner");
    assert_eq!(orphans, [OrphanedRun::new(t.get("a").await, moved.clone())]);
    assert_eq!(t.in_flight("a").await, [moved, run(2, "m")]);
    assert_eq!(t.take_over("m", at(10)).await, [], "they are a living node's now");
}

pub async fn nodes_that_never_renewed_are_dead<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(500))]).await;
    t.start_runs("a", [run(1, "unknown")]).await;
    t.renew("m", at(0), at(20)).await;
    assert_eq!(taken(&t.take_over("m", at(0)).await[0]).0, 1);
}

pub async fn the_old_owner_can_finish_nothing<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    let orphan = t.take_over("m", at(10)).await.remove(0);
    assert_eq!(t.clear("a", 1, run(1, "n").fence).await, CommitOutcome::Stale);
    assert_eq!(t.get("a").await.in_flight, 2);
    assert_eq!(t.clear("a", 1, orphan.run.fence).await, CommitOutcome::Done);
}

pub async fn a_renewal_that_comes_too_late_is_told_so<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    assert_eq!(t.take_over("m", at(10)).await.len(), 1);
    // It was sent before the lease ended.
    assert!(t.renew("n", at(9), at(19)).await.expired, "others have taken its runs");
    assert!(!t.renew("n", at(10), at(20)).await.expired, "it is alive again");
    assert!(!t.renew("m", at(9), at(19)).await.expired, "the heir is as alive as it was");
}

pub async fn each_owner_has_a_larger_fence_and_attempt<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(500))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let mut last = Fence(1);
    for attempt in 2..6 {
        // Nobody renews, so whoever asks gets it.
        let orphans = t.take_over(&format!("node-{attempt}"), at(0)).await;
        let (_, counted, fence) = taken(&orphans[0]);
        assert_eq!(counted, attempt);
        assert!(fence > last);
        last = fence;
    }
}

pub async fn renewing_with_a_past_instant_gives_runs_away<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    assert!(!t.renew("n", at(3), at(3)).await.expired);
    assert_eq!(t.take_over("m", at(3)).await.len(), 1);
    assert!(!t.renew("m", at(4), at(1)).await.expired);
    assert_eq!(t.take_over("n", at(4)).await.len(), 2);
}

pub async fn a_node_gets_hold_of_what_it_left_behind<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    let orphans = t.take_over("n", at(12)).await;
    assert_eq!(orphans.iter().map(taken).collect::<Vec<_>>(), [(1, 2, orphans[0].run.fence)]);
    assert!(t.renew("n", at(12), at(22)).await.expired);
    assert_eq!(
        t.clear("a", 1, Fence(1)).await,
        CommitOutcome::Stale,
        "its former self is fenced off"
    );
}

pub async fn only_so_many_are_taken_over<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(500)), due("b", at(501))]).await;
    t.renew("m", at(0), at(999)).await;
    t.start_runs("a", (1..=3).map(|number| run(number, "n")).collect::<Vec<_>>()).await;
    t.start_runs("b", [run(4, "n")]).await;
    let mut seen = Vec::new();
    for expected in [0, 3, 1, 0] {
        let limit = if expected == 0 { 0 } else { 3 };
        let some = t.take_over_some(&node("m"), at(0), limit, &only(&["work"])).await;
        assert_eq!((some.runs.len(), some.released), (expected, 0));
        seen.extend(some.runs.iter().map(|orphan| taken(orphan).0));
        assert!(some.has_more || seen.len() == 4 || limit == 0, "{} of 4", seen.len());
        assert!(!some.has_more || expected > 0 || limit == 0, "there is nothing more");
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4]);
}

pub async fn the_filter_leaves_others_their_runs<F: StoreFixture>(t: &Trial<F>) {
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

pub async fn runs_of_finished_jobs_are_taken_over_too<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    let finish = CommitAction::Finish { start: vec![run(1, "n")] };
    t.commit_one("a", claim.fence, finish).await;
    let orphan = t.take_over("m", at(0)).await.remove(0);
    assert!(orphan.record.finished);
    assert_eq!(orphan.record.in_flight, 1);
    assert_eq!(t.clear("a", 1, orphan.run.fence).await, CommitOutcome::Removed);
}

pub async fn taking_over_leaves_the_job_as_it_is<F: StoreFixture>(t: &Trial<F>) {
    two_nodes(t).await;
    let before: JobRecord = t.get("a").await;
    t.take_over("m", at(10)).await;
    assert_eq!(t.get("a").await, before);
}
