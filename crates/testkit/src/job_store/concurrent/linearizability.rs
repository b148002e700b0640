//! The linearizability check: searches an order of the calls in which the model returns the responses of the store.

use std::collections::{BTreeMap, HashSet};

use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, Fence, JobRecord, NodeId, OrphanedRun, StoreErrorKind,
    StoredJob,
};

use super::calls::{Call, CompletedCall, Response, is_of_run};
use crate::job_store::builders::LEASE;

/// Distance of two observed fences in the model. Fences that no call observed are between them.
const FENCE_GAP: i64 = 1_000;

/// An atomic step, which took effect between two times. A take-over consists of several steps, one for each run and
/// each claim.
struct Step<'d> {
    invoked_at: usize,
    returned_at: usize,
    kind: StepKind<'d>,
}

enum StepKind<'d> {
    Call(&'d CompletedCall),
    TakeRun(&'d NodeId, &'d OrphanedRun),
    Release,
}

/// The observed fences of a history in ascending order, with the times of their first observations. The model uses
/// their positions in this list, so that the check does not depend on the increments that the store chooses.
struct Fences(Vec<(Fence, usize)>);

impl Fences {
    fn of(first: &StoredJob, history: &[CompletedCall]) -> Self {
        let mut seen = BTreeMap::from([(first.record.fence, 0), (first.last_unsettled_fence, 0)]);
        let mut see = |fence, time: usize| {
            let earliest = seen.entry(fence).or_insert(time);
            *earliest = time.min(*earliest);
        };
        for done in history {
            if let Call::Commit { fence, .. } = &done.call {
                see(*fence, done.invoked_at);
            }
            match &done.response {
                Response::Got(Some(job)) => {
                    see(job.record.fence, done.returned_at);
                    see(job.last_unsettled_fence, done.returned_at);
                }
                Response::Claimed { record: Some(record), .. } => {
                    see(record.fence, done.returned_at)
                }
                _ => {}
            }
        }
        Self(seen.into_iter().collect())
    }

    fn position(&self, fence: Fence) -> Fence {
        let position = self
            .0
            .binary_search_by_key(&fence, |observed| observed.0)
            .expect("all fences have been collected");
        Fence((position as i64 + 1) * FENCE_GAP)
    }

    /// The first observed fence after a position.
    fn next_observed(&self, position: Fence) -> Option<Fence> {
        let next = position.0 / FENCE_GAP + 1;
        (next <= self.0.len() as i64).then(|| Fence(next * FENCE_GAP))
    }

    /// The possible first fences of a job that is added at a time or later: fences first observed afterwards, and
    /// unobserved ones.
    fn initial_fences(&self, time: usize) -> Vec<Fence> {
        let new = (1..).zip(&self.0).filter(|(_, seen)| seen.1 > time);
        let new = new.map(|(position, _)| Fence(position * FENCE_GAP));
        let unseen = (0..=self.0.len() as i64).map(|position| Fence(position * FENCE_GAP + 1));
        new.chain(unseen).collect()
    }

    fn normalized(&self, job: &StoredJob) -> StoredJob {
        let mut job = job.clone();
        job.last_unsettled_fence = self.position(job.last_unsettled_fence);
        job.record.fence = self.position(job.record.fence);
        job
    }
}

/// Returns whether the model returns all responses in some order of the calls, starting from the state `first`.
pub(super) fn is_linearizable(first: &StoredJob, history: &[CompletedCall]) -> bool {
    let fences = Fences::of(first, history);
    let steps: Vec<Step<'_>> = history.iter().flat_map(steps).collect();
    let state = Some(fences.normalized(first));
    assert!(steps.len() < 64, "a history of that length can't be checked: {}", steps.len());
    Search { steps, fences, failed: HashSet::new() }.search_from(0, state.as_ref())
}

fn steps(done: &CompletedCall) -> Vec<Step<'_>> {
    let step = |kind| Step { invoked_at: done.invoked_at, returned_at: done.returned_at, kind };
    match (&done.call, &done.response) {
        (Call::TakeOver { node }, Response::TookOver { runs, released }) => {
            let runs = runs.iter().map(|run| step(StepKind::TakeRun(node, run)));
            runs.chain((0..*released).map(|_| step(StepKind::Release))).collect()
        }
        _ => vec![step(StepKind::Call(done))],
    }
}

struct Search<'d> {
    steps: Vec<Step<'d>>,
    fences: Fences,
    /// Steps that were applied, and the resulting state, from which the search has failed.
    failed: HashSet<(u64, String)>,
}

