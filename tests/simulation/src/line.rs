//! The simulated connection between a process and the store, with fault injection.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::FutureExt;
use punctual_core::{
    AddOutcome, Claims, CommitBatch, CommitOutcome, DynJobStore, Fence, HistoryPage, HistoryQuery,
    JobId, Metadata, NewRecord, NodeId, RecordUpdate, Renewal, Revision, StoreCaps, StoreError,
    StoreErrorKind, StoredJob, TakeOver, TaskFilter, Timestamp,
};
use punctual_store_kit::{StoreCall, StoreLayer};

use crate::check::How;
use crate::process::Process;
use crate::script::Outage;
use crate::show;
use crate::time::pause;
use crate::world::World;

/// The client timeout of a call in milliseconds.
const TIMEOUT: u32 = 1_500;

/// The connection of a process to the store.
pub(crate) struct StoreLine {
    world: Arc<World>,
    process: Weak<Process>,
    number: usize,
    machine: usize,
}

/// The outcome of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
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

impl StoreLine {
    pub(crate) fn new(world: &Arc<World>, process: &Arc<Process>) -> Self {
        Self {
            world: Arc::clone(world),
            process: Arc::downgrade(process),
            number: process.number,
            machine: process.machine,
        }
    }

    /// Returns the delays of the request and of the response in milliseconds, and the outcome of the call.
    fn fate(&self, call: StoreCall) -> (u32, u32, Fate) {
        let world = &self.world;
        if let Some((outage, left)) = world.outage(self.machine) {
            return match outage {
                Outage::Refused => (0, world.random(0..5), Fate::Refused),
                Outage::Silent => (0, TIMEOUT, Fate::Refused),
                Outage::Deaf => (0, TIMEOUT, Fate::Lost),
                Outage::Stalled if left <= TIMEOUT => (left, 0, Fate::Done),
                Outage::Stalled => (0, TIMEOUT, Fate::Late(left - TIMEOUT)),
            };
        }
        let faults = &world.script.machines[self.machine].line;
        let (there, back) = match world.random(0..8) {
            0 => (world.random(0..4), world.random(0..4)),
            1 => (0, world.random(0..3)),
            _ => (0, 0),
        };
        if world.strikes(faults.refused) {
            return (there, back, Fate::Refused);
        }
        if world.strikes(faults.lost) {
            return (there, world.random(0..TIMEOUT), Fate::Lost);
        }
        if world.strikes(faults.late) {
            return (0, TIMEOUT, Fate::Late(world.random(0..6_000)));
        }
        if call == StoreCall::Commit && world.strikes(faults.part) {
            return (there, world.random(0..TIMEOUT), Fate::Part);
        }
        if world.strikes(faults.slow) {
            return (world.random(0..700), world.random(0..700), Fate::Done);
        }
        (there, back, Fate::Done)
    }

