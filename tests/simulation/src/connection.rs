//! The simulated connection between a process and the store, with fault injection.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use punctual_core::{
    AddOutcome, Claims, CommitBatch, CommitOutcome, DynJobStore, Fence, HistoryRecordPage,
    HistoryRecordQuery, JobId, Metadata, NewRecord, NodeId, RecordUpdate, Renewal, Revision,
    StoreCaps, StoreError, StoreErrorKind, StoredJob, TakeOver, TakeOverFrom, TaskFilter,
    Timestamp,
};
use punctual_store_kit::{StoreCall, StoreLayer};

use crate::check::Delivery;
use crate::process::Process;
use crate::script::Outage;
use crate::show;
use crate::simulation::Simulation;
use crate::time::pause;

/// The client timeout of a call in milliseconds.
const TIMEOUT: u32 = 1_500;

/// The connection of a process to the store.
pub(crate) struct SimulatedConnection {
    simulation: Arc<Simulation>,
    process: Weak<Process>,
    number: usize,
    machine: usize,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CallOutcome {
    Done,
    /// The call is not applied.
    Refused,
    /// The call is applied, and its response is lost.
    Lost,
    /// The call is applied this many milliseconds after the client timeout.
    Late(u32),
    /// The call is applied in part, and its response is lost.
    Part,
}

impl SimulatedConnection {
    pub(crate) fn new(simulation: &Arc<Simulation>, process: &Arc<Process>) -> Self {
        Self {
            simulation: Arc::clone(simulation),
            process: Arc::downgrade(process),
            number: process.number,
            machine: process.machine,
        }
    }

    /// Returns the delays of the request and of the response in milliseconds, and the outcome of the call.
    fn call_outcome(&self, call: StoreCall) -> (u32, u32, CallOutcome) {
        let simulation = &self.simulation;
        if let Some((outage, left)) = simulation.outage(self.machine) {
            return match outage {
                Outage::Refused => (0, simulation.random(0..5), CallOutcome::Refused),
                Outage::RequestLost => (0, TIMEOUT, CallOutcome::Refused),
                Outage::ResponseLost => (0, TIMEOUT, CallOutcome::Lost),
                Outage::RequestDelayed if left <= TIMEOUT => (left, 0, CallOutcome::Done),
                Outage::RequestDelayed => (0, TIMEOUT, CallOutcome::Late(left - TIMEOUT)),
            };
        }
        let faults = &simulation.script.machines[self.machine].call_faults;
        let (there, back) = match simulation.random(0..8) {
            0 => (simulation.random(0..4), simulation.random(0..4)),
            1 => (0, simulation.random(0..3)),
            _ => (0, 0),
        };
        if simulation.roll_permille(faults.refused) {
            return (there, back, CallOutcome::Refused);
        }
        if simulation.roll_permille(faults.lost) {
            return (there, simulation.random(0..TIMEOUT), CallOutcome::Lost);
        }
        if simulation.roll_permille(faults.late) {
            return (0, TIMEOUT, CallOutcome::Late(simulation.random(0..6_000)));
        }
        if call == StoreCall::Commit && simulation.roll_permille(faults.part) {
            return (there, simulation.random(0..TIMEOUT), CallOutcome::Part);
        }
        if simulation.roll_permille(faults.slow) {
            return (simulation.random(0..700), simulation.random(0..700), CallOutcome::Done);
        }
        (there, back, CallOutcome::Done)
    }

