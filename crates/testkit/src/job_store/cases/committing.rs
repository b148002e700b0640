//! Commits: all actions, outdated fences, and the order within a batch.

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Fence, JobRecord, JobStore, RecordUpdate, Schedule,
    TaskFilter,
};

use crate::job_store::builders::{
    LEASE, advance, at, clear, commit, due, finish, id, paused, postpone, run, with_schedule,
};
use crate::job_store::{CaseContext, StoreFixture};

use CommitOutcome::{Done, Removed, Stale};

pub async fn advance_sets_the_next_schedule<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let claim = t.claim_one(at(0)).await;
    let schedule = Schedule { next_run_time: at(10), due_at: at(12) };
    let action = CommitAction::Advance { schedule, fire_count: 4, start: vec![] };
    assert_eq!(t.commit_one("a", claim.fence, action).await, Done);
    let job = t.get("a").await;
    assert_eq!(job, JobRecord { schedule: Some(schedule), fire_count: 4, claims: 0, ..claim });
    assert_eq!(t.stored("a").await.claim, None);
    assert_eq!(t.claim(at(11)).await, []);
    assert_eq!(t.claim_one(at(12)).await.schedule, Some(schedule));
}

pub async fn advance_records_the_started_runs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(99))]).await;
    let claim = t.claim_one(at(0)).await;
    let start = vec![run(9, "n"), run(2, "n"), run(u128::MAX, "m")];
    let action = CommitAction::Advance { schedule: Schedule::at(at(10)), fire_count: 3, start };
    assert_eq!(t.commit_one("a", claim.fence, action).await, Done);
    assert_eq!(t.get("a").await.in_flight, 3);
    let by_id = [run(2, "n"), run(9, "n"), run(u128::MAX, "m")];
    assert_eq!(t.in_flight("a").await, by_id, "complete and sorted by id");
    assert_eq!((t.get("b").await.in_flight, t.in_flight("b").await), (0, vec![]));
    assert_eq!(t.claim_one(at(10)).await.in_flight, 3, "a claim returns their number");
}

pub async fn finish_removes_a_job_without_runs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(9))]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Removed);
    assert_eq!(t.list().await, ["b"]);
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Stale, "the second time");
}

pub async fn a_finished_job_is_removed_with_its_last_run<F: StoreFixture>(t: &CaseContext<F>) {
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

pub async fn an_earlier_run_keeps_a_finished_job<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Done);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Removed);
}

pub async fn start_keeps_schedule_and_fire_count<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), paused("p")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.commit_one("a", claim.fence, advance(at(50), 3)).await, Done);
    for name in ["a", "p"] {
        let before = t.get(name).await;
        t.start_runs(name, [run(1, "n")]).await;
        let after = t.get(name).await;
        assert_eq!(after, JobRecord { in_flight: 1, fence: after.fence, ..before });
        assert_eq!(t.in_flight(name).await, [run(1, "n")], "the fence of the run must be stored");
    }
    assert_eq!(t.claim_one(at(50)).await.id, id("a"));
}

