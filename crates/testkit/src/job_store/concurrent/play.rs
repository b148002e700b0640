//! Makes calls at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, JobStore, NewRecord,
    RecordUpdate, Revision, RunId, Schedule, StoredJob, TaskFilter,
};
use tokio::sync::Barrier;

use super::calls::{Answer, Call, Done, is_of_run};
use crate::job_store::StoreFixture;
use crate::job_store::handle::Handle;
use crate::job_store::kit::{LEASE, at, bytes, due, id, node, only, run, task};

/// The jobs, each of a task of the same name, so that a filter chooses one.
const JOBS: [&str; 2] = ["a", "b"];

/// Two stores on the same jobs where they can be shared.
pub(super) async fn open<F: StoreFixture>(fixture: &F) -> Vec<Handle<F::Store>> {
    let first = Handle::start(fixture.open().await).await;
    if !first.store.caps().shared {
        return vec![first];
    }
    let second = Handle::start(fixture.open().await).await;
    vec![first, second]
}

pub(super) async fn close<S: JobStore>(stores: Vec<Handle<S>>) {
    for store in stores {
        store.stop().await;
    }
}

/// Plays one history, and returns that of each job: what it was at first, and the calls in the order in which
/// they were made.
pub(super) async fn play<S: JobStore>(
    stores: &[Handle<S>],
    seed: u64,
) -> Vec<(StoredJob, Vec<Done>)> {
    let mut rng = Rng::with_seed(seed);
    let jobs = &JOBS[..rng.usize(1..=JOBS.len())];
    let mut firsts = Vec::new();
    for job in jobs {
        firsts.push(set_up(&stores[0], job, &mut rng).await);
    }
    let tasks = rng.usize(2..=4);
    let counter = Arc::new(AtomicUsize::new(0));
    let barrier = Arc::new(Barrier::new(tasks));
    let running: Vec<_> = (0..tasks)
        .map(|number| {
            let store = stores[number % stores.len()].clone();
            let caller = Caller {
                store,
                task: number,
                counter: Arc::clone(&counter),
                rng: rng.fork(),
                known: firsts.iter().map(Known::of).collect(),
            };
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait().await;
                caller.make_calls(jobs).await
            })
        })
        .collect();
    let mut histories: Vec<_> = firsts.into_iter().map(|first| (first, Vec::new())).collect();
    for task in running {
        for (place, done) in task.await.expect("no task fails") {
            histories[place].1.push(done);
        }
    }
    for (job, (_, history)) in jobs.iter().zip(&mut histories) {
        let made = counter.fetch_add(1, Ordering::SeqCst);
        let answer = Answer::Got(stores[0].find_stored(job).await.map(Box::new));
        history.push(Done { task: tasks, made, returned: made + 1, call: Call::Get, answer });
        counter.fetch_add(1, Ordering::SeqCst);
        history.sort_by_key(|done| done.made);
        stores[0].remove(job).await;
    }
    histories
}

/// Adds a job, which may be claimed, and may have a run.
async fn set_up<S: JobStore>(store: &Handle<S>, job: &'static str, rng: &mut Rng) -> StoredJob {
    store.add([NewRecord { task: task(job), ..due(job, at(0)) }]).await;
    if rng.bool() {
        store.start_runs(job, [run(1, "n")]).await;
    }
    if rng.bool() {
        store.claim_some(at(0), 1, &only(&[job])).await;
    }
    store.stored(job).await
}

/// What a caller knows of a job.
struct Known {
    fences: Vec<Fence>,
    run_fences: Vec<Fence>,
    revision: Revision,
    /// What was there last has been removed.
    is_gone: bool,
}

impl Known {
    fn of(job: &StoredJob) -> Self {
        let mut known = Self {
            fences: vec![],
            run_fences: vec![Fence(1)],
            revision: Revision::FIRST,
            is_gone: false,
        };
        known.learn(job);
        known
    }

    fn learn(&mut self, job: &StoredJob) {
        self.fences.push(job.record.fence);
        self.run_fences.extend(job.runs.iter().map(|run| run.fence));
        self.revision = job.record.revision;
    }

    /// The latest, mostly.
    fn fence(of: &[Fence], rng: &mut Rng) -> Fence {
        let back = if rng.u8(..4) == 0 { rng.usize(..of.len()) } else { 0 };
        of[of.len() - 1 - back]
    }
}

struct Caller<S> {
    store: Handle<S>,
    task: usize,
    counter: Arc<AtomicUsize>,
    rng: Rng,
    known: Vec<Known>,
}

