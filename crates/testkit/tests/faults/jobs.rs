//! State changes of jobs in a store with a fault.

use std::time::Duration;

use punctual_core::{
    Claim, Commit, CommitAction, CommitOutcome, Fence, InFlightRun, NodeId, RecordUpdate, Revision,
    RunId, Schedule, StoreError, StoredJob, Timestamp,
};

use crate::fault::Fault;

pub(crate) fn claim(
    fault: Fault,
    job: &mut StoredJob,
    node: &NodeId,
    now: Timestamp,
    lease: Duration,
) {
    let (lost, claims) = (job.last_unsettled_fence, job.record.claims);
    job.claim(node, now, lease);
    match fault {
        Fault::AnExpiredClaimIsNotUnsettled => job.last_unsettled_fence = lost,
        Fault::ClaimsAreNotCounted => job.record.claims = claims,
        _ => {}
    }
}

pub(crate) fn update(
    fault: Fault,
    job: &mut StoredJob,
    expected: Revision,
    update: RecordUpdate,
) -> Result<Revision, StoreError> {
    let before = job.clone();
    let revision = job.update(expected, update)?;
    match fault {
        Fault::AnUpdateKeepsTheClaim => {
            (job.claim, job.last_unsettled_fence) = (before.claim, before.last_unsettled_fence)
        }
        Fault::AnUpdateKeepsTheUnsettledFence => {
            job.last_unsettled_fence = before.last_unsettled_fence
        }
        _ => {}
    }
    Ok(revision)
}

pub(crate) fn release(
    fault: Fault,
    job: &mut StoredJob,
    is_dead: impl Fn(&NodeId) -> bool,
) -> bool {
    let fence = job.record.fence;
    let released = job.release(is_dead);
    match fault {
        Fault::AReleaseKeepsTheFence => job.record.fence = fence,
        Fault::AReleasedJobIsDueAtItsRunTime if released => {
            job.record.schedule = job.record.next_run_time().map(Schedule::at);
        }
        _ => {}
    }
    released
}

pub(crate) fn take_over(
    fault: Fault,
    job: &mut StoredJob,
    run_id: RunId,
    new_owner: &NodeId,
    is_dead: impl Fn(&NodeId) -> bool,
) -> Option<InFlightRun> {
    let index = job.runs.iter().position(|run| run.run_id == run_id)?;
    let fence = job.runs[index].fence;
    job.take_over(run_id, new_owner, is_dead)?;
    if fault == Fault::ATakeOverKeepsTheFenceOfTheRun {
        job.runs[index].fence = fence;
    }
    Some(job.runs[index].clone())
}

pub(crate) fn commit(fault: Fault, job: &mut StoredJob, commit: Commit) -> CommitOutcome {
    let before = job.clone();
    let Commit { mut fence, action, .. } = commit;
    let settles = matches!(
        action,
        CommitAction::Advance { .. } | CommitAction::Finish { .. } | CommitAction::Postpone { .. }
    );
    match (fault, &action) {
        (Fault::SettlesRepeatedly, _)
            if settles && fence == job.record.fence && job.claim.is_none() =>
        {
            let until = Timestamp::MAX;
            job.claim = Some(Claim { node: NodeId::random(), until });
        }
        (Fault::ClearingIgnoresTheFence, CommitAction::ClearRun { run_id }) => {
            let run = job.runs.iter().find(|run| run.run_id == *run_id);
            fence = run.map_or(fence, |run| run.fence);
        }
        (Fault::RetryingTakesAnyFence, CommitAction::RetryRun { run }) => {
            let index = job.runs.iter().position(|own| own.run_id == run.run_id);
            if let Some(index) = index.filter(|index| job.runs[*index].fence == fence) {
                job.runs[index] = run.clone();
                return CommitOutcome::Done;
            }
        }
        (Fault::BringingForwardMovesClaimedJobs, CommitAction::BringForward { .. }) => {
            job.claim = None
        }
        _ => {}
    }
    let outcome = job.commit(fence, action.clone());
    let is_done = outcome != CommitOutcome::Stale && before.claim.is_some() && job.claim.is_none();
    match (fault, action) {
        (Fault::BringingForwardMovesClaimedJobs, CommitAction::BringForward { .. }) => {
            job.claim = before.claim
        }
        (Fault::APostponedClaimIsCounted, CommitAction::Postpone { .. }) => {
            job.record.claims = before.record.claims;
        }
        (Fault::APostponedJobIsDueBeforeItsRunTime, CommitAction::Postpone { due_at })
            if is_done =>
        {
            let schedule = job.record.schedule;
            job.record.schedule = schedule.map(|schedule| Schedule { due_at, ..schedule });
        }
        (Fault::AdvancingKeepsTheNumberOfClaims, CommitAction::Advance { .. }) => {
            job.record.claims = before.record.claims;
        }
        (Fault::AStartKeepsTheFence, CommitAction::Start { .. }) => {
            job.record.fence = before.record.fence;
        }
        _ => {}
    }
    outcome
}

/// Starts runs as a commit that checks and writes in two steps.
pub(crate) fn start_late(
    job: &mut StoredJob,
    guard: Fence,
    runs: Vec<InFlightRun>,
) -> CommitOutcome {
    debug_assert!(guard <= job.record.fence);
    job.commit(job.record.fence, CommitAction::Start { runs })
}