pub async fn start_raises_the_fence_and_ends_a_claim<F: StoreFixture>(t: &CaseContext<F>) {
    let schedule = Schedule { next_run_time: at(0), due_at: at(3) };
    t.add([with_schedule("a", Some(schedule))]).await;
    let claim = t.claim_one(at(3)).await;
    let start = |number| CommitAction::Start { runs: vec![run(number, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, start(1)).await, Done);
    let stored = t.stored("a").await;
    let job = &stored.record;
    assert!(job.fence > claim.fence);
    assert_eq!((&stored.claim, stored.last_unsettled_fence), (&None, claim.fence));
    assert_eq!((job.schedule, job.claims), (Some(schedule), 1));
    assert_eq!(t.commit_one("a", claim.fence, start(2)).await, Stale);
    assert_eq!(t.commit_one("a", claim.fence, finish()).await, Stale, "the claim has ended");
    assert_eq!(t.stored("a").await, stored);
    let again = t.claim_one(at(3)).await;
    assert!(again.fence > job.fence);
    assert_eq!((again.in_flight, again.claims), (1, 2), "the claim returns the number of runs");
}

pub async fn a_start_can_be_repeated_while_its_runs_exist<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([paused("a")]).await;
    let fence = t.get("a").await.fence;
    let start = |numbers: &[u128]| {
        let runs = numbers.iter().map(|number| run(*number, "n")).collect();
        CommitAction::Start { runs }
    };
    assert_eq!(t.commit_one("a", fence, start(&[1, 2])).await, Done);
    let started = t.stored("a").await;
    assert_eq!(t.commit_one("a", fence, start(&[1, 2])).await, Done, "a repeat");
    assert_eq!(t.commit_one("a", fence, start(&[2, 3])).await, Stale, "another start");
    assert_eq!(t.stored("a").await, started);
    assert_eq!(t.clear("a", 2, Fence(1)).await, Done);
    assert_eq!(t.commit_one("a", fence, start(&[1, 2])).await, Stale, "a delayed repeat");
    assert_eq!(t.in_flight("a").await, [run(1, "n")]);
}

pub async fn clear_run_removes_one_run<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(1))]).await;
    t.start_runs("a", [run(1, "n"), run(2, "n")]).await;
    t.start_runs("b", [run(1, "n")]).await;
    let before = t.get("a").await;
    assert_eq!(t.clear("a", 1, Fence(2)).await, Stale, "the run has another fence");
    assert_eq!(t.clear("a", 3, Fence(1)).await, Stale, "the run does not exist");
    assert_eq!(t.clear("c", 1, Fence(1)).await, Stale, "the job does not exist");
    assert_eq!(t.get("a").await, before);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(t.clear("a", 1, Fence(1)).await, Stale, "the run has been removed");
    assert_eq!(t.get("a").await, JobRecord { in_flight: 1, ..before });
    assert_eq!(t.in_flight("a").await, [run(2, "n")]);
    assert_eq!(t.in_flight("b").await, [run(1, "n")], "another job's run of the same number");
}

pub async fn clear_run_needs_no_claim<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let claim = t.claim_one(at(0)).await;
    assert_eq!(t.clear("a", 1, Fence(1)).await, Done);
    assert_eq!(
        t.commit_one("a", claim.fence, advance(at(5), 1)).await,
        Done,
        "clearing a run must not end the claim"
    );
}

pub async fn an_outdated_fence_has_no_effect<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let unclaimed = t.get("a").await.fence;
    let first = t.claim_one(at(0)).await.fence;
    let second = t.claim_one(at(0).saturating_add(LEASE)).await.fence;
    let before = t.stored("a").await;
    assert_eq!(before.last_unsettled_fence, first);
    let actions = [
        advance(at(500), 9),
        finish(),
        CommitAction::Finish { start: vec![run(1, "n")] },
        postpone(at(500)),
        CommitAction::BringForward { due_at: at(0) },
        CommitAction::Start { runs: vec![run(1, "n")] },
    ];
    for fence in [unclaimed, first, second.next()] {
        for action in &actions {
            assert_eq!(t.commit_one("a", fence, action.clone()).await, Stale, "{action:?}");
            assert_eq!(t.stored("a").await, before);
        }
    }
    assert_eq!(t.commit_one("a", second, advance(at(500), 1)).await, Done);
}

