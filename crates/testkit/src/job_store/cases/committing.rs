//! Commits: every action, old fences, and the order within a batch.

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Fence, JobRecord, RunId, Schedule, Timestamp,
};

use crate::job_store::kit::{LEASE, at, due, id, paused, run, with_schedule};
use crate::job_store::{StoreFixture, Trial};

use CommitOutcome::{Done, Removed, Stale};

fn advance(to: Timestamp, fire_count: u64) -> CommitAction {
    CommitAction::Advance { schedule: Schedule::at(to), fire_count, start: vec![] }
}

fn finish() -> CommitAction {
    CommitAction::Finish { start: vec![] }
}

fn commit(name: &str, fence: Fence, action: CommitAction) -> Commit {
    Commit { id: id(name), fence, action }
}

pub async fn advancing_gives_the_next_schedule<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    let schedule = Schedule { next_run_time: at(10), due_at: at(12) };
    let action = CommitAction::Advance { schedule, fire_count: 4, start: vec![] };
    assert_eq!(t.commit_one("a", claim.fence, action).await, Done);
    let job = t.get("a").await;
    assert_eq!(job, JobRecord { schedule: Some(schedule), fire_count: 4, ..claim });
    assert_eq!(t.claim(at(11)).await, []);
    assert_eq!(t.claim_one(at(12)).await.schedule, Some(schedule));
}

pub async fn advancing_records_the_runs_that_start<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(99))]).await;
    let claim = t.claim_one(at(0)).await;
    let start = vec![run(9, "n"), run(2, "n"), run(u128::MAX, "m")];
    let action = CommitAction::Advance { schedule: Schedule::at(at(10)), fire_count: 3, start };
    assert_eq!(t.commit_one("a", claim.fence, action).await, Done);
    assert_eq!(t.get("a").await.in_flight, 3);
    let by_id = [run(2, "n"), run(9, "n"), run(u128::MAX, "m")];
    assert_eq!(t.in_flight("a").await, by_id, "all of it, in the order of their ids");
    assert_eq!((t.get("b").await.in_flight, t.in_flight("b").await), (0, vec![]));
    assert_eq!(t.claim_one(at(10)).await.in_flight, 3, "a claim tells of them too");
}

pub async fn finishing_removes_a_job_without_runs<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(9))]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Removed);
    assert_eq!(t.list().await, ["b"]);
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Stale, "the second time");
}

pub async fn a_finished_job_leaves_with_its_last_run<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let claim = t.claim_one(at(0)).await;
    let finish = CommitAction::Finish { start: vec![run(2, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, finish).await, Done);
    let job = t.get("a").await;
    assert_eq!((job.finished, job.schedule, job.in_flight), (true, None, 2));
    assert_eq!(job.fire_count, claim.fire_count);
    assert_eq!((t.next_wakeup().await, t.claim(at(999)).await), (None, vec![]));

    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(t.get("a").await.in_flight, 1);
    assert_eq!(t.clear("a", 2, Fence(1)).await, Removed);
    assert_eq!(t.find("a").await, None);
}

pub async fn an_earlier_run_keeps_a_finished_job<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Done);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Removed);
}

pub async fn postponing_moves_only_the_due_instant<F: StoreFixture>(t: &Trial<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(1) }))]).await;
    let claim = t.claim_one(at(1)).await;
    let postpone = CommitAction::Postpone { due_at: at(7) };
    assert_eq!(t.commit_one("a", claim.fence, postpone).await, Done);
    let schedule = Schedule { next_run_time: at(0), due_at: at(7) };
    assert_eq!(t.get("a").await, JobRecord { schedule: Some(schedule), ..claim });
    assert_eq!(t.claim(at(6)).await, []);
    assert_eq!(t.claim_one(at(7)).await.schedule, Some(schedule));
}

pub async fn postponing_gives_no_schedule_to_a_job_without<F: StoreFixture>(t: &Trial<F>) {
    t.add([paused("a")]).await;
    let job = t.get("a").await;
    let postpone = CommitAction::Postpone { due_at: at(7) };
    assert_eq!(t.commit_one("a", job.fence, postpone).await, Done);
    assert_eq!(t.get("a").await, job);
    assert_eq!(t.next_wakeup().await, None);
}

