//! The operations of a store.

use std::time::Duration;

use punctual_core::{
    AddOutcome, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptKind, CorruptRecord, Fence,
    HistoryPage, HistoryQuery, JobCursor, JobId, JobPage, Metadata, NewRecord, NodeId,
    RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver,
    TaskFilter, Timestamp,
};

use super::change::{Change, Target};
use super::record::{self, Job, Kept, unreadable};
use super::scan::Scan;
use super::{Cell, CellKind, CellStore, Medium, Wanted, history, metadata, nodes};
use crate::Backend;
use crate::backend::Without;

/// What is wrong with a cell, if anything is.
type WhatIsWrong<M> = fn(&Cell<<M as Medium>::Version>) -> Option<CorruptRecord>;

impl<M: Medium> Backend for CellStore<M> {
    type Options = M::Options;

    fn caps(options: &M::Options) -> StoreCaps {
        M::caps(options)
    }

    async fn open(options: &M::Options) -> Result<Self, StoreError> {
        let caps = M::caps(options);
        let medium = M::open(options).await?;
        let store = Self { medium, most: caps.max_batch.count, keeps_history: caps.history };
        if let Err(error) = store.check_format().await {
            store.close().await;
            return Err(error);
        }
        Ok(store)
    }

    async fn close(&self) {
        self.medium.close().await;
    }

    fn patience(options: &M::Options) -> Option<Duration> {
        M::patience(options)
    }