pub async fn a_claim_is_settled_once<F: StoreFixture>(t: &CaseContext<F>) {
    let settling = [
        CommitAction::Advance {
            schedule: Schedule::at(at(100)),
            fire_count: 1,
            start: vec![run(1, "n")],
        },
        postpone(at(100)),
    ];
    for (number, action) in settling.into_iter().enumerate() {
        let name = format!("job-{number}");
        t.add([due(&name, at(0))]).await;
        let first = t.claim_one(at(0)).await.fence;
        let others = [action.clone(), advance(at(7), 9), postpone(at(7)), finish()];
        // Delayed repeats, and other commits with the same fence.
        let again = async || {
            let before = t.stored(&name).await;
            for action in &others {
                assert_eq!(t.commit_one(&name, first, action.clone()).await, Done, "{action:?}");
                assert_eq!(t.stored(&name).await, before, "{action:?}");
            }
        };
        assert_eq!(t.commit_one(&name, first, action).await, Done);
        again().await;
        if number == 0 {
            assert_eq!(t.clear(&name, 1, Fence(1)).await, Done);
            again().await;
        }
        let second = t.claim_one(at(100)).await.fence;
        again().await;
        assert_eq!(t.commit_one(&name, second, advance(at(900), 2)).await, Done);
        again().await;
        t.update(&name, RecordUpdate::default()).await;
        again().await;
        // A claim that ends unsettled invalidates all fences up to its own.
        let third = t.claim_one(at(900)).await.fence;
        t.reschedule(&name, Some(Schedule::at(at(900)))).await;
        let before = t.stored(&name).await;
        for fence in [first, second, third] {
            assert_eq!(t.commit_one(&name, fence, advance(at(7), 9)).await, Stale);
        }
        assert_eq!(t.stored(&name).await, before);
        assert!(t.remove(&name).await);
    }
}

pub async fn a_finishing_commit_can_be_repeated<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    let finish = CommitAction::Finish { start: vec![run(1, "n")] };
    assert_eq!(t.commit_one("a", fence, finish.clone()).await, Done);
    let finished = t.stored("a").await;
    assert_eq!(finished.record.claims, 0);
    for action in [finish, advance(at(5), 1), postpone(at(5))] {
        assert_eq!(t.commit_one("a", fence, action).await, Done);
        assert_eq!(t.stored("a").await, finished, "a finished job must not be reactivated");
    }
    assert_eq!(t.clear("a", 1, Fence(1)).await, Removed);
}

pub async fn settling_needs_a_claim<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), paused("b")]).await;
    for name in ["a", "b"] {
        let before = t.stored(name).await;
        for action in [advance(at(5), 1), finish(), postpone(at(5))] {
            assert_eq!(t.commit_one(name, before.record.fence, action).await, Stale);
            assert_eq!(t.stored(name).await, before);
        }
    }
}

pub async fn commits_for_a_removed_job_are_stale<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    t.remove("a").await;
    let start = vec![run(1, "n")];
    for action in [advance(at(5), 1), finish(), CommitAction::Start { runs: start }] {
        assert_eq!(t.commit_one("a", fence, action).await, Stale);
    }
    assert_eq!((t.find("a").await, t.in_flight("a").await), (None, vec![]));
}

pub async fn an_expired_claim_can_be_settled<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let fence = t.claim_one(at(0)).await.fence;
    assert_eq!(t.next_wakeup().await, Some(at(0).saturating_add(LEASE)));
    assert_eq!(t.commit_one("a", fence, advance(at(999), 1)).await, Done);
}

pub async fn outcomes_are_in_batch_order<F: StoreFixture>(t: &CaseContext<F>) {
    t.add(["a", "b", "c", "d", "e"].map(|name| due(name, at(0)))).await;
    t.start_runs("e", [run(1, "n")]).await;
    let unclaimed = t.get("a").await.fence;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let batch = [
        commit("d", fence("d"), finish()),
        commit("a", unclaimed, advance(at(5), 1)),
        commit("e", Fence(1), clear(1)),
        commit("b", fence("b"), postpone(at(7))),
        commit("x", Fence(1), finish()),
        commit("c", fence("c"), advance(at(6), 1)),
    ];
    assert_eq!(t.commit(batch).await, [Removed, Stale, Done, Done, Stale, Done]);
    assert_eq!(t.next_wakeup().await, Some(at(6)), "a stale commit must not affect the others");
    assert_eq!(t.list().await, ["a", "b", "e", "c"]);
}

