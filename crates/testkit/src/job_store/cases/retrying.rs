//! Runs that are retried by their owner.

use punctual_core::{CommitAction, CommitOutcome, Fence, InFlightRun, StoredJob};

use crate::job_store::builders::{at, commit, due, node, paused, run};
use crate::job_store::{CaseContext, StoreFixture};

use CommitOutcome::{Done, Stale};

fn retry(run: InFlightRun) -> CommitAction {
    CommitAction::RetryRun { run }
}

/// The next attempt of [`run`]`(number, "n")`.
fn again(number: u128) -> InFlightRun {
    InFlightRun { attempt: 2, fence: Fence(2), ..run(number, "n") }
}

pub async fn a_retry_records_the_next_attempt<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(50)), due("b", at(50))]).await;
    t.start_runs("a", [run(1, "n"), run(2, "n")]).await;
    t.start_runs("b", [run(1, "n")]).await;
    let before = t.stored("a").await;
    let other = t.stored("b").await;
    let moved = InFlightRun { scheduled_time: at(7), node: node("m"), ..again(1) };
    assert_eq!(t.commit_one("a", Fence(1), retry(moved.clone())).await, Done);
    let runs = vec![moved, run(2, "n")];
    assert_eq!(t.stored("a").await, StoredJob { runs, ..before }, "only the run is changed");
    assert_eq!(t.stored("b").await, other, "another job's run of the same number");
    assert_eq!(t.clear("a", 1, Fence(1)).await, Stale, "the run has another fence");
    assert_eq!(t.clear("a", 1, Fence(2)).await, Done);
}

pub async fn a_retry_can_be_repeated_while_it_is_recorded<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([paused("a")]).await;
    t.start_runs("a", [run(1, "n")]).await;
    assert_eq!(t.commit_one("a", Fence(1), retry(again(1))).await, Done);
    let after = t.stored("a").await;
    assert_eq!(t.commit_one("a", Fence(1), retry(again(1))).await, Done, "a repeat");
    let other = InFlightRun { scheduled_time: at(9), ..again(1) };
    assert_eq!(
        t.commit_one("a", Fence(1), retry(other)).await,
        Stale,
        "a different attempt is not a repeat"
    );
    assert_eq!(t.stored("a").await, after);
    let third = InFlightRun { attempt: 3, fence: Fence(3), ..run(1, "n") };
    assert_eq!(t.commit_one("a", Fence(2), retry(third.clone())).await, Done);
    assert_eq!(t.commit_one("a", Fence(1), retry(again(1))).await, Stale, "a delayed repeat");
    assert_eq!(t.in_flight("a").await, [third]);
    assert_eq!(t.clear("a", 1, Fence(3)).await, Done);
    assert_eq!(
        t.commit_one("a", Fence(1), retry(again(1))).await,
        Stale,
        "the run has been removed"
    );
    assert_eq!(t.in_flight("a").await, []);
}

pub async fn a_retry_needs_the_fence_of_its_run<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([paused("a")]).await;
    t.start_runs("a", [InFlightRun { fence: Fence(5), ..run(1, "n") }]).await;
    let before = t.stored("a").await;
    let with = |fence| retry(InFlightRun { fence: Fence(fence), ..again(1) });
    let batch = [
        commit("a", Fence(4), with(6)),
        commit("a", Fence(6), with(7)),
        // The new fence must be larger than the current one.
        commit("a", Fence(5), with(5)),
        commit("a", Fence(5), with(4)),
        commit("a", Fence(5), retry(again(2))),
        commit("x", Fence(5), with(6)),
    ];
    assert_eq!(t.commit(batch).await, [Stale; 6]);
    assert_eq!(t.stored("a").await, before);
}

pub async fn a_retry_by_the_previous_owner_is_stale<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([paused("a")]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let orphan = t.take_over("m", at(0)).await.remove(0);
    assert_eq!(t.commit_one("a", Fence(1), retry(again(1))).await, Stale);
    assert_eq!(t.in_flight("a").await, [orphan.run]);
}
