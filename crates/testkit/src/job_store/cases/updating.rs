//! Updates: revisions, fences, pausing and resuming.

use punctual_core::{
    CommitAction, CommitOutcome, JobRecord, JobStore, RecordUpdate, Revision, Schedule,
    StoreErrorKind, TaskFilter,
};

use crate::job_store::builders::{
    LEASE, at, bytes, due, id, only, paused, run, task, with_schedule,
};
use crate::job_store::{CaseContext, StoreFixture};

fn definition(of_task: &str, text: &str) -> RecordUpdate {
    RecordUpdate { definition: Some((task(of_task), bytes(text))), ..Default::default() }
}

pub async fn an_update_raises_revision_and_fence<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let before = t.get("a").await;
    assert_eq!(t.update("a", RecordUpdate::default()).await, Revision::FIRST.next());
    let after = t.get("a").await;
    assert_eq!(after.revision, Revision::FIRST.next());
    assert!(after.fence > before.fence);
    assert_eq!(after.schedule, before.schedule);
    assert_eq!(after.definition, before.definition);
    assert_eq!(t.update("a", RecordUpdate::default()).await, Revision::FIRST.next().next());
}

pub async fn definition_and_task_are_replaced_together<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.update("a", definition("other", "{}")).await;
    let job = t.get("a").await;
    assert_eq!((job.task, job.definition), (task("other"), bytes("{}")));
    assert_eq!(job.schedule, Some(Schedule::at(at(5))));
    assert_eq!(t.claim_some(at(5), 9, &only(&["work"])).await, []);
    assert_eq!(t.claim_some(at(5), 9, &only(&["other"])).await.len(), 1);
}

pub async fn an_outdated_revision_is_a_conflict<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.update("a", definition("mine", "1")).await;
    let before = t.get("a").await;
    for expected in [Revision::FIRST, before.revision.next()] {
        let late = t.store.update(&id("a"), expected, definition("late", "2")).await;
        assert_eq!(late.expect_err("it has been updated").kind(), StoreErrorKind::Conflict);
    }
    assert_eq!(t.get("a").await, before, "a conflict changes nothing");
}

pub async fn an_unexpected_run_time_is_a_conflict<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5)), due("b", at(5))]).await;
    let update = |expected| RecordUpdate {
        schedule: Some(Some(Schedule::at(at(6)))),
        expected_run_time: Some(expected),
        ..Default::default()
    };
    let claims = t.claim(at(5)).await;
    let claim = claims.iter().find(|claim| claim.id == id("a")).expect("it is due");
    let advance =
        CommitAction::Advance { schedule: Schedule::at(at(9)), fire_count: 1, start: Vec::new() };
    t.commit_one("a", claim.fence, advance).await;
    let before = t.get("a").await;
    for expected in [Some(at(5)), None] {
        let late = t.store.update(&id("a"), before.revision, update(expected)).await;
        assert_eq!(late.expect_err("its run time has advanced").kind(), StoreErrorKind::Conflict);
        assert_eq!(t.get("a").await, before, "a conflict changes nothing");
    }
    t.update("a", update(Some(at(9)))).await;
    assert_eq!(t.get("a").await.schedule, Some(Schedule::at(at(6))));

    // Job b is claimed, which does not change its run time.
    t.update("b", update(Some(at(5)))).await;
    t.reschedule("b", None).await;
    let paused = t.get("b").await;
    let late = t.store.update(&id("b"), paused.revision, update(Some(at(6)))).await;
    assert_eq!(late.expect_err("it is paused").kind(), StoreErrorKind::Conflict);
    t.update("b", update(None)).await;
    assert_eq!(t.get("b").await.schedule, Some(Schedule::at(at(6))));
}

pub async fn an_update_of_a_missing_job_is_not_found<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let missing = t.store.update(&id("b"), Revision::FIRST, RecordUpdate::default()).await;
    assert_eq!(missing.expect_err("the job does not exist").kind(), StoreErrorKind::NotFound);
    assert_eq!(t.list().await, ["a"], "no job must be created");
}