impl<S: JobStore> Caller<S> {
    async fn make_calls(mut self, jobs: &[&'static str]) -> Vec<(usize, Done)> {
        let mut all = Vec::new();
        for _ in 0..self.rng.usize(2..=4) {
            let place = self.rng.usize(..jobs.len());
            let call = self.choose(place);
            let made = self.counter.fetch_add(1, Ordering::SeqCst);
            let answer = self.make(jobs[place], &call).await;
            let returned = self.counter.fetch_add(1, Ordering::SeqCst);
            let known = &mut self.known[place];
            known.is_gone = match &answer {
                Answer::Removed(_) | Answer::Got(None) => true,
                Answer::Committed(outcome) => *outcome == CommitOutcome::Removed,
                _ => false,
            };
            match &answer {
                Answer::Got(Some(job)) => known.learn(job),
                Answer::Claimed { record: Some(record), .. } => known.fences.push(record.fence),
                Answer::TookOver { runs, .. } => {
                    known.run_fences.extend(runs.iter().map(|run| run.run.fence));
                }
                _ => {}
            }
            all.push((place, Done { task: self.task, made, returned, call, answer }));
        }
        all
    }

    fn choose(&mut self, place: usize) -> Call {
        let rng = &mut self.rng;
        let known = &self.known[place];
        let owner = node(["n", "m"][rng.usize(..2)]);
        if rng.u8(..if known.is_gone { 2 } else { 20 }) == 0 {
            return Call::Add(Box::new(added(JOBS[place], rng)));
        }
        match rng.u8(..20) {
            0..3 => Call::Get,
            3..5 => {
                let number = rng.u8(..9);
                let definition = (task(JOBS[place]), bytes(&number.to_string()));
                let schedule = rng.bool().then(|| Some(Schedule::at(at(rng.i64(0..3)))));
                let update = RecordUpdate {
                    definition: Some(definition),
                    schedule,
                    ..RecordUpdate::default()
                };
                Call::Update { expected: known.revision, update }
            }
            5 => Call::Remove,
            6..11 => {
                // Before or after a claim that was made at the beginning has expired.
                let now = if rng.u8(..3) == 0 { at(2).saturating_add(LEASE) } else { at(2) };
                Call::Claim { node: owner, now }
            }
            11..18 => {
                let action = action(rng, known);
                let of_run = is_of_run(&action);
                let of = if of_run { &known.run_fences } else { &known.fences };
                Call::Commit { fence: Known::fence(of, rng), action }
            }
            _ => Call::TakeOver { node: owner },
        }
    }

    async fn make(&self, job: &str, call: &Call) -> Answer {
        let store = &self.store.store;
        let filter: TaskFilter = only(&[job]);
        match call.clone() {
            Call::Get => Answer::Got(self.store.find_stored(job).await.map(Box::new)),
            Call::Update { expected, update } => {
                let updated = store.update(&id(job), expected, update).await;
                Answer::Updated(updated.map_err(|error| error.kind()))
            }
            Call::Remove => Answer::Removed(self.store.remove(job).await),
            Call::Add(record) => {
                let outcomes = store.add(vec![*record]).await.expect("adding works");
                Answer::Added(outcomes[0])
            }
            Call::Claim { node, now } => {
                let claims = store.claim_due(&node, now, 1, LEASE, &filter).await;
                let mut claims = claims.expect("claiming works");
                assert!(claims.records.len() <= 1, "{claims:?}");
                Answer::Claimed {
                    record: claims.records.pop().map(Box::new),
                    more: claims.has_more,
                }
            }
            Call::Commit { fence, action } => {
                let commit = Commit { id: id(job), fence, action };
                let outcomes = store.commit(CommitBatch::from(vec![commit])).await;
                Answer::Committed(outcomes.expect("committing works")[0])
            }
            Call::TakeOver { node } => {
                // No node has renewed, so that all of them are dead.
                let taken = self.store.take_over_some(&node, at(2), 9, &filter).await;
                Answer::TookOver { runs: taken.runs, released: taken.released }
            }
        }
    }
}

/// A job under an id that another has had.
fn added(job: &'static str, rng: &mut Rng) -> NewRecord {
    let definition = bytes(&format!("added {}", rng.u8(..9)));
    NewRecord { task: task(job), definition, ..due(job, at(rng.i64(0..3))) }
}

fn action(rng: &mut Rng, known: &Known) -> CommitAction {
    let new_run = |rng: &mut Rng| run(rng.u128(1..4), "n");
    let start = |rng: &mut Rng| (0..rng.usize(..2)).map(|_| new_run(rng)).collect();
    let schedule = Schedule::at(at(rng.i64(0..3)));
    match rng.u8(..8) {
        0..2 => CommitAction::Advance { schedule, fire_count: rng.u64(..9), start: start(rng) },
        2 => CommitAction::Finish { start: start(rng) },
        3 => CommitAction::Postpone { due_at: at(rng.i64(0..3)) },
        4 => CommitAction::BringForward { due_at: at(0) },
        5 => CommitAction::Start { runs: vec![new_run(rng)] },
        6 => CommitAction::ClearRun { run_id: RunId::from_u128(rng.u128(1..3)) },
        _ => {
            let fence = known.run_fences.iter().max().copied().unwrap_or_default().next();
            let again = InFlightRun { attempt: rng.u32(2..4), fence, ..run(1, "n") };
            CommitAction::RetryRun { run: again }
        }
    }
}
