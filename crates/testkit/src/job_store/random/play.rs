//! Plays operations to a store and to the model at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use punctual_core::{
    Claims, Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, JobCursor, JobId,
    JobPage, JobStore, Metadata, NodeLease, RecordUpdate, Renewal, Revision, StoreCaps, StoreError,
    TakeOver, TaskFilter, Timestamp, error_chain,
};

use super::compare::{Fences, adopt_fence, earliest_first, ensure, same};
use super::convert::{definition, filter, run_id};
use super::generate::JOBS;
use super::ops::{Action, At, Change, Expected, FenceOf, Guarded, Name, NewRun, Op, ScheduleSpec};
use super::world::World;
use crate::job_store::StoreFixture;
use crate::job_store::kit::{id, node, task};

/// How often everything that is stored is compared; what an operation is about is compared after each.
const WHOLE: usize = 10;

/// How many calls a take-over may need.
const CALLS: usize = 200;

/// What a store and the model have come to.
pub(super) struct Player<'f, F: StoreFixture> {
    fixture: &'f F,
    /// The first one is played to.
    stores: Vec<F::Store>,
    pub(super) caps: StoreCaps,
    pub(super) world: World,
    fences: Fences,
    /// The batches that were made, sent or not.
    made: Vec<CommitBatch>,
}

/// Where and how a store and the model differ.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// The number of the operation.
    pub(super) step: usize,
    pub(super) message: String,
}

/// Plays a sequence in a place of its own.
pub(super) async fn play<F: StoreFixture>(ops: &[Op]) -> Result<(), Difference> {
    let Some(fixture) = F::set_up("random").await else { return Ok(()) };
    let result = Player::new(&fixture).await.play(ops).await;
    fixture.tear_down().await;
    result
}

pub(super) fn failed(call: &str) -> impl Fn(StoreError) -> String {
    move |error| format!("{call} fails: {}", error_chain(&error))
}

impl<'f, F: StoreFixture> Player<'f, F> {
    async fn new(fixture: &'f F) -> Self {
        let store = fixture.open().await;
        let caps = store.caps();
        store.start().await.expect("the store starts");
        let (world, fences) = (World::default(), Fences::default());
        Self { fixture, stores: vec![store], caps, world, fences, made: Vec::new() }
    }

    async fn play(mut self, ops: &[Op]) -> Result<(), Difference> {
        let mut result = Ok(());
        for (step, op) in ops.iter().enumerate() {
            let mut outcome = self.step(op).await;
            if outcome.is_ok() && (step % WHOLE == WHOLE - 1 || step == ops.len() - 1) {
                outcome = self.compare_all().await;
            }
            if let Err(message) = outcome {
                result = Err(Difference { step, message });
                break;
            }
        }
        for store in self.stores {
            store.shutdown().await;
        }
        result
    }

    pub(super) fn store(&self) -> &F::Store {
        &self.stores[0]
    }