    /// Makes a call; `apply` executes it atomically on the store.
    async fn call<T: Send>(
        &self,
        call: StoreCall,
        apply: impl FnOnce(&Simulation, &Process, Delivery) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(process) = self.process.upgrade() else { return Err(lost(call)) };
        process.gate.pass().await;
        let (there, back, call_outcome) = self.call_outcome(call);
        pause(there).await;
        let result = match call_outcome {
            CallOutcome::Done => apply(&self.simulation, &process, Delivery::Delivered),
            CallOutcome::Refused => Err(lost(call)),
            CallOutcome::Lost => {
                drop(apply(&self.simulation, &process, Delivery::Lost));
                Err(lost(call))
            }
            CallOutcome::Part => {
                drop(apply(&self.simulation, &process, Delivery::Partial));
                Err(lost(call))
            }
            // An older renewal would shorten the lease, which no store prevents: see the decision record.
            CallOutcome::Late(_) if call == StoreCall::Renew => Err(lost(call)),
            CallOutcome::Late(after) => {
                let (simulation, process) = (Arc::clone(&self.simulation), Arc::clone(&process));
                tokio::spawn(async move {
                    pause(TIMEOUT.saturating_add(after)).await;
                    simulation.trace_process(&process, || format!("{call:?} arrives late"));
                    drop(apply(&simulation, &process, Delivery::Lost));
                });
                Err(lost(call))
            }
        };
        if call_outcome != CallOutcome::Done {
            self.simulation.trace_process(&process, || format!("{call:?} fails: {call_outcome:?}"));
        }
        pause(back).await;
        process.gate.pass().await;
        result
    }
}

fn lost(call: StoreCall) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, format!("no response to {call:?}"))
}

/// Returns the result of a store call that never waits.
fn now<T>(call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    call.now_or_never().unwrap_or_else(|| Err(lost(StoreCall::Start)))
}

impl Simulation {
    pub(crate) fn stored(&self, id: &JobId) -> Option<StoredJob> {
        now(self.store.get(id)).ok().flatten()
    }
}

impl StoreLayer for SimulatedConnection {
    fn inner(&self) -> &dyn DynJobStore {
        &self.simulation.store
    }

    fn caps(&self) -> StoreCaps {
        let caps = StoreCaps::shared().with_history();
        if self.simulation.script.store_clock { caps.with_clock() } else { caps }
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.call(StoreCall::Start, |_, _, _| Ok(())).await
    }

    async fn shutdown(&self) {
        self.simulation
            .trace(|| format!("{} on {}: shut its store down", self.number, self.machine));
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.call(StoreCall::Add, move |simulation, process, _| {
            let ids: Vec<JobId> = records.iter().map(|new| new.id.clone()).collect();
            let outcomes = now(simulation.store.add(records))?;
            simulation.trace_process(process, || format!("adds {ids:?}: {outcomes:?}"));
            for (id, outcome) in ids.iter().zip(&outcomes) {
                if let Some(job) = simulation.stored(id).filter(|_| *outcome == AddOutcome::Added) {
                    simulation.check(process, |check, _| check.added(&job));
                }
            }
            Ok(outcomes)
        })
        .await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let id = id.clone();
        self.call(StoreCall::Update, move |simulation, process, _| {
            let changes = update.schedule;
            let revision = now(simulation.store.update(&id, expected, update))?;
            let job = simulation.stored(&id);
            simulation.trace_process(process, || format!("updates {}", show::job(job.as_ref())));
            if let Some(job) = job {
                simulation.check(process, |check, at| check.updated(&job, changes, at));
            }
            Ok(revision)
        })
        .await
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let ids = ids.to_vec();
        self.call(StoreCall::Remove, move |simulation, process, _| {
            let before: Vec<_> = ids.iter().map(|id| simulation.stored(id)).collect();
            let removed = now(simulation.store.remove(&ids))?;
            simulation.trace_process(process, || format!("removes {ids:?}: {removed:?}"));
            for job in before.into_iter().flatten() {
                simulation.check(process, |check, at| check.removed(&job, at));
            }
            Ok(removed)
        })
        .await
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let id = id.clone();
        self.call(StoreCall::Get, move |simulation, _, _| Ok(simulation.stored(&id))).await
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        instant: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let (node, filter) = (node.clone(), filter.clone());
        self.call(StoreCall::ClaimDue, move |simulation, process, _| {
            let claims = now(simulation.store.claim_due(&node, instant, limit, lease, &filter))?;
            for record in &claims.records {
                simulation.trace_process(process, || format!("claims {}", show::record(record)));
            }
            simulation.check(process, |check, at| check.claimed(process, &claims, instant, at));
            Ok(claims)
        })
        .await
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let sent = batch.commits.iter().map(|c| (c.id.clone(), c.fence)).collect();
        let mut unanswered = Unanswered { simulation: Arc::clone(&self.simulation), commits: sent };
        let apply = move |simulation: &Simulation, process: &Process, delivery| {
            let CommitBatch { mut commits, mut history, .. } = batch;
            if delivery == Delivery::Partial {
                commits.truncate(commits.len() / 2);
                history.truncate(history.len() / 2);
            }
            now(simulation.store.commit(CommitBatch::new(Vec::new(), history.clone())))?;
            simulation.check(process, |check, _| check.recorded(&history));
            let mut outcomes = Vec::with_capacity(commits.len());
            for commit in commits {
                let before = simulation.stored(&commit.id);
                let outcome = now(simulation.store.commit(vec![commit.clone()].into()))?;
                let after = simulation.stored(&commit.id);
                simulation
                    .trace_process(process, || show::commit(&commit, &outcome, after.as_ref()));
                simulation.check(process, |check, at| {
                    check.committed(process, &commit, (before, after), delivery, at)
                });
                outcomes.extend(outcome);
            }
            Ok(outcomes)
        };
        let outcomes = self.call(StoreCall::Commit, apply).await;
        if outcomes.is_ok() {
            unanswered.commits.clear();
        }
        outcomes
    }