pub async fn starting_leaves_schedule_and_count<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), paused("p")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, advance(at(50), 3)).await, Done);
    for name in ["a", "p"] {
        let before = t.get(name).await;
        t.start_runs(name, [run(1, "n")]).await;
        let after = t.get(name).await;
        assert_eq!(after, JobRecord { in_flight: 1, fence: after.fence, ..before });
        assert_eq!(t.in_flight(name).await, [run(1, "n")], "with the fence that it named");
    }
    assert_eq!(t.claim_one(at(50)).await.id, id("a"));
}

pub async fn starting_raises_the_fence_and_ends_a_claim<F: StoreFixture>(t: &Trial<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(3) }))]).await;
    let claim = t.claim_one(at(3)).await;
    let start = |number| CommitAction::Start { runs: vec![run(number, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, start(1)).await, Done);
    let job = t.get("a").await;
    assert!(job.fence > claim.fence);
    assert_eq!(job.schedule, Some(Schedule::at(at(0))), "it is due at its run time again");
    assert_eq!(t.commit_one("a", claim.fence, start(1)).await, Stale, "the second time");
    assert_eq!(t.commit_one("a", claim.fence, start(2)).await, Stale);
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Stale, "the claim is over");
    assert_eq!(t.get("a").await, job);
    let again = t.claim_one(at(0)).await;
    assert!(again.fence > job.fence);
    assert_eq!(again.in_flight, 1, "who claims now knows of the run");
}

pub async fn clearing_forgets_one_run<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(1))]).await;
    t.start_runs("a", [run(1, "n"), run(2, "n")]).await;
    t.start_runs("b", [run(1, "n")]).await;
    let before = t.get("a").await;
    assert_eq!(t.clear("a", 1, Fence(2)).await, Stale, "the run has another fence");
    assert_eq!(t.clear("a", 3, Fence(1)).await, Stale, "there is no such run");
    assert_eq!(t.clear("c", 1, Fence(1)).await, Stale, "there is no such job");
    assert_eq!(t.get("a").await, before);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Stale, "it is gone");
    assert_eq!(t.get("a").await, JobRecord { in_flight: 1, ..before });
    assert_eq!(t.in_flight("a").await, [run(2, "n")]);
    assert_eq!(t.in_flight("b").await, [run(1, "n")], "another job's run of the same number");
}

pub async fn clearing_needs_no_claim<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(t.commit_one("a", claim.fence, advance(at(5), 1)).await, Done, "nor ends one");
}

pub async fn an_old_fence_changes_nothing<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let unclaimed = t.get("a").await.fence;
    let first = t.claim_one(at(0)).await.fence;
    let second = t.claim_one(at(0).saturating_add(LEASE)).await.fence;
    let before = t.get("a").await;
    let actions = [
        advance(at(500), 9),
        finish(),
        CommitAction::Finish { start: vec![run(1, "n")] },
        CommitAction::Postpone { due_at: at(500) },
        CommitAction::Start { runs: vec![run(1, "n")] },
    ];
    for fence in [unclaimed, first, second.next()] {
        for action in &actions {
            assert_eq!(t.commit_one("a", fence, action.clone()).await, Stale, "{action:?}");
            assert_eq!(t.get("a").await, before);
        }
    }
    assert_eq!(t.in_flight("a").await, []);
    assert_eq!(t.commit_one("a", second, advance(at(500), 1)).await, Done);
}

pub async fn a_removed_job_can_not_be_committed<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    t.remove("a").await;
    let start = vec![run(1, "n")];
    for action in [advance(at(5), 1), finish(), CommitAction::Start { runs: start }] {
        assert_eq!(t.commit_one("a", fence, action).await, Stale);
    }
    assert_eq!((t.find("a").await, t.in_flight("a").await), (None, vec![]));
}

pub async fn a_lapsed_lease_still_commits_if_nobody_came<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    assert_eq!(t.next_wakeup().await, Some(at(0).saturating_add(LEASE)));
    assert_eq!(t.commit_one("a", fence, advance(at(999), 1)).await, Done);
}

pub async fn a_batch_is_answered_in_its_order<F: StoreFixture>(t: &Trial<F>) {
    t.add(["a", "b", "c", "d", "e"].map(|name| due(name, at(0)))).await;
    t.start_runs("e", [run(1, "n")]).await;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let clear = CommitAction::ClearRun { run_id: RunId::from_u128(1) };
    let batch = [
        commit("d", fence("d"), finish()),
        commit("a", Fence(fence("a").0 - 1), advance(at(5), 1)),
        commit("e", Fence(1), clear),
        commit("b", fence("b"), CommitAction::Postpone { due_at: at(7) }),
        commit("x", Fence(1), finish()),
        commit("c", fence("c"), advance(at(6), 1)),
    ];
    assert_eq!(t.commit(batch).await, [Removed, Stale, Done, Done, Stale, Done]);
    assert_eq!(t.next_wakeup().await, Some(at(6)), "one stale commit doesn't stop the others");
    assert_eq!(t.list().await, ["a", "b", "e", "c"]);
}

