//! Tests of the operations on records.

use std::time::Duration;

use crate::job::JobId;
use crate::job::StoredDefinition;
use crate::store::{
    CommitAction, CommitOutcome, Fence, InFlightRun, NewRecord, NodeId, NodeLease, RecordUpdate,
    Revision, RunId, Schedule, StoreErrorKind, StoredJob,
};
use crate::task::TaskName;
use crate::time::Timestamp;

const LEASE: Duration = Duration::from_secs(10);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn node(name: &str) -> NodeId {
    NodeId::new(name).unwrap()
}

fn job() -> StoredJob {
    let new = NewRecord {
        id: JobId::new("job").unwrap(),
        task: TaskName::new("task").unwrap(),
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: Some(Schedule::at(at(100))),
    };
    StoredJob::new(new, Fence(7))
}

fn claimed() -> StoredJob {
    let mut job = job();
    job.claim(&node("a"), at(100), LEASE);
    job
}

fn run(number: u128, fence: Fence) -> InFlightRun {
    InFlightRun {
        run_id: RunId::from_u128(number),
        scheduled_time: at(100),
        attempt: 1,
        node: node("a"),
        fence,
    }
}

fn advance(start: Vec<InFlightRun>) -> CommitAction {
    CommitAction::Advance { schedule: Schedule::at(at(160)), fire_count: 1, start }
}

fn reschedule(seconds: i64) -> RecordUpdate {
    RecordUpdate { schedule: Some(Some(Schedule::at(at(seconds)))), ..Default::default() }
}

#[test]
fn a_claim_keeps_the_schedule_and_is_counted() {
    let mut job = job();
    assert!(!job.is_claimable(at(99)) && job.is_claimable(at(100)));
    job.claim(&node("a"), at(100), LEASE);
    assert_eq!((job.record.fence, job.record.claims), (Fence(8), 1));
    assert_eq!(job.record.schedule, Some(Schedule::at(at(100))));
    assert_eq!(job.claimable_at(), Some(at(110)));
    job.claim(&node("b"), at(110), LEASE);
    assert_eq!(
        (job.record.fence, job.record.claims, job.last_unsettled_fence),
        (Fence(9), 2, Fence(8))
    );
}

#[test]
fn a_claim_is_settled_once() {
    let mut job = claimed();
    let commit = advance(vec![run(1, Fence(8))]);
    assert_eq!(job.commit(Fence(8), commit.clone()), CommitOutcome::Done);
    assert_eq!((job.claim.clone(), job.record.claims, job.record.in_flight), (None, 0, 1));
    let clear = CommitAction::ClearRun { run_id: RunId::from_u128(1) };
    assert_eq!(job.commit(Fence(8), clear), CommitOutcome::Done);
    let ended = job.clone();
    // A delayed repeat of the commit.
    assert_eq!(job.commit(Fence(8), commit.clone()), CommitOutcome::Done);
    assert_eq!(job, ended);
    // The same while the next claim is open, and after it.
    job.claim(&node("b"), at(160), LEASE);
    assert_eq!(job.commit(Fence(8), commit.clone()), CommitOutcome::Done);
    let next =
        CommitAction::Advance { schedule: Schedule::at(at(220)), fire_count: 2, start: vec![] };
    assert_eq!(job.commit(Fence(9), next), CommitOutcome::Done);
    let ended = job.clone();
    assert_eq!(job.commit(Fence(8), commit), CommitOutcome::Done);
    assert_eq!(job, ended);
}

#[test]
fn settling_an_invalidated_claim_is_stale() {
    let cases: [fn(&mut StoredJob); 4] = [
        |job| job.claim(&node("b"), at(110), LEASE),
        |job| drop(job.update(Revision::FIRST, reschedule(100))),
        |job| assert!(job.release(|_| true)),
        |job| {
            let start = CommitAction::Start { runs: vec![run(9, Fence(8))] };
            assert_eq!(job.commit(Fence(8), start), CommitOutcome::Done);
        },
    ];
    for (number, invalidate) in cases.into_iter().enumerate() {
        let mut job = claimed();
        invalidate(&mut job);
        let before = job.clone();
        assert_eq!(job.commit(Fence(8), advance(vec![])), CommitOutcome::Stale, "case {number}");
        assert_eq!(job, before, "case {number}");
    }
}