    async fn step(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Add(new) => {
                let records: Vec<_> = new.iter().map(|new| new.record()).collect();
                let ids: Vec<_> = records.iter().map(|record| record.id.clone()).collect();
                let before = self.world.clone();
                let expected: Vec<_> =
                    records.iter().map(|record| self.world.add(record.clone())).collect();
                let returned = self.store().add(records).await.map_err(failed("add"))?;
                same("add", &expected, &returned)?;
                self.look_at(&ids, &before).await
            }
            Op::Update(change) => self.update(change).await,
            Op::Remove(jobs) => {
                let ids: Vec<_> = jobs.iter().map(|job| id(job)).collect();
                let before = self.world.clone();
                let gone = ids.iter().map(|id| self.world.jobs.remove(id).is_some());
                let expected: Vec<_> = gone.collect();
                let returned = self.store().remove(&ids).await.map_err(failed("remove"))?;
                same("remove", &expected, &returned)?;
                self.look_at(&ids, &before).await
            }
            Op::List { after, limit } => {
                let after = after.map(|(time, job)| JobCursor {
                    next_run_time: time.map(|time| time.instant()),
                    id: id(job),
                });
                self.compare_list(after.as_ref(), *limit).await
            }
            Op::Claim { node, now, limit, lease, tasks } => {
                let lease = Duration::from_secs(*lease);
                self.claim(node, now.instant(), *limit, lease, &filter(*tasks)).await
            }
            Op::Commit { commits, ended, later } => {
                let commits = commits.iter().map(|commit| self.commit(commit)).collect();
                let ended = ended.iter().filter(|_| self.caps.history);
                let batch = CommitBatch::new(commits, ended.map(|ended| ended.entry()).collect());
                self.made.push(batch.clone());
                if *later { Ok(()) } else { self.send(batch).await }
            }
            Op::Deliver { back } => match self.made.iter().nth_back(*back).cloned() {
                Some(batch) => self.send(batch).await,
                None => Ok(()),
            },
            Op::Renew { node, now, until, tasks } => {
                self.renew(node, now.instant(), until.instant(), &filter(*tasks)).await
            }
            Op::TakeOver { node, now, limit, tasks } => {
                self.take_over(node, now.instant(), *limit, &filter(*tasks)).await
            }
            Op::NextWakeup { tasks } => {
                let filter = filter(*tasks);
                let wakeup = self.store().next_wakeup(&filter).await;
                let wakeup = wakeup.map_err(failed("next_wakeup"))?;
                same("next_wakeup", &self.world.next_wakeup(&filter), &wakeup)
            }
            Op::SetMetadata { key, value } => {
                let value = value.to_string();
                self.world.metadata.insert((*key).into(), value.clone());
                let set = self.store().set_metadata(key, &value).await;
                set.map_err(failed("set_metadata"))?;
                self.compare_metadata().await
            }
            Op::ReadHistory { .. } | Op::ForgetBefore { .. } | Op::ForgetBeyond { .. } => {
                self.history(op).await
            }
            Op::Restart => {
                self.store().shutdown().await;
                self.store().start().await.map_err(failed("start"))
            }
            Op::Reopen if self.caps.persistent => {
                self.store().shutdown().await;
                self.stores[0] = self.fixture.open().await;
                self.store().start().await.map_err(failed("start"))
            }
            Op::Switch if self.caps.shared => {
                if self.stores.len() == 1 {
                    let store = self.fixture.open().await;
                    store.start().await.map_err(failed("start"))?;
                    self.stores.push(store);
                }
                self.stores.rotate_left(1);
                Ok(())
            }
            Op::Reopen | Op::Switch => Ok(()),
        }
    }

    async fn update(&mut self, change: &Change) -> Result<(), String> {
        let id = id(change.job);
        let before = self.world.clone();
        let old = before.jobs.get(&id).map(|job| &job.record);
        let revision = old.map_or(Revision::FIRST, |record| record.revision);
        let expected = Revision(revision.0 + change.revision_off);
        let update = RecordUpdate {
            definition: change.definition.map(|(of, number)| (task(of), definition(number))),
            schedule: change.schedule.map(|schedule| schedule.map(ScheduleSpec::schedule)),
            expected_run_time: change.expected.map(|expected| match expected {
                Expected::TheOneItHas => old.and_then(|record| record.next_run_time()),
                Expected::None => None,
                Expected::At(at) => Some(at.instant()),
            }),
            restart: change.restart,
        };
        let wanted = self.world.update(&id, expected, update.clone());
        let returned = self.store().update(&id, expected, update).await;
        same("update", &wanted, &returned.map_err(|error| error.kind()))?;
        self.look_at(&[id], &before).await
    }

    async fn claim(
        &mut self,
        owner: Name,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<(), String> {
        let claims = self.store().claim_due(&node(owner), now, limit, lease, filter).await;
        let Claims { records, has_more: more, corrupt, .. } =
            claims.map_err(failed("claim_due"))?;
        same("corrupt of claim_due", &vec![], &corrupt)?;
        ensure(records.len() <= limit, || format!("claim_due: too many: {records:?}"))?;
        let claimable = self.world.passing(filter).filter(|job| job.is_claimable(now));
        let due = claimable.filter_map(|job| Some((&job.record.id, job.record.schedule?.due_at)));
        let left = earliest_first(due.collect(), &records)?;
        ensure(more || left == 0, || format!("claim_due says that nothing is left: {left}"))?;
        let before = self.world.clone();
        for record in &records {
            let Some(job) = self.world.jobs.get_mut(&record.id) else { continue };
            job.claim(&node(owner), now, lease);
            adopt_fence(job, before.jobs.get(&record.id), record, &self.fences)?;
            same("claim_due", &job.record, record)?;
        }
        self.look_at_all(&before).await
    }

    fn commit(&self, Guarded { job, fence, action }: &Guarded) -> Commit {
        let id = id(job);
        let run = match action {
            Action::Clear { run } | Action::Retry { run, .. } => run_id(*run),
            _ => run_id(0),
        };
        let fence = match *fence {
            FenceOf::Job { back } => self.fences.of_job(&id, back),
            FenceOf::Run { back } => self.fences.of_run(&id, run, back),
            FenceOf::Nobody { large: true } => Fence::MAX,
            FenceOf::Nobody { large: false } => Fence(0),
        };
        let runs = |runs: &[NewRun]| runs.iter().map(NewRun::run).collect();
        let action = match action {
            Action::Advance { to, fire_count, start } => CommitAction::Advance {
                schedule: to.schedule(),
                fire_count: *fire_count,
                start: runs(start),
            },
            Action::Finish { start } => CommitAction::Finish { start: runs(start) },
            Action::Postpone { due } => CommitAction::Postpone { due_at: due.instant() },
            Action::BringForward { due } => CommitAction::BringForward { due_at: due.instant() },
            Action::Start { runs: start } => CommitAction::Start { runs: runs(start) },
            Action::Clear { .. } => CommitAction::ClearRun { run_id: run },
            Action::Retry { run, node, attempt, fence_plus } => {
                let again = NewRun { run: *run, node, scheduled: At(0), fence: 0 };
                let fence = Fence(fence.0.saturating_add(*fence_plus).min(Fence::MAX.0));
                let run = again.run();
                let run = InFlightRun { attempt: *attempt, fence, ..run };
                CommitAction::RetryRun { run }
            }
        };
        Commit { id, fence, action }
    }

    async fn send(&mut self, batch: CommitBatch) -> Result<(), String> {
        let before = self.world.clone();
        let ids: Vec<_> = batch.commits.iter().map(|commit| commit.id.clone()).collect();
        let returned = self.store().commit(batch.clone()).await.map_err(failed("commit"))?;
        let commits = batch.commits.into_iter();
        let expected: Vec<CommitOutcome> =
            commits.map(|commit| self.world.commit(commit)).collect();
        batch.history.into_iter().for_each(|entry| self.world.record(entry));
        same("commit", &expected, &returned)?;
        self.look_at(&ids, &before).await
    }

    async fn renew(
        &mut self,
        owner: Name,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<(), String> {
        let owner = node(owner);
        let renewal = self.store().renew(&owner, now, until, filter).await;
        let renewal = renewal.map_err(failed("renew"))?;
        let before = self.world.nodes.insert(owner.clone(), NodeLease { until });
        // Whether claims that have expired count is the store's choice.
        let orphans = |with_expired| {
            let left = self.world.left(Some(&owner), now, filter, with_expired);
            !left.runs.is_empty() || !left.claims.is_empty()
        };
        let is_free = orphans(true) != orphans(false);
        let expired = NodeLease::has_expired(before, now);
        let orphans = if is_free { renewal.has_orphans } else { orphans(true) };
        let expected = Renewal::new(expired, self.world.next_wakeup(filter), orphans);
        let expected = expected.with_time(renewal.time);
        same("renew", &expected, &renewal)?;
        same("whether renew returns the time", &self.caps.clock, &renewal.time.is_some())
    }

    async fn take_over(
        &mut self,
        heir: Name,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<(), String> {
        let heir = node(heir);
        // What a dead node takes it can take again, so that there is no end to it.
        let is_dead = self.world.is_dead(&heir, now);
        let limit = if is_dead { usize::MAX } else { limit };
        let before = self.world.clone();
        let left = self.world.take_over(&heir, now, filter);
        let (mut runs, mut released) = (Vec::new(), 0);
        for call in 1.. {
            let taken = self.store().take_over(&heir, now, limit, filter).await;
            let TakeOver { runs: some, released: count, has_more: more, corrupt, .. } =
                taken.map_err(failed("take_over"))?;
            same("corrupt of take_over", &vec![], &corrupt)?;
            let is_within = some.len() <= limit && count <= limit;
            ensure(is_within, || format!("take_over: more than {limit}: {some:?}, {count}"))?;
            ensure(call < CALLS, || "take_over comes to no end".into())?;
            runs.extend(some);
            released += count;
            if !more || is_dead {
                break;
            }
        }
        same("released by take_over", &left.claims.len(), &released)?;
        let mut taken: Vec<_> =
            runs.iter().map(|run| (run.record.id.clone(), run.run.run_id)).collect();
        taken.sort();
        same("runs of take_over", &left.runs.into_iter().collect(), &taken)?;
        for orphan in runs {
            let (id, run_id) = (&orphan.record.id, orphan.run.run_id);
            let Some(job) = self.world.jobs.get_mut(id) else { continue };
            let Some(run) = job.runs.iter_mut().find(|run| run.run_id == run_id) else { continue };
            let old = before.jobs[id].runs.iter().find(|run| run.run_id == run_id);
            let rises = old.is_some_and(|old| orphan.run.fence > old.fence);
            ensure(rises, || format!("take_over must raise the fence of {old:?}: {orphan:?}"))?;
            run.fence = orphan.run.fence;
            same("run of take_over", run, &orphan.run)?;
            // A claim on it may be released before or after, which raises the fence.
            let mut record = job.record.clone();
            record.fence = orphan.record.fence;
            same("record of take_over", &record, &orphan.record)?;
        }
        self.look_at_all(&before).await
    }

    async fn look_at_all(&mut self, before: &World) -> Result<(), String> {
        self.look_at(&JOBS.map(id), before).await
    }

    /// Compares jobs that an operation has changed, and learns what the store chose.
    async fn look_at(&mut self, ids: &[JobId], before: &World) -> Result<(), String> {
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let seen = self.store().get(id).await.map_err(failed("get"))?;
            let job = self.world.jobs.get_mut(id);
            if let (Some(job), Some(seen)) = (job, &seen) {
                adopt_fence(job, before.jobs.get(id), &seen.record, &self.fences)?;
                self.fences.learn(job);
            }
            same("get", &self.world.jobs.get(id).cloned(), &seen)?;
        }
        Ok(())
    }

    async fn compare_list(
        &mut self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<(), String> {
        let page = self.store().list(after, limit).await.map_err(failed("list"))?;
        let rest = self.world.list().into_iter();
        let rest = rest.filter(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        let mut records: Vec<_> = rest.cloned().collect();
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        same("list", &JobPage::new(records, next), &page)
    }

    async fn compare_metadata(&mut self) -> Result<(), String> {
        let metadata = self.store().metadata().await.map_err(failed("metadata"))?;
        let values = self.world.metadata.iter().map(|(key, value)| (key.clone(), value.clone()));
        let expected = Metadata::new(values.collect());
        same("metadata", &expected, &metadata)
    }

    async fn compare_all(&mut self) -> Result<(), String> {
        let before = self.world.clone();
        self.look_at_all(&before).await?;
        self.compare_list(None, usize::MAX).await?;
        self.compare_metadata().await?;
        if self.caps.history { self.compare_history().await } else { Ok(()) }
    }
}