pub async fn commits_for_one_job_are_carried_out_in_order<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0)), due("b", at(0)), due("c", at(0))]).await;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let start = vec![run(1, "n"), run(2, "n")];
    let schedule = Schedule::at(at(10));
    let clear = |number| CommitAction::ClearRun { run_id: RunId::from_u128(number) };
    let batch = [
        commit("a", fence("a"), advance(at(10), 1)),
        commit("b", fence("b"), CommitAction::Advance { schedule, fire_count: 1, start }),
        commit("c", fence("c"), CommitAction::Start { runs: vec![run(1, "n")] }),
        commit("a", fence("a"), advance(at(20), 2)),
        commit("c", fence("c"), finish()),
        commit("b", fence("b"), finish()),
        commit("b", Fence(1), clear(1)),
        commit("a", fence("a"), CommitAction::Postpone { due_at: at(25) }),
        commit("b", Fence(1), clear(2)),
        commit("b", Fence(1), clear(2)),
        commit("b", fence("b"), finish()),
    ];
    let expected = [Done, Done, Done, Done, Stale, Done, Done, Done, Removed, Stale, Stale];
    assert_eq!(t.commit(batch).await, expected);
    let job = t.get("a").await;
    let schedule = Schedule { next_run_time: at(20), due_at: at(25) };
    assert_eq!((job.schedule, job.fire_count), (Some(schedule), 2));
    assert_eq!(t.find("b").await, None);
    assert_eq!(t.in_flight("c").await, [run(1, "n")]);
}

pub async fn a_repeated_batch_has_the_same_outcome<F: StoreFixture>(t: &Trial<F>) {
    t.add(["a", "b", "c", "d"].map(|name| due(name, at(0)))).await;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let schedule = Schedule::at(at(10));
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![run(1, "n")] };
    let batch = [
        commit("a", fence("a"), advance),
        commit("b", fence("b"), CommitAction::Finish { start: vec![run(2, "n")] }),
        commit("c", fence("c"), CommitAction::Postpone { due_at: at(9) }),
        commit("d", fence("d"), finish()),
    ];
    assert_eq!(t.commit(batch.clone()).await, [Done, Done, Done, Removed]);
    let after = [t.get("a").await, t.get("b").await, t.get("c").await];
    assert_eq!(t.commit(batch).await, [Done, Done, Done, Stale]);
    assert_eq!([t.get("a").await, t.get("b").await, t.get("c").await], after);
    assert_eq!(t.in_flight("a").await, [run(1, "n")]);
}

pub async fn a_recorded_run_stays_as_it_is<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let mut again = run(1, "m");
    again.attempt = 7;
    t.start_runs("a", [again, run(2, "m")]).await;
    assert_eq!(t.in_flight("a").await, [run(1, "n"), run(2, "m")]);
    assert_eq!(t.get("a").await.in_flight, 2);
}

pub async fn advancing_a_finished_job_brings_it_back<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    t.commit_one("a", fence, CommitAction::Finish { start: vec![run(1, "n")] }).await;
    assert_eq!(t.commit_one("a", fence, advance(at(5), 1)).await, Done);
    assert!(!t.get("a").await.finished);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(t.next_wakeup().await, Some(at(5)));
}

pub async fn a_large_batch_is_carried_out_whole<F: StoreFixture>(t: &Trial<F>) {
    t.add((0..2_500).map(|n| due(&format!("{n:04}"), at(0))).collect::<Vec<_>>()).await;
    let claims = t.claim(at(0)).await;
    assert_eq!(claims.len(), 2_500);
    let actions = claims.iter().enumerate().map(|(n, job)| {
        let action = if n % 2 == 0 { advance(at(60), 1) } else { finish() };
        Commit { id: job.id.clone(), fence: job.fence, action }
    });
    let outcomes = t.commit(actions.collect::<Vec<_>>()).await;
    let expected: Vec<_> = (0..2_500).map(|n| if n % 2 == 0 { Done } else { Removed }).collect();
    assert_eq!(outcomes, expected);
    assert_eq!(t.list().await.len(), 1_250);
    assert_eq!(t.next_wakeup().await, Some(at(60)));
}
