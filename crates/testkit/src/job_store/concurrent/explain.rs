//! Looks for an order of calls in which the model gives the answers that the store gave.

use std::collections::{BTreeMap, HashSet};

use punctual_core::{
    AddOutcome, CommitOutcome, Fence, NodeId, OrphanedRun, StoreErrorKind, StoredJob,
};

use super::calls::{Answer, Call, Done, is_of_run};
use crate::job_store::kit::LEASE;

/// Between two fences that somebody has seen there is room for so many that nobody has.
const ROOM: i64 = 1_000;

/// What must have been done at one moment between two others. A take-over is several of these: each run and
/// each claim is taken by itself.
struct Step<'d> {
    made: usize,
    returned: usize,
    what: What<'d>,
}

enum What<'d> {
    Whole(&'d Done),
    TakeRun(&'d NodeId, &'d OrphanedRun),
    Release,
}

/// The fences of a history, in their order, and when somebody saw each for the first time. The model counts in
/// their places, so that it makes no difference by how much a store raises a fence.
struct Fences(Vec<(Fence, usize)>);

impl Fences {
    fn of(first: &StoredJob, history: &[Done]) -> Self {
        let mut seen = BTreeMap::from([(first.record.fence, 0), (first.last_unsettled_fence, 0)]);
        let mut see = |fence, moment: usize| {
            let earliest = seen.entry(fence).or_insert(moment);
            *earliest = moment.min(*earliest);
        };
        for done in history {
            if let Call::Commit { fence, .. } = &done.call {
                see(*fence, done.made);
            }
            match &done.answer {
                Answer::Got(Some(job)) => {
                    see(job.record.fence, done.returned);
                    see(job.last_unsettled_fence, done.returned);
                }
                Answer::Claimed { record: Some(record), .. } => see(record.fence, done.returned),
                _ => {}
            }
        }
        Self(seen.into_iter().collect())
    }

    fn place(&self, fence: Fence) -> Fence {
        let place = self
            .0
            .binary_search_by_key(&fence, |seen| seen.0)
            .expect("all fences have been collected");
        Fence((place as i64 + 1) * ROOM)
    }

    /// The first that somebody has seen after one.
    fn next_seen(&self, place: Fence) -> Option<Fence> {
        let next = place.0 / ROOM + 1;
        (next <= self.0.len() as i64).then(|| Fence(next * ROOM))
    }

    /// Where the fences of a job may begin that is added at that moment or later: at one that nobody had seen, or
    /// between two.
    fn firsts(&self, moment: usize) -> Vec<Fence> {
        let new = (1..).zip(&self.0).filter(|(_, seen)| seen.1 > moment);
        let new = new.map(|(place, _)| Fence(place * ROOM));
        let unseen = (0..=self.0.len() as i64).map(|place| Fence(place * ROOM + 1));
        new.chain(unseen).collect()
    }

    fn placed(&self, job: &StoredJob) -> StoredJob {
        let mut job = job.clone();
        job.last_unsettled_fence = self.place(job.last_unsettled_fence);
        job.record.fence = self.place(job.record.fence);
        job
    }
}

/// Whether some order of the calls explains all answers, from this state on.
pub(super) fn is_explained(first: &StoredJob, history: &[Done]) -> bool {
    let fences = Fences::of(first, history);
    let steps: Vec<Step<'_>> = history.iter().flat_map(steps).collect();
    let state = Some(fences.placed(first));
    assert!(steps.len() < 64, "a history of that length can't be checked: {}", steps.len());
    Search { steps, fences, failed: HashSet::new() }.goes_on(0, state.as_ref())
}

fn steps(done: &Done) -> Vec<Step<'_>> {
    let step = |what| Step { made: done.made, returned: done.returned, what };
    match (&done.call, &done.answer) {
        (Call::TakeOver { node }, Answer::TookOver { runs, released }) => {
            let runs = runs.iter().map(|run| step(What::TakeRun(node, run)));
            runs.chain((0..*released).map(|_| step(What::Release))).collect()
        }
        _ => vec![step(What::Whole(done))],
    }
}