pub async fn a_job_is_paused_and_resumed<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.reschedule("a", None).await;
    let job = t.get("a").await;
    assert_eq!((job.schedule, job.finished), (None, false));
    assert_eq!(t.next_wakeup().await, None);
    assert_eq!(t.claim(at(100)).await, []);

    let resumed = Schedule { next_run_time: at(50), due_at: at(52) };
    t.reschedule("a", Some(resumed)).await;
    assert_eq!(t.next_wakeup().await, Some(at(52)));
    assert_eq!(t.claim(at(51)).await, []);
    assert_eq!(t.claim_one(at(52)).await.schedule, Some(resumed));
}

pub async fn a_new_schedule_ends_a_claim<F: StoreFixture>(t: &CaseContext<F>) {
    let jittered = Schedule { next_run_time: at(5), due_at: at(8) };
    t.add([with_schedule("a", Some(jittered))]).await;
    let claim = t.claim_one(at(8)).await;
    t.reschedule("a", Some(Schedule::at(at(5)))).await;
    let stored = t.stored("a").await;
    let job = stored.record.clone();
    assert_eq!(job.schedule, Some(Schedule::at(at(5))));
    assert!(job.fence > claim.fence);
    assert_eq!((stored.claim, stored.last_unsettled_fence, job.claims), (None, claim.fence, 0));

    let late = CommitAction::Finish { start: vec![run(1, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, late).await, CommitOutcome::Stale);
    assert_eq!(t.get("a").await, job, "the late claimer changes nothing");
    assert_eq!(t.in_flight("a").await, []);
    let again = t.claim_one(at(5)).await;
    assert!(again.fence > job.fence);
    assert_eq!(again.claims, 1, "of the new fire time");
}

pub async fn a_new_definition_keeps_a_claim<F: StoreFixture>(t: &CaseContext<F>) {
    let jittered = Schedule { next_run_time: at(5), due_at: at(8) };
    t.add([with_schedule("a", Some(jittered))]).await;
    let claim = t.claim_one(at(8)).await;
    let before = t.stored("a").await;
    t.update("a", definition("other", "{}")).await;
    let after = t.stored("a").await;
    assert_eq!((&after.record.task, &after.record.definition), (&task("other"), &bytes("{}")));
    assert_eq!((after.record.fence, after.record.claims), (claim.fence, 1));
    assert_eq!((after.claim, after.record.schedule), (before.claim, Some(jittered)));
    assert_eq!(t.claim(at(9)).await, [], "the job is claimed");

    let schedule = Schedule::at(at(20));
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![run(1, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, advance).await, CommitOutcome::Done);
    let settled = t.stored("a").await;
    assert_eq!((settled.record.schedule, settled.runs.len()), (Some(schedule), 1));
    assert_eq!(settled.claim, None);
}

pub async fn a_claimed_job_with_a_new_task_is_found<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.claim_one_for("m", at(5)).await;
    t.update("a", definition("other", "{}")).await;
    let expiry = at(5).saturating_add(LEASE);
    for filter in [TaskFilter::Any, only(&["other"])] {
        assert_eq!(t.store.next_wakeup(&filter).await.unwrap(), Some(expiry), "{filter:?}");
    }
    assert_eq!(t.claim_some(expiry, 1, &TaskFilter::Any).await.len(), 1);
    let again = expiry.saturating_add(LEASE);
    assert_eq!(t.claim_some(again, 1, &only(&["other"])).await.len(), 1);
}

pub async fn a_new_definition_makes_a_postponed_job_due<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let claim = t.claim_one(at(5)).await;
    let postpone = CommitAction::Postpone { due_at: at(50) };
    assert_eq!(t.commit_one("a", claim.fence, postpone).await, CommitOutcome::Done);
    t.update("a", definition("work", "{}")).await;
    let job = t.get("a").await;
    assert_eq!(job.schedule, Some(Schedule::at(at(5))));
    assert!(job.fence > claim.fence);
    assert_eq!(t.claim_one(at(5)).await.claims, 1);
}