#[test]
fn settling_without_a_claim_is_stale() {
    let mut job = job();
    for fence in [6, 7, 8] {
        assert_eq!(job.commit(Fence(fence), advance(vec![])), CommitOutcome::Stale, "{fence}");
    }
    assert_eq!(job, self::job());
}

#[test]
fn finishing_removes_the_job_with_its_last_run() {
    let finish = |start| CommitAction::Finish { start };
    assert_eq!(claimed().commit(Fence(8), finish(vec![])), CommitOutcome::Removed);
    let mut job = claimed();
    assert_eq!(job.commit(Fence(8), finish(vec![run(1, Fence(8))])), CommitOutcome::Done);
    assert_eq!((job.record.finished, job.record.schedule), (true, None));
    let clear = CommitAction::ClearRun { run_id: RunId::from_u128(1) };
    assert_eq!(job.commit(Fence(8), clear), CommitOutcome::Removed);
}

#[test]
fn a_postponed_claim_is_not_counted() {
    let mut job = claimed();
    let postpone = |seconds| CommitAction::Postpone { due_at: at(seconds) };
    assert_eq!(job.commit(Fence(8), postpone(130)), CommitOutcome::Done);
    assert_eq!((job.claimable_at(), job.record.claims), (Some(at(130)), 0));
    job.claim(&node("a"), at(130), LEASE);
    assert_eq!(job.commit(Fence(9), postpone(1)), CommitOutcome::Done);
    assert_eq!(job.claimable_at(), Some(at(100)), "not before its time");
}

#[test]
fn bringing_forward_moves_later_due_times_of_unclaimed_jobs() {
    let bring_forward = |seconds| CommitAction::BringForward { due_at: at(seconds) };
    let later = Schedule { due_at: at(150), ..Schedule::at(at(100)) };
    let mut job = job();
    job.record.schedule = Some(later);
    assert_eq!(job.commit(Fence(7), bring_forward(160)), CommitOutcome::Done);
    assert_eq!(job.record.schedule, Some(later));
    assert_eq!(job.commit(Fence(7), bring_forward(120)), CommitOutcome::Done);
    assert_eq!(job.claimable_at(), Some(at(120)));
    assert_eq!(job.commit(Fence(6), bring_forward(110)), CommitOutcome::Stale);
    job.claim(&node("a"), at(120), LEASE);
    assert_eq!(job.commit(Fence(8), bring_forward(110)), CommitOutcome::Done);
    assert_eq!(job.claimable_at(), Some(at(130)), "the claim remains valid");
}

#[test]
fn one_of_two_concurrent_starts_succeeds_and_can_be_repeated() {
    let mut job = job();
    let start = |number| CommitAction::Start { runs: vec![run(number, Fence(7))] };
    assert_eq!(job.commit(Fence(7), start(1)), CommitOutcome::Done);
    let started = job.clone();
    assert_eq!(job.commit(Fence(7), start(2)), CommitOutcome::Stale);
    assert_eq!(job.commit(Fence(7), start(1)), CommitOutcome::Done, "a repeat");
    assert_eq!(job, started);
    let clear = CommitAction::ClearRun { run_id: RunId::from_u128(1) };
    assert_eq!(job.commit(Fence(7), clear), CommitOutcome::Done);
    assert_eq!(job.commit(Fence(7), start(1)), CommitOutcome::Stale, "a delayed repeat");
    assert_eq!(job.record.in_flight, 0);
}

#[test]
fn a_retried_run_has_a_new_attempt_and_fence() {
    let mut job = claimed();
    job.commit(Fence(8), advance(vec![run(1, Fence(8))]));
    let again = InFlightRun { attempt: 2, ..run(1, Fence(9)) };
    let retry = || CommitAction::RetryRun { run: again.clone() };
    assert_eq!(job.commit(Fence(7), retry()), CommitOutcome::Stale);
    assert_eq!(job.commit(Fence(8), retry()), CommitOutcome::Done);
    assert_eq!(job.runs, std::slice::from_ref(&again));
    assert_eq!(job.commit(Fence(8), retry()), CommitOutcome::Done, "a repeat");
    let clear = CommitAction::ClearRun { run_id: RunId::from_u128(1) };
    assert_eq!(job.commit(Fence(8), clear.clone()), CommitOutcome::Stale);
    assert_eq!(job.commit(Fence(9), clear), CommitOutcome::Done);
    assert_eq!(job.commit(Fence(8), retry()), CommitOutcome::Stale);
}