struct Search<'d> {
    steps: Vec<Step<'d>>,
    fences: Fences,
    /// From where there is no way on: the steps that are done, and the state.
    failed: HashSet<(u64, String)>,
}

impl Search<'_> {
    fn goes_on(&mut self, done: u64, state: Option<&StoredJob>) -> bool {
        if done.count_ones() as usize == self.steps.len() {
            return true;
        }
        let key = (done, format!("{state:?}"));
        if self.failed.contains(&key) {
            return false;
        }
        let open = |number: &usize| done & (1 << number) == 0;
        let open: Vec<usize> = (0..self.steps.len()).filter(open).collect();
        let ends = open.iter().map(|number| self.steps[*number].returned).min();
        for number in open {
            // Whatever returned before it was made comes first.
            if ends.is_some_and(|end| end < self.steps[number].made) {
                continue;
            }
            for next in self.next_states(number, state) {
                if self.goes_on(done | (1 << number), next.as_ref()) {
                    return true;
                }
            }
        }
        self.failed.insert(key);
        false
    }

    /// The states in which a step may leave the job; none if its answer is not that of the model.
    fn next_states(&self, number: usize, state: Option<&StoredJob>) -> Vec<Option<StoredJob>> {
        if let What::Whole(done) = &self.steps[number].what
            && let (Call::Add(record), Answer::Added(AddOutcome::Added)) =
                (&done.call, &done.answer)
        {
            let added = |first| Some(StoredJob::new((**record).clone(), first));
            if state.is_some() {
                return Vec::new();
            }
            return self.fences.firsts(done.made).into_iter().map(added).collect();
        }
        let mut job = state.cloned();
        let before = state.map(|job| job.record.fence);
        if !self.carry_out(&self.steps[number].what, &mut job) {
            return Vec::new();
        }
        let Some(after) = &job else { return vec![None] };
        // Nobody may have seen the fence that this gives, or it is the next that somebody has seen.
        let raised = before != Some(after.record.fence) && after.record.fence.0 % ROOM != 0;
        let seen =
            raised.then(|| self.fences.next_seen(after.record.fence)).flatten().map(|seen| {
                let mut job = after.clone();
                job.record.fence = seen;
                Some(job)
            });
        seen.into_iter().chain([job]).collect()
    }

    /// Lets the model do a step; whether it gives the same answer.
    fn carry_out(&self, what: &What<'_>, state: &mut Option<StoredJob>) -> bool {
        let done = match what {
            What::Whole(done) => done,
            What::Release => return state.as_mut().is_some_and(|job| job.release(|_| true)),
            What::TakeRun(heir, orphan) => {
                return state.as_mut().is_some_and(|job| take_run(job, heir, orphan));
            }
        };
        match (&done.call, &done.answer) {
            (Call::Get, Answer::Got(seen)) => {
                *state == seen.as_ref().map(|seen| self.fences.placed(seen))
            }
            (Call::Update { expected, update }, Answer::Updated(answer)) => {
                let updated = match state {
                    Some(job) => {
                        job.update(*expected, update.clone()).map_err(|error| error.kind())
                    }
                    None => Err(StoreErrorKind::NotFound),
                };
                updated == *answer
            }
            (Call::Add(_), Answer::Added(AddOutcome::Exists)) => state.is_some(),
            (Call::Remove, Answer::Removed(was_there)) => state.take().is_some() == *was_there,
            (Call::Claim { now, .. }, Answer::Claimed { record: None, more }) => {
                *more || !state.as_ref().is_some_and(|job| job.is_claimable(*now))
            }
            (Call::Claim { node, now }, Answer::Claimed { record: Some(seen), .. }) => {
                let Some(job) = state else { return false };
                if !job.is_claimable(*now) {
                    return false;
                }
                let place = self.fences.place(seen.fence);
                let rises = place > job.record.fence;
                job.claim(node, *now, LEASE);
                job.record.fence = seen.fence;
                let is_same = job.record == **seen;
                job.record.fence = place;
                rises && is_same
            }
            (Call::Commit { fence, action }, Answer::Committed(answer)) => {
                let fence = if is_of_run(action) { *fence } else { self.fences.place(*fence) };
                let outcome = state.as_mut().map(|job| job.commit(fence, action.clone()));
                if outcome == Some(CommitOutcome::Removed) {
                    *state = None;
                }
                outcome.unwrap_or(CommitOutcome::Stale) == *answer
            }
            _ => false,
        }
    }
}