pub async fn an_update_can_reschedule_a_claimed_job<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    t.claim_one(at(5)).await;
    t.reschedule("a", Some(Schedule::at(at(7)))).await;
    assert_eq!(t.claim(at(6)).await, []);
    let claim = t.claim_one(at(7)).await;
    assert_eq!((claim.id, claim.claims), (id("a"), 1), "the number of claims must be reset");
    t.reschedule("a", None).await;
    let job = t.stored("a").await;
    assert_eq!((job.claim, job.last_unsettled_fence, job.record.claims), (None, claim.fence, 0));
}

pub async fn an_update_keeps_counts_and_runs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let claim = t.claim_one(at(5)).await;
    let schedule = Schedule::at(at(9));
    let advance = CommitAction::Advance { schedule, fire_count: 3, start: vec![run(1, "n")] };
    t.commit_one("a", claim.fence, advance).await;
    t.update("a", definition("other", "{}")).await;
    let job = t.get("a").await;
    assert_eq!((job.fire_count, job.in_flight), (3, 1));
    assert_eq!(t.in_flight("a").await, [run(1, "n")]);
    assert_eq!(t.clear("a", 1, run(1, "n").fence).await, CommitOutcome::Done);
}

pub async fn an_update_can_set_the_fire_count<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5)), due("b", at(5))]).await;
    for claim in t.claim(at(5)).await {
        let schedule = Schedule::at(at(9));
        let advance = CommitAction::Advance { schedule, fire_count: 3, start: vec![run(1, "n")] };
        t.commit_one(claim.id.as_str(), claim.fence, advance).await;
    }
    let before = t.get("a").await;
    t.update("a", RecordUpdate { fire_count: Some(0), ..Default::default() }).await;
    let after = t.get("a").await;
    let (revision, fence) = (after.revision, after.fence);
    assert_eq!(
        after,
        JobRecord { fire_count: 0, revision, fence, ..before },
        "only the fire count must change"
    );
    assert_eq!(t.get("b").await.fire_count, 3, "another job's count");
    t.update("a", definition("work", "{}")).await;
    assert_eq!(t.get("a").await.fire_count, 0);
    // The count of a job that comes from another store.
    for fire_count in [7, i64::MAX.unsigned_abs()] {
        let schedule = Some(Some(Schedule::at(at(20))));
        let update = RecordUpdate { fire_count: Some(fire_count), schedule, ..Default::default() };
        t.update("a", update).await;
        let job = t.get("a").await;
        assert_eq!((job.fire_count, job.schedule), (fire_count, Some(Schedule::at(at(20)))));
    }
}

pub async fn a_new_schedule_reactivates_a_finished_job<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(5))]).await;
    let claim = t.claim_one(at(5)).await;
    let finish = CommitAction::Finish { start: vec![run(1, "n")] };
    assert_eq!(t.commit_one("a", claim.fence, finish).await, CommitOutcome::Done);

    t.update("a", definition("work", "{}")).await;
    let job = t.get("a").await;
    assert_eq!(
        (job.finished, job.schedule),
        (true, None),
        "another definition does not reactivate the job"
    );
    t.reschedule("a", None).await;
    assert!(t.get("a").await.finished, "a pause does not reactivate the job");

    t.reschedule("a", Some(Schedule::at(at(20)))).await;
    assert!(!t.get("a").await.finished);
    assert_eq!(t.clear("a", 1, run(1, "n").fence).await, CommitOutcome::Done);
    assert_eq!(
        t.claim_one(at(20)).await.id,
        id("a"),
        "it must be kept when its last run is cleared"
    );
}

pub async fn a_paused_job_can_be_updated<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([paused("a")]).await;
    t.update("a", definition("other", "{}")).await;
    let job = t.get("a").await;
    assert_eq!((job.schedule, job.task), (None, task("other")));
}