#[test]
fn a_new_schedule_ends_a_claim() {
    let mut job = claimed();
    assert_eq!(job.update(Revision(1), reschedule(120)).unwrap(), Revision(2));
    assert_eq!((job.record.fence, job.claim.clone(), job.record.claims), (Fence(9), None, 0));
    assert_eq!(job.record.schedule, Some(Schedule::at(at(120))));
    assert_eq!(job.commit(Fence(8), advance(vec![])), CommitOutcome::Stale);
}

#[test]
fn a_new_definition_keeps_a_claim() {
    let mut job = claimed();
    let before = job.clone();
    let definition = StoredDefinition::from(&b"{}2"[..]);
    let update = RecordUpdate {
        definition: Some((TaskName::new("other").unwrap(), definition.clone())),
        ..Default::default()
    };
    assert_eq!(job.update(Revision(1), update).unwrap(), Revision(2));
    assert_eq!((&job.record.definition, job.record.fence), (&definition, Fence(8)));
    assert_eq!((&job.claim, job.record.schedule), (&before.claim, before.record.schedule));
    assert_eq!(job.commit(Fence(8), advance(vec![])), CommitOutcome::Done);
    assert_eq!(job.claimable_at(), Some(at(160)));
}

#[test]
fn a_new_definition_makes_a_postponed_job_due() {
    let mut job = claimed();
    let postpone = CommitAction::Postpone { due_at: at(130) };
    assert_eq!(job.commit(Fence(8), postpone), CommitOutcome::Done);
    assert_eq!(job.update(Revision(1), RecordUpdate::default()).unwrap(), Revision(2));
    assert_eq!((job.record.fence, job.claimable_at()), (Fence(9), Some(at(100))));
}

#[test]
fn an_update_of_another_revision_or_run_time_conflicts() {
    let mut job = claimed();
    let conflict = job.update(Revision(2), RecordUpdate::default()).unwrap_err();
    assert_eq!(conflict.kind(), StoreErrorKind::Conflict);
    let elsewhere = RecordUpdate { expected_run_time: Some(None), ..Default::default() };
    let conflict = job.update(Revision(1), elsewhere).unwrap_err();
    assert_eq!(conflict.kind(), StoreErrorKind::Conflict);
    assert_eq!(job, claimed());
}

#[test]
fn the_run_of_a_run_time_has_the_same_id_under_each_claim() {
    let mut job = claimed();
    let first = job.record.run_id_at(at(100));
    job.claim(&node("b"), at(110), LEASE);
    assert_eq!(job.record.run_id_at(at(100)), first);
    assert_ne!(job.record.run_id_at(at(101)), first);
    let mut others = [job.record.clone(), job.record.clone(), job.record];
    others[0].id = JobId::new("other").unwrap();
    others[1].revision = Revision(2);
    others[2].fence = Fence(1 << 32);
    for other in others {
        assert_ne!(other.run_id_at(at(100)), first, "{other:?}");
    }
}

#[test]
fn a_run_of_a_dead_node_is_taken_over_once() {
    let mut job = claimed();
    job.commit(Fence(8), advance(vec![run(1, Fence(8))]));
    let id = RunId::from_u128(1);
    let is_dead = |owner: &NodeId| *owner == node("a");
    let taken = job.take_over(id, &node("b"), is_dead).unwrap();
    assert_eq!((taken.attempt, taken.fence, &taken.node), (2, Fence(9), &node("b")));
    assert_eq!(job.take_over(id, &node("c"), is_dead), None);
    assert_eq!(job.take_over(RunId::from_u128(2), &node("c"), is_dead), None);
}

#[test]
fn a_revoked_lease_has_expired_at_every_instant() {
    let lease = Some(NodeLease { until: at(10) });
    assert!(!NodeLease::is_dead(lease, at(9)) && NodeLease::is_dead(lease, at(10)));
    assert!(NodeLease::is_dead(None, at(9)) && !NodeLease::has_expired(None, at(9)));
    assert!(NodeLease::has_expired(Some(NodeLease::REVOKED), Timestamp::MIN));
}