fn take_run(job: &mut StoredJob, heir: &NodeId, orphan: &OrphanedRun) -> bool {
    let run_id = orphan.run.run_id;
    let Some(old) = job.runs.iter().find(|run| run.run_id == run_id).map(|run| run.fence) else {
        return false;
    };
    if job.take_over(run_id, heir, |_| true).is_none() {
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
    use crate::job_store::kit::{at, due, finish, node};

    fn history(first: &StoredJob, overlap: bool) -> Vec<Done> {
        let call = |name| Call::Claim { node: node(name), now: at(0) };
        let mut claimed = first.clone();
        claimed.claim(&node("n"), at(0), LEASE);
        let answer = Answer::Claimed { record: Some(Box::new(claimed.record)), more: false };
        let none = Answer::Claimed { record: None, more: false };
        let (made, returned) = if overlap { (1, 4) } else { (3, 4) };
        vec![
            Done { task: 0, made, returned, call: call("n"), answer },
            Done { task: 1, made: 0, returned: 2, call: call("m"), answer: none },
        ]
    }

    #[test]
    fn calls_at_the_same_time_have_any_order() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        assert!(is_explained(&first, &history(&first, true)));
        assert!(!is_explained(&first, &history(&first, false)), "it came first and got nothing");
    }

    #[test]
    fn two_can_not_claim_at_once() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        let mut both = history(&first, true);
        both[1].answer = both[0].answer.clone();
        assert!(!is_explained(&first, &both));
    }

    #[test]
    fn a_job_that_is_added_again_has_a_fence_of_its_own() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        for (fence, right) in [(3, true), (7, false), (9, true)] {
            let calls = [
                (Call::Remove, Answer::Removed(true)),
                (Call::Add(Box::new(due("a", at(0)))), Answer::Added(AddOutcome::Added)),
                (Call::Add(Box::new(due("a", at(0)))), Answer::Added(AddOutcome::Exists)),
                (Call::Commit { fence: Fence(7), action: finish() }, {
                    Answer::Committed(CommitOutcome::Stale)
                }),
                (Call::Get, {
                    Answer::Got(Some(Box::new(StoredJob::new(due("a", at(0)), Fence(fence)))))
                }),
            ];
            let history: Vec<_> = (0..)
                .zip(calls)
                .map(|(number, (call, answer))| Done {
                    task: 0,
                    made: 2 * number,
                    returned: 2 * number + 1,
                    call,
                    answer,
                })
                .collect();
            assert_eq!(is_explained(&first, &history), right, "{fence}");
            let mut done = history;
            done[3].answer = Answer::Committed(CommitOutcome::Removed);
            done[4].answer = Answer::Got(None);
            assert!(!is_explained(&first, &done), "the fence is of the job that was removed");
        }
    }

    #[test]
    fn fences_that_nobody_has_seen_may_be_any() {
        let first = StoredJob::new(due("a", at(0)), Fence(7));
        for (fence, right) in [(9, true), (900, true), (7, false), (6, false)] {
            let mut job = first.clone();
            for _ in 0..2 {
                job.update(job.record.revision, RecordUpdate::default()).expect("it is there");
            }
            job.record.fence = Fence(fence);
            let updated = |revision: i64, made| Done {
                task: 0,
                made,
                returned: made + 1,
                call: Call::Update {
                    expected: Revision(revision - 1),
                    update: RecordUpdate::default(),
                },
                answer: Answer::Updated(Ok(Revision(revision))),
            };
            let answer = Answer::Got(Some(Box::new(job)));
            let get = Done { task: 0, made: 5, returned: 6, call: Call::Get, answer };
            let history = [updated(2, 1), updated(3, 3), get];
            assert_eq!(is_explained(&first, &history), right, "{fence}");
        }
    }
}