impl Search<'_> {
    fn search_from(&mut self, done: u64, state: Option<&StoredJob>) -> bool {
        if done.count_ones() as usize == self.steps.len() {
            return true;
        }
        let key = (done, format!("{state:?}"));
        if self.failed.contains(&key) {
            return false;
        }
        let open = |number: &usize| done & (1 << number) == 0;
        let open: Vec<usize> = (0..self.steps.len()).filter(open).collect();
        let ends = open.iter().map(|number| self.steps[*number].returned_at).min();
        for number in open {
            // Calls that returned before this one was invoked must precede it.
            if ends.is_some_and(|end| end < self.steps[number].invoked_at) {
                continue;
            }
            for next in self.next_states(number, state) {
                if self.search_from(done | (1 << number), next.as_ref()) {
                    return true;
                }
            }
        }
        self.failed.insert(key);
        false
    }

    /// The possible states of the job after a step. Empty if the response of the model differs.
    fn next_states(&self, number: usize, state: Option<&StoredJob>) -> Vec<Option<StoredJob>> {
        if let StepKind::Call(done) = &self.steps[number].kind
            && let (Call::Add(record), Response::Added(AddOutcome::Added)) =
                (&done.call, &done.response)
        {
            let added = |first| Some(StoredJob::new((**record).clone(), first));
            if state.is_some() {
                return Vec::new();
            }
            return self.fences.initial_fences(done.invoked_at).into_iter().map(added).collect();
        }
        let mut job = state.cloned();
        let before = state.map(|job| job.record.fence);
        if !self.apply(&self.steps[number].kind, &mut job) {
            return Vec::new();
        }
        let Some(after) = &job else { return vec![None] };
        // The new fence was either never observed or is the next observed one.
        let raised = before != Some(after.record.fence) && after.record.fence.0 % FENCE_GAP != 0;
        let seen =
            raised.then(|| self.fences.next_observed(after.record.fence)).flatten().map(|seen| {
                let mut job = after.clone();
                job.record.fence = seen;
                Some(job)
            });
        seen.into_iter().chain([job]).collect()
    }

    /// Applies a step to the model. Returns whether the response is the same.
    fn apply(&self, kind: &StepKind<'_>, state: &mut Option<StoredJob>) -> bool {
        let done = match kind {
            StepKind::Call(done) => done,
            StepKind::Release => return state.as_mut().is_some_and(|job| job.release(|_| true)),
            StepKind::TakeRun(new_owner, orphan) => {
                return state.as_mut().is_some_and(|job| take_run(job, new_owner, orphan));
            }
        };
        match (&done.call, &done.response) {
            (Call::Get, Response::Got(seen)) => {
                *state == seen.as_ref().map(|seen| self.fences.normalized(seen))
            }
            (Call::Update { expected, update }, Response::Updated(response)) => {
                let updated = match state {
                    Some(job) => {
                        job.update(*expected, update.clone()).map_err(|error| error.kind())
                    }
                    None => Err(StoreErrorKind::NotFound),
                };
                updated == *response
            }
            (Call::Add(_), Response::Added(AddOutcome::Exists)) => state.is_some(),
            (Call::Remove, Response::Removed(existed)) => state.take().is_some() == *existed,
            (Call::Claim { now, .. }, Response::Claimed { record: None, more }) => {
                *more || !state.as_ref().is_some_and(|job| job.is_claimable(*now))
            }
            (Call::Claim { node, now }, Response::Claimed { record: Some(seen), .. }) => {
                let Some(job) = state else { return false };
                if !job.is_claimable(*now) {
                    return false;
                }
                let position = self.fences.position(seen.fence);
                let is_larger = position > job.record.fence;
                job.claim(node, *now, LEASE);
                let mut expected = JobRecord { fence: seen.fence, ..job.record.clone() };
                job.record.fence = position;
                // Runs that are cleared during the claim may be counted.
                let most = expected.in_flight.saturating_add(self.cleared_during(done));
                expected.in_flight = seen.in_flight.clamp(expected.in_flight, most);
                is_larger && expected == **seen
            }
            (Call::Commit { fence, action }, Response::Committed(response)) => {
                let fence = if is_of_run(action) { *fence } else { self.fences.position(*fence) };
                let outcome = state.as_mut().map(|job| job.commit(fence, action.clone()));
                if outcome == Some(CommitOutcome::Removed) {
                    *state = None;
                }
                outcome.unwrap_or(CommitOutcome::Stale) == *response
            }
            _ => false,
        }
    }

    /// The number of runs that other calls may have cleared during a call.
    fn cleared_during(&self, call: &CompletedCall) -> u32 {
        let is_clear = |step: &&Step<'_>| {
            matches!(
                &step.kind,
                StepKind::Call(CompletedCall {
                    call: Call::Commit { action: CommitAction::ClearRun { .. }, .. },
                    response: Response::Committed(CommitOutcome::Done),
                    ..
                })
            )
        };
        let overlaps = |step: &&Step<'_>| {
            step.invoked_at < call.returned_at && call.invoked_at < step.returned_at
        };
        self.steps.iter().filter(is_clear).filter(overlaps).count() as u32
    }
}

fn take_run(job: &mut StoredJob, new_owner: &NodeId, orphan: &OrphanedRun) -> bool {
    let run_id = orphan.run.run_id;
    let Some(old) = job.runs.iter().find(|run| run.run_id == run_id).map(|run| run.fence) else {
        return false;
    };
    if job.take_over(run_id, new_owner, |_| true).is_none() {
        return false;
    }
    let Some(run) = job.runs.iter_mut().find(|run| run.run_id == run_id) else { return false };
    run.fence = orphan.run.fence;
    *run == orphan.run && run.fence > old
}