    async fn renew(
        &self,
        node: &NodeId,
        instant: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let (node, filter) = (node.clone(), filter.clone());
        if let Some(process) = self.process.upgrade() {
            *process.node.lock() = Some(node.clone());
            if until <= instant {
                self.simulation.check(&process, |check, _| check.ends_lease(&process));
            }
        }
        self.call(StoreCall::Renew, move |simulation, process, _| {
            let renewal = now(simulation.store.renew(&node, instant, until, &filter))?;
            simulation.trace_process(process, || show::renewal(&node, instant, until, &renewal));
            let time = simulation.script.store_clock.then(|| simulation.now());
            Ok(renewal.with_time(time))
        })
        .await
    }

    async fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        instant: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let (node, from, filter) = (node.clone(), from.clone(), filter.clone());
        self.call(StoreCall::TakeOver, move |simulation, process, _| {
            let taken = now(simulation.store.take_over(&node, &from, instant, limit, &filter))?;
            simulation.trace_process(process, || show::take_over(&from, &taken));
            simulation.check(process, |check, at| {
                check.instant(process, instant, at)?;
                check.taken_over(&taken, at);
                Ok(())
            });
            Ok(taken)
        })
        .await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        let filter = filter.clone();
        let apply = move |simulation: &Simulation, _: &Process, _| {
            now(simulation.store.next_wakeup(&filter))
        };
        self.call(StoreCall::NextWakeup, apply).await
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        self.call(StoreCall::Metadata, |simulation, _, _| now(simulation.store.metadata())).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let apply = |simulation: &Simulation, _: &Process, _| {
            Ok(simulation.script.store_clock.then(|| simulation.now()))
        };
        self.call(StoreCall::Time, apply).await
    }

    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let query = query.clone();
        let apply = move |simulation: &Simulation, _: &Process, _| {
            now(simulation.store.read_history(&query))
        };
        self.call(StoreCall::ReadHistory, apply).await
    }
}

/// Commits without a response, possibly because their future was dropped.
struct Unanswered {
    simulation: Arc<Simulation>,
    commits: Vec<(JobId, Fence)>,
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.commits.is_empty() {
            let commits = std::mem::take(&mut self.commits);
            self.simulation.check_all(|check, _| check.unconfirmed(commits));
        }
    }
}