pub async fn commits_for_one_job_are_applied_in_order<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(0)), due("c", at(0))]).await;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let finish_both = CommitAction::Finish { start: vec![run(1, "n"), run(2, "n")] };
    let start = CommitAction::Start { runs: vec![run(1, "n")] };
    let batch = [
        commit("a", fence("a"), postpone(at(25))),
        commit("b", fence("b"), finish_both),
        commit("c", fence("c"), start.clone()),
        commit("a", fence("a"), CommitAction::BringForward { due_at: at(20) }),
        commit("c", fence("c"), finish()),
        commit("b", Fence(1), clear(1)),
        commit("a", fence("a"), advance(at(30), 2)),
        commit("b", Fence(1), clear(2)),
        commit("c", fence("c"), start),
        commit("b", Fence(1), clear(2)),
        commit("b", fence("b"), finish()),
    ];
    let expected = [Done, Done, Done, Done, Stale, Done, Done, Removed, Done, Stale, Stale];
    assert_eq!(t.commit(batch).await, expected);
    let job = t.get("a").await;
    let schedule = Schedule { next_run_time: at(0), due_at: at(20) };
    assert_eq!(
        (job.schedule, job.fire_count),
        (Some(schedule), 0),
        "the claim was settled by the postponement"
    );
    assert_eq!(t.find("b").await, None);
    assert_eq!(t.in_flight("c").await, [run(1, "n")]);
}

pub async fn a_repeated_batch_has_the_same_outcome<F: StoreFixture>(t: &CaseContext<F>) {
    t.add(["a", "b", "c", "d"].map(|name| due(name, at(0)))).await;
    t.add([
        due("e", at(99)),
        with_schedule("f", Some(Schedule { next_run_time: at(50), due_at: at(99) })),
    ])
    .await;
    let claims = t.claim(at(0)).await;
    let fence = |name: &str| claims.iter().find(|job| job.id == *name).expect("claimed").fence;
    let schedule = Schedule::at(at(10));
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![run(1, "n")] };
    let batch = [
        commit("a", fence("a"), advance),
        commit("b", fence("b"), CommitAction::Finish { start: vec![run(2, "n")] }),
        commit("c", fence("c"), postpone(at(9))),
        commit("d", fence("d"), finish()),
        commit("e", t.get("e").await.fence, CommitAction::Start { runs: vec![run(3, "n")] }),
        commit("f", t.get("f").await.fence, CommitAction::BringForward { due_at: at(60) }),
    ];
    assert_eq!(t.commit(batch.clone()).await, [Done, Done, Done, Removed, Done, Done]);
    let content = async || {
        let mut jobs = Vec::new();
        for name in ["a", "b", "c", "d", "e", "f"] {
            jobs.push(t.find_stored(name).await);
        }
        jobs
    };
    let after = content().await;
    assert_eq!(t.commit(batch).await, [Done, Done, Done, Stale, Done, Done]);
    assert_eq!(content().await, after);
}

pub async fn a_recorded_run_is_not_modified<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let mut again = run(1, "m");
    again.attempt = 7;
    t.start_runs("a", [again, run(2, "m")]).await;
    assert_eq!(t.in_flight("a").await, [run(1, "n"), run(2, "m")]);
    assert_eq!(t.get("a").await.in_flight, 2);
}

pub async fn a_large_batch_is_applied_completely<F: StoreFixture>(t: &CaseContext<F>) {
    let caps = t.store.caps();
    let limit = caps.max_batch.count.min(5_000);
    t.add((0..limit).map(|n| due(&format!("{n:04}"), at(0))).collect::<Vec<_>>()).await;
    let claims = t.claim_some(at(0), usize::MAX, &TaskFilter::Any).await;
    assert_eq!(claims.len(), limit);
    let actions = claims.iter().enumerate().map(|(n, job)| {
        let action = if n % 2 == 0 { advance(at(60), 1) } else { finish() };
        Commit { id: job.id.clone(), fence: job.fence, action }
    });
    let outcomes = t.commit(actions.collect::<Vec<_>>()).await;
    let expected: Vec<_> = (0..limit).map(|n| if n % 2 == 0 { Done } else { Removed }).collect();
    assert_eq!(outcomes, expected);
    assert_eq!(t.list().await.len(), limit.div_ceil(2));
    assert_eq!(t.next_wakeup().await, Some(at(60)));
}