#[cfg(test)]
mod tests {
    use punctual_core::{RecordUpdate, Revision};

    use super::*;
    use crate::job_store::builders::{at, due, finish, node, run};

    fn history(first: &StoredJob, overlap: bool) -> Vec<CompletedCall> {
        let call = |name| Call::Claim { node: node(name), now: at(0) };
        let mut claimed = first.clone();
        claimed.claim(&node("n"), at(0), LEASE);
        let response = Response::Claimed { record: Some(Box::new(claimed.record)), more: false };
        let none = Response::Claimed { record: None, more: false };
        let (invoked_at, returned_at) = if overlap { (1, 4) } else { (3, 4) };
        vec![
            CompletedCall { task: 0, invoked_at, returned_at, call: call("n"), response },
            CompletedCall {
                task: 1,
                invoked_at: 0,
                returned_at: 2,
                call: call("m"),
                response: none,
            },
        ]
    }

    #[test]
    fn concurrent_calls_may_have_any_order() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        assert!(is_linearizable(&first, &history(&first, true)));
        assert!(!is_linearizable(&first, &history(&first, false)), "the first call found no job");
    }

    #[test]
    fn a_job_can_not_be_claimed_twice() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        let mut both = history(&first, true);
        both[1].response = both[0].response.clone();
        assert!(!is_linearizable(&first, &both));
    }

    #[test]
    fn a_claim_may_count_runs_that_are_cleared_meanwhile() {
        let mut first = StoredJob::new(due("a", at(0)), Fence(7));
        let start = CommitAction::Start { runs: vec![run(1, "n")] };
        first.commit(Fence(7), start);
        let mut claimed = first.clone();
        claimed.claim(&node("n"), at(0), LEASE);
        let mut cleared = first.clone();
        let clear = CommitAction::ClearRun { run_id: run(1, "n").run_id };
        cleared.commit(run(1, "n").fence, clear.clone());
        for (cleared_at, is_valid) in [((1, 4), true), ((0, 1), false)] {
            let call = |task, (invoked_at, returned_at), call, response| CompletedCall {
                task,
                invoked_at,
                returned_at,
                call,
                response,
            };
            let clear = Call::Commit { fence: run(1, "n").fence, action: clear.clone() };
            let history = [
                call(0, cleared_at, clear, Response::Committed(CommitOutcome::Done)),
                call(1, (5, 6), Call::Get, Response::Got(Some(Box::new(cleared.clone())))),
                call(
                    2,
                    (3, 8),
                    Call::Claim { node: node("n"), now: at(0) },
                    Response::Claimed {
                        record: Some(Box::new(claimed.record.clone())),
                        more: false,
                    },
                ),
            ];
            assert_eq!(is_linearizable(&first, &history), is_valid, "cleared at {cleared_at:?}");
        }
    }

    #[test]
    fn a_job_that_is_added_again_has_a_new_fence() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        for (fence, right) in [(3, true), (7, false), (9, true)] {
            let calls = [
                (Call::Remove, Response::Removed(true)),
                (Call::Add(Box::new(due("a", at(0)))), Response::Added(AddOutcome::Added)),
                (Call::Add(Box::new(due("a", at(0)))), Response::Added(AddOutcome::Exists)),
                (Call::Commit { fence: Fence(7), action: finish() }, {
                    Response::Committed(CommitOutcome::Stale)
                }),
                (Call::Get, {
                    Response::Got(Some(Box::new(StoredJob::new(due("a", at(0)), Fence(fence)))))
                }),
            ];
            let history: Vec<_> = (0..)
                .zip(calls)
                .map(|(number, (call, response))| CompletedCall {
                    task: 0,
                    invoked_at: 2 * number,
                    returned_at: 2 * number + 1,
                    call,
                    response,
                })
                .collect();
            assert_eq!(is_linearizable(&first, &history), right, "{fence}");
            let mut done = history;
            done[3].response = Response::Committed(CommitOutcome::Removed);
            done[4].response = Response::Got(None);
            assert!(!is_linearizable(&first, &done), "the fence belongs to the removed job");
        }
    }

    #[test]
    fn unobserved_fences_may_have_any_increment() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        for (fence, right) in [(9, true), (900, true), (7, false), (6, false)] {
            let mut job = first.clone();
            for _ in 0..2 {
                job.update(job.record.revision, RecordUpdate::default())
                    .expect("the revision is current");
            }
            job.record.fence = Fence(fence);
            let updated = |revision: i64, invoked_at| CompletedCall {
                task: 0,
                invoked_at,
                returned_at: invoked_at + 1,
                call: Call::Update {
                    expected: Revision(revision - 1),
                    update: RecordUpdate::default(),
                },
                response: Response::Updated(Ok(Revision(revision))),
            };
            let response = Response::Got(Some(Box::new(job)));
            let get =
                CompletedCall { task: 0, invoked_at: 5, returned_at: 6, call: Call::Get, response };
            let history = [updated(2, 1), updated(3, 3), get];
            assert_eq!(is_linearizable(&first, &history), right, "{fence}");
        }
    }
}