    /// Makes a call; `apply` executes it atomically on the store.
    async fn call<T: Send>(
        &self,
        call: StoreCall,
        apply: impl FnOnce(&World, &Process, How) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(process) = self.process.upgrade() else { return Err(lost(call)) };
        process.gate.pass().await;
        let (there, back, fate) = self.fate(call);
        pause(there).await;
        let result = match fate {
            Fate::Done => apply(&self.world, &process, How::Answered),
            Fate::Refused => Err(lost(call)),
            Fate::Lost => {
                drop(apply(&self.world, &process, How::Unanswered));
                Err(lost(call))
            }
            Fate::Part => {
                drop(apply(&self.world, &process, How::InPart));
                Err(lost(call))
            }
            // An older renewal would shorten the lease, which no store prevents: see the decision record.
            Fate::Late(_) if call == StoreCall::Renew => Err(lost(call)),
            Fate::Late(after) => {
                let (world, process) = (Arc::clone(&self.world), Arc::clone(&process));
                tokio::spawn(async move {
                    pause(TIMEOUT.saturating_add(after)).await;
                    world.tell(&process, || format!("{call:?} arrives late"));
                    drop(apply(&world, &process, How::Unanswered));
                });
                Err(lost(call))
            }
        };
        if fate != Fate::Done {
            self.world.tell(&process, || format!("{call:?} fails: {fate:?}"));
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

impl World {
    pub(crate) fn stored(&self, id: &JobId) -> Option<StoredJob> {
        now(self.store.get(id)).ok().flatten()
    }
}

impl StoreLayer for StoreLine {
    fn inner(&self) -> &dyn DynJobStore {
        &self.world.store
    }

    fn caps(&self) -> StoreCaps {
        let caps = StoreCaps::shared().with_history();
        if self.world.script.store_clock { caps.with_clock() } else { caps }
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.call(StoreCall::Start, |_, _, _| Ok(())).await
    }

    async fn shutdown(&self) {
        self.world.note(|| format!("{} on {}: shut its store down", self.number, self.machine));
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.call(StoreCall::Add, move |world, process, _| {
            let ids: Vec<JobId> = records.iter().map(|new| new.id.clone()).collect();
            let outcomes = now(world.store.add(records))?;
            world.tell(process, || format!("adds {ids:?}: {outcomes:?}"));
            for (id, outcome) in ids.iter().zip(&outcomes) {
                if let Some(job) = world.stored(id).filter(|_| *outcome == AddOutcome::Added) {
                    world.check(process, |check, _| check.added(&job));
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
        self.call(StoreCall::Update, move |world, process, _| {
            let changes = update.schedule;
            let revision = now(world.store.update(&id, expected, update))?;
            let job = world.stored(&id);
            world.tell(process, || format!("updates {}", show::job(job.as_ref())));
            if let Some(job) = job {
                world.check(process, |check, at| check.updated(&job, changes, at));
            }
            Ok(revision)
        })
        .await
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let ids = ids.to_vec();
        self.call(StoreCall::Remove, move |world, process, _| {
            let before: Vec<_> = ids.iter().map(|id| world.stored(id)).collect();
            let removed = now(world.store.remove(&ids))?;
            world.tell(process, || format!("removes {ids:?}: {removed:?}"));
            for job in before.into_iter().flatten() {
                world.check(process, |check, at| check.removed(&job, at));
            }
            Ok(removed)
        })
        .await
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let id = id.clone();
        self.call(StoreCall::Get, move |world, _, _| Ok(world.stored(&id))).await
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
        self.call(StoreCall::ClaimDue, move |world, process, _| {
            let claims = now(world.store.claim_due(&node, instant, limit, lease, &filter))?;
            for record in &claims.records {
                world.tell(process, || format!("claims {}", show::record(record)));
            }
            world.check(process, |check, at| check.claimed(process, &claims, instant, at));
            Ok(claims)
        })
        .await
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let sent = batch.commits.iter().map(|c| (c.id.clone(), c.fence)).collect();
        let mut unanswered = Unanswered { world: Arc::clone(&self.world), commits: sent };
        let carry_out = move |world: &World, process: &Process, how| {
            let CommitBatch { mut commits, mut history, .. } = batch;
            if how == How::InPart {
                commits.truncate(commits.len() / 2);
                history.truncate(history.len() / 2);
            }
            now(world.store.commit(CommitBatch::new(Vec::new(), history.clone())))?;
            world.check(process, |check, _| check.recorded(&history));
            let mut outcomes = Vec::with_capacity(commits.len());
            for commit in commits {
                let before = world.stored(&commit.id);
                let outcome = now(world.store.commit(vec![commit.clone()].into()))?;
                let after = world.stored(&commit.id);
                world.tell(process, || show::commit(&commit, &outcome, after.as_ref()));
                world.check(process, |check, at| {
                    check.committed(process, &commit, (before, after), how, at)
                });
                outcomes.extend(outcome);
            }
            Ok(outcomes)
        };
        let outcomes = self.call(StoreCall::Commit, carry_out).await;
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
        }
        self.call(StoreCall::Renew, move |world, process, _| {
            let told = now(world.store.renew(&node, instant, until, &filter))?;
            world.tell(process, || show::renewal(&node, instant, until, &told));
            world.check(process, |check, at| check.instant(process, instant, at));
            let time = world.script.store_clock.then(|| world.now());
            Ok(told.with_time(time))
        })
        .await
    }

    async fn take_over(
        &self,
        node: &NodeId,
        instant: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let (node, filter) = (node.clone(), filter.clone());
        self.call(StoreCall::TakeOver, move |world, process, _| {
            let taken = now(world.store.take_over(&node, instant, limit, &filter))?;
            world.tell(process, || show::take_over(&taken));
            world.check(process, |check, at| {
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
        let apply = move |world: &World, _: &Process, _| now(world.store.next_wakeup(&filter));
        self.call(StoreCall::NextWakeup, apply).await
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        self.call(StoreCall::Metadata, |world, _, _| now(world.store.metadata())).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        let apply =
            |world: &World, _: &Process, _| Ok(world.script.store_clock.then(|| world.now()));
        self.call(StoreCall::Time, apply).await
    }

    async fn read_history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        let query = query.clone();
        let apply = move |world: &World, _: &Process, _| now(world.store.read_history(&query));
        self.call(StoreCall::ReadHistory, apply).await
    }
}

/// Commits without a response, possibly because their future was dropped.
struct Unanswered {
    world: Arc<World>,
    commits: Vec<(JobId, Fence)>,
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.commits.is_empty() {
            let commits = std::mem::take(&mut self.commits);
            self.world.check_all(|check, _| check.doubted(commits));
        }
    }
}
