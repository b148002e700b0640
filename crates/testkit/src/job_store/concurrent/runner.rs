//! Execution of histories of concurrent calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use fastrand::Rng;
use punctual_core::{
    Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, JobStore, NewRecord,
    RecordUpdate, Revision, RunId, Schedule, StoredJob, TakeOverFrom, TaskFilter,
};
use tokio::sync::Barrier;

use super::calls::{Call, CompletedCall, Response, is_of_run};
use crate::job_store::StoreFixture;
use crate::job_store::builders::{LEASE, at, bytes, due, id, node, only, run, task};
use crate::job_store::under_test::StoreUnderTest;

/// The jobs. The task of each has the same name, so that a filter selects one job.
const JOBS: [&str; 2] = ["a", "b"];

/// Opens two stores on the same jobs if they can be shared, otherwise one.
pub(super) async fn open<F: StoreFixture>(fixture: &F) -> Vec<StoreUnderTest<F::Store>> {
    let first = StoreUnderTest::start(fixture.open().await).await;
    if !first.store.caps().shared {
        return vec![first];
    }
    let second = StoreUnderTest::start(fixture.open().await).await;
    vec![first, second]
}

pub(super) async fn close<S: JobStore>(stores: Vec<StoreUnderTest<S>>) {
    for store in stores {
        store.stop().await;
    }
}

/// Runs one history and returns that of each job: its initial state, and the calls in the order of their invocation.
pub(super) async fn run_history<S: JobStore>(
    stores: &[StoreUnderTest<S>],
    seed: u64,
) -> Vec<(StoredJob, Vec<CompletedCall>)> {
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
            let client = Client {
                store,
                task: number,
                counter: Arc::clone(&counter),
                rng: rng.fork(),
                observed: firsts.iter().map(Observed::of).collect(),
            };
            let barrier = Arc::clone(&barrier);
            tokio::spawn(async move {
                barrier.wait().await;
                client.make_calls(jobs).await
            })
        })
        .collect();
    let mut histories: Vec<_> = firsts.into_iter().map(|first| (first, Vec::new())).collect();
    for task in running {
        for (position, done) in task.await.expect("no task panics") {
            histories[position].1.push(done);
        }
    }
    for (job, (_, history)) in jobs.iter().zip(&mut histories) {
        let invoked_at = counter.fetch_add(1, Ordering::SeqCst);
        let response = Response::Got(stores[0].find_stored(job).await.map(Box::new));
        history.push(CompletedCall {
            task: tasks,
            invoked_at,
            returned_at: invoked_at + 1,
            call: Call::Get,
            response,
        });
        counter.fetch_add(1, Ordering::SeqCst);
        history.sort_by_key(|done| done.invoked_at);
        stores[0].remove(job).await;
    }
    histories
}

/// Adds a job, and at random a run and a claim.
async fn set_up<S: JobStore>(
    store: &StoreUnderTest<S>,
    job: &'static str,
    rng: &mut Rng,
) -> StoredJob {
    store.add([NewRecord { task: task(job), ..due(job, at(0)) }]).await;
    if rng.bool() {
        store.start_runs(job, [run(1, "n")]).await;
    }
    if rng.bool() {
        store.claim_some(at(0), 1, &only(&[job])).await;
    }
    store.stored(job).await
}

/// The values of a job that a client has observed.
struct Observed {
    fences: Vec<Fence>,
    run_fences: Vec<Fence>,
    revision: Revision,
    /// The job was removed.
    is_gone: bool,
}

impl Observed {
    fn of(job: &StoredJob) -> Self {
        let mut observed = Self {
            fences: vec![],
            run_fences: vec![Fence(1)],
            revision: Revision::FIRST,
            is_gone: false,
        };
        observed.observe(job);
        observed
    }

    fn observe(&mut self, job: &StoredJob) {
        self.fences.push(job.record.fence);
        self.run_fences.extend(job.runs.iter().map(|run| run.fence));
        self.revision = job.record.revision;
    }

    /// Returns the latest fence in three of four cases, otherwise any.
    fn fence(of: &[Fence], rng: &mut Rng) -> Fence {
        let back = if rng.u8(..4) == 0 { rng.usize(..of.len()) } else { 0 };
        of[of.len() - 1 - back]
    }
}

struct Client<S> {
    store: StoreUnderTest<S>,
    task: usize,
    counter: Arc<AtomicUsize>,
    rng: Rng,
    observed: Vec<Observed>,
}