    async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        let add = |place: usize, job: &mut Option<Job>| {
            if job.is_some() {
                return AddOutcome::Exists;
            }
            let new = StoredJob::new(records[place].clone(), Fence::random());
            *job = Some(Ok(Kept { job: new, corrupt_runs: Vec::new() }));
            AddOutcome::Added
        };
        self.change_jobs(targets::<M>(records.iter().map(|record| &record.id)), add).await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let update = |_, job: &mut Option<Job>| match job {
            Some(Ok(kept)) => kept.job.update(expected, update.clone()),
            Some(Err(corrupt)) => Err(unreadable(corrupt)),
            None => Err(StoreError::not_found(id)),
        };
        let updated = self.change_jobs(targets::<M>([id]), update).await?;
        updated.into_iter().next().unwrap_or_else(|| Err(StoreError::not_found(id)))
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let remove = |_, job: &mut Option<Job>| job.take().is_some();
        self.change_jobs(targets::<M>(ids), remove).await
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let name = M::name_of(CellKind::Job, id.as_str());
        let cells = self.medium.read(CellKind::Job, vec![name]).await?;
        let Some(cell) = cells.into_iter().next().flatten() else { return Ok(None) };
        let kept = record::read::<M>(&cell).map_err(|corrupt| unreadable(&corrupt))?;
        match kept.corrupt_runs.first() {
            Some((_, corrupt)) => Err(unreadable(corrupt)),
            None => Ok(Some(kept.job)),
        }
    }

    async fn list(&self, after: Option<&JobCursor>, limit: usize) -> Result<JobPage, StoreError> {
        let Scan { jobs, corrupt } = Scan::of::<M>(self.medium.list(CellKind::Job).await?);
        let mut records: Vec<_> = jobs.into_iter().map(|(_, kept)| kept.job.record).collect();
        records.retain(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        records.sort_by_cached_key(JobCursor::of);
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        // Nobody knows where they would stand: they are on the first page.
        let corrupt = if after.is_none() { corrupt } else { Vec::new() };
        let mut page = JobPage::new(records, next);
        page.corrupt = corrupt;
        Ok(page)
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let is_due = |job: &StoredJob| job.is_claimable(now) && filter.passes(&job.record.task);
        // One more than asked for tells whether there is more.
        let wanted = |limit| vec![Wanted::Due { now, filter, limit }];
        let scan = self.search(limit.saturating_add(1), wanted, |kept| is_due(&kept.job)).await?;
        let mut due = scan.jobs;
        due.retain(|(_, kept)| is_due(&kept.job));
        due.sort_by_key(|(_, kept)| kept.job.record.schedule.map(|schedule| schedule.due_at));
        let mut claims = Claims::new(Vec::new(), due.len() > limit);
        claims.corrupt = scan.corrupt;
        due.truncate(limit);
        let claim = |_, job: &mut Option<Job>| match job {
            // Somebody else may have been quicker since it was seen.
            Some(Ok(Kept { job, .. })) if is_due(job) => {
                job.claim(node, now, lease);
                Some(job.record.clone())
            }
            _ => None,
        };
        let targets = due.into_iter().map(|(cell, _)| Target::seen(cell)).collect();
        for claimed in self.change_jobs(targets, claim).await? {
            claims.has_more |= claimed.is_none();
            claims.records.extend(claimed);
        }
        Ok(claims)
    }

    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let commits = &batch.commits;
        let commit = |place: usize, job: &mut Option<Job>| {
            let Some(Ok(kept)) = job else { return CommitOutcome::Stale };
            let outcome = kept.job.commit(commits[place].fence, commits[place].action.clone());
            if outcome == CommitOutcome::Removed {
                *job = None;
            }
            outcome
        };
        let targets = targets::<M>(commits.iter().map(|commit| &commit.id));
        let outcomes = self.change_jobs(targets, commit).await?;
        self.record(&batch.history).await?;
        Ok(outcomes)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let time = self.medium.time().await?;
        Ok(self.renew_lease(node, now, until, filter).await?.with_time(time))
    }

    async fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        self.take_from_dead(node, now, limit, filter).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        let wanted = |limit| vec![Wanted::Next { filter, limit }];
        let scan = self.search(1, wanted, |kept| nodes::can_be_next(kept, filter)).await?;
        Ok(scan.next_wakeup(filter))
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        self.read_metadata().await
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write_metadata(key, value).await
    }

    async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let is_it = |other: &CorruptRecord| other.kind == record.kind && other.key == record.key;
        let (kind, read): (_, WhatIsWrong<M>) = match record.kind {
            CorruptKind::Job | CorruptKind::Run => return self.discard_of_job(is_it).await,
            CorruptKind::Node => (CellKind::Node, |cell| nodes::read::<M>(cell).err()),
            CorruptKind::Metadata => (CellKind::Metadata, |cell| metadata::read::<M>(cell).err()),
            CorruptKind::History => (CellKind::History, |cell| history::read::<M>(cell).err()),
            _ => return Ok(false),
        };
        let is_it = |cell: &Cell<M::Version>| read(cell).is_some_and(|corrupt| is_it(&corrupt));
        let mut cells = self.medium.list(kind).await?;
        cells.retain(is_it);
        let discard = |_, cell: Option<&Cell<M::Version>>| match cell.is_some_and(is_it) {
            true => (Change::Remove, true),
            false => (Change::Keep, false),
        };
        let targets = cells.into_iter().map(Target::seen).collect();
        Ok(self.change(kind, targets, discard).await?.contains(&true))
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        self.medium.watch().await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.medium.time().await
    }

    async fn read_history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        match self.keeps_history {
            true => self.page_of_history(query).await,
            false => Without.read_history(query).await,
        }
    }

    async fn forget_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        match self.keeps_history {
            true => self.forget_before(before, limit).await,
            false => Without.forget_history_before(before, limit).await,
        }
    }

    async fn forget_history_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        match self.keeps_history {
            true => self.forget_beyond(jobs, keep, limit).await,
            false => Without.forget_history_beyond(jobs, keep, limit).await,
        }
    }
}

impl<M: Medium> CellStore<M> {
    /// Removes jobs, or runs of jobs, that can't be read.
    async fn discard_of_job(
        &self,
        is_it: impl Fn(&CorruptRecord) -> bool + Send + Sync,
    ) -> Result<bool, StoreError> {
        let discard = |_, job: &mut Option<Job>| match job {
            Some(Err(corrupt)) if is_it(corrupt) => job.take().is_some(),
            Some(Ok(kept)) => {
                let before = kept.corrupt_runs.len();
                kept.corrupt_runs.retain(|(_, corrupt)| !is_it(corrupt));
                kept.corrupt_runs.len() < before
            }
            _ => false,
        };
        let mut cells = self.medium.list(CellKind::Job).await?;
        cells.retain(|cell| match record::read::<M>(cell) {
            Err(corrupt) => is_it(&corrupt),
            Ok(kept) => kept.corrupt_runs.iter().any(|(_, corrupt)| is_it(corrupt)),
        });
        let targets = cells.into_iter().map(Target::seen).collect();
        Ok(self.change_jobs(targets, discard).await?.contains(&true))
    }
}

fn targets<'a, M: Medium>(ids: impl IntoIterator<Item = &'a JobId>) -> Vec<Target<M::Version>> {
    let name = |id: &JobId| M::name_of(CellKind::Job, id.as_str());
    ids.into_iter().map(|id| Target::new(name(id))).collect()
}
