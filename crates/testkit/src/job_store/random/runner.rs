//! Execution of operations on a store and on the model.

use std::collections::BTreeSet;
use std::time::Duration;

use punctual_core::{
    Claims, Commit, CommitAction, CommitBatch, CommitOutcome, Fence, InFlightRun, JobCursor, JobId,
    JobRecordPage, JobStore, Metadata, NodeLease, RecordUpdate, Renewal, Revision, RunId,
    StoreCaps, TakeOver, TakeOverFrom, TaskFilter, Timestamp,
};

use super::compare::{Fences, accept_fence, earliest_first, ensure, ensure_equal, failed};
use super::convert::{definition, filter, run_id};
use super::generate::JOBS;
use super::model_state::ModelState;
use super::ops::{
    Action, CommitSpec, Expected, FenceOf, Name, Offset, Op, RunSpec, ScheduleSpec, UpdateSpec,
};
use crate::job_store::StoreFixture;
use crate::job_store::builders::{id, node, task};

/// Number of operations between comparisons of all data. After each operation only the jobs that it concerns are
/// compared.
const COMPARISON_INTERVAL: usize = 10;

/// Maximum number of calls of a take-over.
const MAX_CALLS: usize = 200;

/// Runs a sequence on a store and on the model.
pub(super) struct Runner<'f, F: StoreFixture> {
    fixture: &'f F,
    /// Operations are applied to the first one.
    stores: Vec<F::Store>,
    pub(super) caps: StoreCaps,
    pub(super) model: ModelState,
    fences: Fences,
    /// All batches that were created, sent or not.
    batches: Vec<CommitBatch>,
}

/// A difference between the store and the model.
#[derive(Clone, Debug)]
pub(super) struct Difference {
    /// The index of the operation.
    pub(super) step: usize,
    pub(super) message: String,
}

/// Runs a sequence on a new storage location.
pub(super) async fn run_sequence<F: StoreFixture>(ops: &[Op]) -> Result<(), Difference> {
    let Some(fixture) = F::set_up("random").await else { return Ok(()) };
    let result = Runner::new(&fixture).await.run(ops).await;
    fixture.tear_down().await;
    result
}

impl<'f, F: StoreFixture> Runner<'f, F> {
    async fn new(fixture: &'f F) -> Self {
        let store = fixture.open().await;
        let caps = store.caps();
        store.start().await.expect("the store starts");
        let (model, fences) = (ModelState::default(), Fences::default());
        Self { fixture, stores: vec![store], caps, model, fences, batches: Vec::new() }
    }