impl<S: JobStore> Client<S> {
    async fn make_calls(mut self, jobs: &[&'static str]) -> Vec<(usize, CompletedCall)> {
        let mut all = Vec::new();
        for _ in 0..self.rng.usize(2..=4) {
            let position = self.rng.usize(..jobs.len());
            let call = self.choose(position);
            let invoked_at = self.counter.fetch_add(1, Ordering::SeqCst);
            let response = self.make(jobs[position], &call).await;
            let returned_at = self.counter.fetch_add(1, Ordering::SeqCst);
            let observed = &mut self.observed[position];
            observed.is_gone = match &response {
                Response::Removed(_) | Response::Got(None) => true,
                Response::Committed(outcome) => *outcome == CommitOutcome::Removed,
                _ => false,
            };
            match &response {
                Response::Got(Some(job)) => observed.observe(job),
                Response::Claimed { record: Some(record), .. } => {
                    observed.fences.push(record.fence)
                }
                Response::TookOver { runs, .. } => {
                    observed.run_fences.extend(runs.iter().map(|run| run.run.fence));
                }
                _ => {}
            }
            all.push((
                position,
                CompletedCall { task: self.task, invoked_at, returned_at, call, response },
            ));
        }
        all
    }

    fn choose(&mut self, position: usize) -> Call {
        let rng = &mut self.rng;
        let observed = &self.observed[position];
        let owner = node(["n", "m"][rng.usize(..2)]);
        if rng.u8(..if observed.is_gone { 2 } else { 20 }) == 0 {
            return Call::Add(Box::new(added(JOBS[position], rng)));
        }
        match rng.u8(..20) {
            0..3 => Call::Get,
            3..5 => {
                let number = rng.u8(..9);
                let definition = (task(JOBS[position]), bytes(&number.to_string()));
                let schedule = rng.bool().then(|| Some(Schedule::at(at(rng.i64(0..3)))));
                let update = RecordUpdate {
                    definition: Some(definition),
                    schedule,
                    ..RecordUpdate::default()
                };
                Call::Update { expected: observed.revision, update }
            }
            5 => Call::Remove,
            6..11 => {
                // Before or after the expiry of an initial claim.
                let now = if rng.u8(..3) == 0 { at(2).saturating_add(LEASE) } else { at(2) };
                Call::Claim { node: owner, now }
            }
            11..18 => {
                let action = action(rng, observed);
                let of_run = is_of_run(&action);
                let of = if of_run { &observed.run_fences } else { &observed.fences };
                Call::Commit { fence: Observed::fence(of, rng), action }
            }
            _ => Call::TakeOver { node: owner },
        }
    }

    async fn make(&self, job: &str, call: &Call) -> Response {
        let store = &self.store.store;
        let filter: TaskFilter = only(&[job]);
        match call.clone() {
            Call::Get => Response::Got(self.store.find_stored(job).await.map(Box::new)),
            Call::Update { expected, update } => {
                let updated = store.update(&id(job), expected, update).await;
                Response::Updated(updated.map_err(|error| error.kind()))
            }
            Call::Remove => Response::Removed(self.store.remove(job).await),
            Call::Add(record) => {
                let outcomes = store.add(vec![*record]).await.expect("adding works");
                Response::Added(outcomes[0])
            }
            Call::Claim { node, now } => {
                let claims = store.claim_due(&node, now, 1, LEASE, &filter).await;
                let mut claims = claims.expect("claiming works");
                assert!(claims.records.len() <= 1, "{claims:?}");
                Response::Claimed {
                    record: claims.records.pop().map(Box::new),
                    more: claims.has_more,
                }
            }
            Call::Commit { fence, action } => {
                let commit = Commit { id: id(job), fence, action };
                let outcomes = store.commit(CommitBatch::from(vec![commit])).await;
                Response::Committed(outcomes.expect("committing works")[0])
            }
            Call::TakeOver { node } => {
                // No node has renewed, so all of them are expired.
                let from = &TakeOverFrom::ExpiredNodes;
                let taken = self.store.take_over_some(&node, from, at(2), 9, &filter).await;
                Response::TookOver { runs: taken.runs, released: taken.released }
            }
        }
    }
}

/// A new job with the id of the previous one.
fn added(job: &'static str, rng: &mut Rng) -> NewRecord {
    let definition = bytes(&format!("added {}", rng.u8(..9)));
    NewRecord { task: task(job), definition, ..due(job, at(rng.i64(0..3))) }
}

fn action(rng: &mut Rng, observed: &Observed) -> CommitAction {
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
            let fence = observed.run_fences.iter().max().copied().unwrap_or_default().next();
            let again = InFlightRun { attempt: rng.u32(2..4), fence, ..run(1, "n") };
            CommitAction::RetryRun { run: again }
        }
    }
}