    async fn run(mut self, ops: &[Op]) -> Result<(), Difference> {
        let mut result = Ok(());
        for (step, op) in ops.iter().enumerate() {
            let mut outcome = self.step(op).await;
            let compares_all = (step + 1) % COMPARISON_INTERVAL == 0 || step + 1 == ops.len();
            if outcome.is_ok() && compares_all {
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
                let before = self.model.clone();
                let expected: Vec<_> =
                    records.iter().map(|record| self.model.add(record.clone())).collect();
                let returned = self.store().add(records).await.map_err(failed("add"))?;
                ensure_equal("add", &expected, &returned)?;
                self.compare_jobs(&ids, &before).await
            }
            Op::Update(change) => self.update(change).await,
            Op::Remove(jobs) => {
                let ids: Vec<_> = jobs.iter().map(|job| id(job)).collect();
                let before = self.model.clone();
                let removed = ids.iter().map(|id| self.model.jobs.remove(id).is_some());
                let expected: Vec<_> = removed.collect();
                let returned = self.store().remove(&ids).await.map_err(failed("remove"))?;
                ensure_equal("remove", &expected, &returned)?;
                self.compare_jobs(&ids, &before).await
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
            Op::Commit { commits, history, later } => {
                let commits = commits.iter().map(|commit| self.commit(commit)).collect();
                let history = history.iter().filter(|_| self.caps.history);
                let batch = CommitBatch::new(commits, history.map(|entry| entry.entry()).collect());
                self.batches.push(batch.clone());
                if *later { Ok(()) } else { self.send(batch).await }
            }
            Op::Deliver { back } => match self.batches.iter().nth_back(*back).cloned() {
                Some(batch) => self.send(batch).await,
                None => Ok(()),
            },
            Op::Renew { node, now, until, tasks } => {
                self.renew(node, now.instant(), until.instant(), &filter(*tasks)).await
            }
            Op::TakeOver { node, own, knows, late, now, limit, tasks } => {
                let from = match own {
                    true => TakeOverFrom::Caller {
                        until: self.lease_of(node, *late),
                        known: self.known_runs(node, *knows),
                    },
                    false => TakeOverFrom::ExpiredNodes,
                };
                self.take_over(node, from, now.instant(), *limit, &filter(*tasks)).await
            }
            Op::NextWakeup { tasks } => {
                let filter = filter(*tasks);
                let wakeup = self.store().next_wakeup(&filter).await;
                let wakeup = wakeup.map_err(failed("next_wakeup"))?;
                ensure_equal("next_wakeup", &self.model.next_wakeup(&filter), &wakeup)
            }
            Op::SetMetadata { key, value } => {
                let value = value.to_string();
                self.model.metadata.insert((*key).into(), value.clone());
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

    async fn update(&mut self, change: &UpdateSpec) -> Result<(), String> {
        let id = id(change.job);
        let before = self.model.clone();
        let old = before.jobs.get(&id).map(|job| &job.record);
        let revision = old.map_or(Revision::FIRST, |record| record.revision);
        let expected = Revision(revision.0 + change.revision_off);
        let update = RecordUpdate {
            definition: change.definition.map(|(of, number)| (task(of), definition(number))),
            schedule: change.schedule.map(|schedule| schedule.map(ScheduleSpec::schedule)),
            expected_run_time: change.expected.map(|expected| match expected {
                Expected::Current => old.and_then(|record| record.next_run_time()),
                Expected::None => None,
                Expected::At(at) => Some(at.instant()),
            }),
            fire_count: change.fire_count,
        };
        let from_model = self.model.update(&id, expected, update.clone());
        let returned = self.store().update(&id, expected, update).await;
        ensure_equal("update", &from_model, &returned.map_err(|error| error.kind()))?;
        self.compare_jobs(&[id], &before).await
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
        ensure_equal("corrupt of claim_due", &vec![], &corrupt)?;
        ensure(records.len() <= limit, || {
            format!("claim_due: more than {limit} records: {records:?}")
        })?;
        let claimable = self.model.matching(filter).filter(|job| job.is_claimable(now));
        let due = claimable.filter_map(|job| Some((&job.record.id, job.record.schedule?.due_at)));
        let left = earliest_first(due.collect(), &records)?;
        ensure(more || left == 0, || {
            format!("claim_due returned `has_more: false`, but {left} jobs are due")
        })?;
        let before = self.model.clone();
        for record in &records {
            let Some(job) = self.model.jobs.get_mut(&record.id) else { continue };
            job.claim(&node(owner), now, lease);
            accept_fence(job, before.jobs.get(&record.id), record, &self.fences)?;
            ensure_equal("claim_due", &job.record, record)?;
        }
        self.compare_all_jobs(&before).await
    }

    fn commit(&self, CommitSpec { job, fence, action }: &CommitSpec) -> Commit {
        let id = id(job);
        let run = match action {
            Action::Clear { run } | Action::Retry { run, .. } => run_id(*run),
            _ => run_id(0),
        };
        let fence = match *fence {
            FenceOf::Job { back } => self.fences.of_job(&id, back),
            FenceOf::Run { back } => self.fences.of_run(&id, run, back),
            FenceOf::Unused { large: true } => Fence::MAX,
            FenceOf::Unused { large: false } => Fence(0),
        };
        let runs = |runs: &[RunSpec]| runs.iter().map(RunSpec::run).collect();
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
                let again = RunSpec { run: *run, node, scheduled: Offset(0), fence: 0 };
                let fence = Fence(fence.0.saturating_add(*fence_plus).min(Fence::MAX.0));
                let run = again.run();
                let run = InFlightRun { attempt: *attempt, fence, ..run };
                CommitAction::RetryRun { run }
            }
        };
        Commit { id, fence, action }
    }

    async fn send(&mut self, batch: CommitBatch) -> Result<(), String> {
        let before = self.model.clone();
        let ids: Vec<_> = batch.commits.iter().map(|commit| commit.id.clone()).collect();
        let returned = self.store().commit(batch.clone()).await.map_err(failed("commit"))?;
        let commits = batch.commits.into_iter();
        let expected: Vec<CommitOutcome> =
            commits.map(|commit| self.model.commit(commit)).collect();
        batch.history.into_iter().for_each(|entry| self.model.record(entry));
        ensure_equal("commit", &expected, &returned)?;
        self.compare_jobs(&ids, &before).await
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
        let before = self.model.nodes.insert(owner.clone(), NodeLease { until });
        // The store may count claims that have expired, or not.
        let orphans = |with_expired: bool| {
            let is_orphaned = |node: &_| *node != owner && self.model.is_dead(node, now);
            let orphans = self.model.orphans(is_orphaned, filter, (!with_expired).then_some(now));
            !orphans.runs.is_empty() || !orphans.claims.is_empty()
        };
        let is_free = orphans(true) != orphans(false);
        let expired = NodeLease::has_expired(before, now);
        let orphans = if is_free { renewal.has_orphans } else { orphans(true) };
        let expected = Renewal::new(expired, self.model.next_wakeup(filter), orphans);
        let expected = expected.with_time(renewal.time);
        ensure_equal("renew", &expected, &renewal)?;
        ensure_equal("whether renew returns the time", &self.caps.clock, &renewal.time.is_some())
    }

    async fn take_over(
        &mut self,
        new_owner: Name,
        from: TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<(), String> {
        let new_owner = node(new_owner);
        // In one call: a node without a valid lease can take over its own runs repeatedly, so a loop would not end; and what
        // the first call returns to a node that takes over from itself would be known to the next one, as would be a run of
        // another job with the same id and fence, which exists only in these sequences.
        let takes_own = from != TakeOverFrom::ExpiredNodes || self.model.is_dead(&new_owner, now);
        let limit = if takes_own { usize::MAX } else { limit };
        let before = self.model.clone();
        let Some(orphans) = self.model.take_over(&new_owner, &from, now, filter) else {
            let taken = self.store().take_over(&new_owner, &from, now, limit, filter).await;
            let mut nothing = TakeOver::default();
            nothing.has_more = true;
            let taken = taken.map_err(failed("take_over"))?;
            ensure_equal("take_over with an outdated lease", &nothing, &taken)?;
            return self.compare_all_jobs(&before).await;
        };
        let (mut runs, mut released) = (Vec::new(), 0);
        for call in 1.. {
            let taken = self.store().take_over(&new_owner, &from, now, limit, filter).await;
            let TakeOver { runs: some, released: count, has_more: more, corrupt, .. } =
                taken.map_err(failed("take_over"))?;
            ensure_equal("corrupt of take_over", &vec![], &corrupt)?;
            let is_within = some.len() <= limit && count <= limit;
            ensure(is_within, || format!("take_over: more than {limit}: {some:?}, {count}"))?;
            ensure(call < MAX_CALLS, || "take_over keeps returning `has_more`".into())?;
            runs.extend(some);
            released += count;
            if !more || takes_own {
                break;
            }
        }
        ensure_equal("released by take_over", &orphans.claims.len(), &released)?;
        let mut taken: Vec<_> =
            runs.iter().map(|run| (run.record.id.clone(), run.run.run_id)).collect();
        taken.sort();
        ensure_equal("runs of take_over", &orphans.runs.into_iter().collect(), &taken)?;
        for orphan in runs {
            let (id, run_id) = (&orphan.record.id, orphan.run.run_id);
            let Some(job) = self.model.jobs.get_mut(id) else { continue };
            let Some(run) = job.runs.iter_mut().find(|run| run.run_id == run_id) else { continue };
            let old = before.jobs[id].runs.iter().find(|run| run.run_id == run_id);
            let is_larger = old.is_some_and(|old| orphan.run.fence > old.fence);
            ensure(is_larger, || format!("take_over must raise the fence of {old:?}: {orphan:?}"))?;
            run.fence = orphan.run.fence;
            ensure_equal("run of take_over", run, &orphan.run)?;
            // A claim on the job may be released before or after the take-over of the run, which raises the fence.
            let mut record = job.record.clone();
            record.fence = orphan.record.fence;
            ensure_equal("record of take_over", &record, &orphan.record)?;
        }
        self.compare_all_jobs(&before).await
    }

    /// The expiry of the lease of a node, or that of an earlier one.
    fn lease_of(&self, name: &Name, is_late: bool) -> Timestamp {
        let lease = self.model.nodes.get(&node(name)).map_or(Timestamp::MIN, |lease| lease.until);
        lease.saturating_add_micros(-i64::from(is_late))
    }

    /// The runs of a node with an even number if it knows them, and the others with fences that they had before.
    fn known_runs(&self, name: &Name, knows: bool) -> BTreeSet<(RunId, Fence)> {
        let owner = node(name);
        let runs = self.model.jobs.values().flat_map(|job| &job.runs);
        let owned = runs.filter(|run| knows && run.node == owner);
        let known = |run: &InFlightRun| match run.run_id.as_u128() % 2 {
            0 => (run.run_id, run.fence),
            _ => (run.run_id, Fence(run.fence.0 - 1)),
        };
        owned.map(known).collect()
    }

    async fn compare_all_jobs(&mut self, before: &ModelState) -> Result<(), String> {
        self.compare_jobs(&JOBS.map(id), before).await
    }

    /// Compares jobs that an operation may have changed, and accepts the fences that the store has chosen.
    async fn compare_jobs(&mut self, ids: &[JobId], before: &ModelState) -> Result<(), String> {
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let seen = self.store().get(id).await.map_err(failed("get"))?;
            let job = self.model.jobs.get_mut(id);
            if let (Some(job), Some(seen)) = (job, &seen) {
                accept_fence(job, before.jobs.get(id), &seen.record, &self.fences)?;
                self.fences.record(job);
            }
            ensure_equal("get", &self.model.jobs.get(id).cloned(), &seen)?;
        }
        Ok(())
    }

    async fn compare_list(
        &mut self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<(), String> {
        let page = self.store().list(after, limit).await.map_err(failed("list"))?;
        let rest = self.model.list().into_iter();
        let rest = rest.filter(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        let mut records: Vec<_> = rest.cloned().collect();
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        ensure_equal("list", &JobRecordPage::new(records, next), &page)
    }

    async fn compare_metadata(&mut self) -> Result<(), String> {
        let metadata = self.store().metadata().await.map_err(failed("metadata"))?;
        let values = self.model.metadata.iter().map(|(key, value)| (key.clone(), value.clone()));
        let expected = Metadata::new(values.collect());
        ensure_equal("metadata", &expected, &metadata)
    }

    async fn compare_all(&mut self) -> Result<(), String> {
        let before = self.model.clone();
        self.compare_all_jobs(&before).await?;
        self.compare_list(None, usize::MAX).await?;
        self.compare_metadata().await?;
        if self.caps.history { self.compare_history().await } else { Ok(()) }
    }
}
