//! The operations of the `Backend` on top of a `KvStore`.

use std::time::Duration;

use futures_util::future::join;
use punctual_core::{
    AddOutcome, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptKind, CorruptRecord, Fence,
    HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, Metadata, NewRecord,
    NodeId, RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob,
    TakeOver, TakeOverFrom, TaskFilter, Timestamp,
};

use super::change::{Change, Target};
use super::record::{self, DecodeResult, DecodedJob, corrupt_error};
use super::scan::JobScan;
use super::{JobQuery, KvBackend, KvEntry, KvNamespace, KvStore, history, metadata, nodes};
use crate::backend::UnsupportedExtensions;
use crate::{Backend, PageReader};

/// A function that returns the corruption of an entry, or `None` if the entry is valid.
type CorruptionCheck<M> = fn(&KvEntry<<M as KvStore>::Version>) -> Option<CorruptRecord>;

impl<M: KvStore> Backend for KvBackend<M> {
    type Options = M::Options;

    fn caps(options: &M::Options) -> StoreCaps {
        M::caps(options)
    }

    async fn open(options: &M::Options) -> Result<Self, StoreError> {
        let caps = M::caps(options);
        let store = M::open(options).await?;
        let store = Self { store, max_batch: caps.max_batch.count, keeps_history: caps.history };
        if let Err(error) = store.check_format().await {
            store.close().await;
            return Err(error);
        }
        Ok(store)
    }

    async fn close(&self) {
        self.store.close().await;
    }

    fn call_timeout(options: &M::Options) -> Option<Duration> {
        M::call_timeout(options)
    }

    async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        let add = |index: usize, job: &mut Option<DecodeResult>| {
            if job.is_some() {
                return AddOutcome::Exists;
            }
            let new = StoredJob::new(records[index].clone(), Fence::random());
            *job = Some(Ok(DecodedJob { job: new, corrupt_runs: Vec::new() }));
            AddOutcome::Added
        };
        let name = |record: &NewRecord| M::storage_key(KvNamespace::Job, record.id.as_str());
        let targets = records.iter().map(|record| Target::absent(name(record))).collect();
        self.change_jobs(targets, add).await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let update = |_, job: &mut Option<DecodeResult>| match job {
            Some(Ok(decoded)) => decoded.job.update(expected, update.clone()),
            Some(Err(corrupt)) => Err(corrupt_error(corrupt)),
            None => Err(StoreError::not_found(id)),
        };
        let updated = self.change_jobs(targets::<M>([id]), update).await?;
        updated.into_iter().next().unwrap_or_else(|| Err(StoreError::not_found(id)))
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let remove = |_, job: &mut Option<DecodeResult>| job.take().is_some();
        self.change_jobs(targets::<M>(ids), remove).await
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let name = M::storage_key(KvNamespace::Job, id.as_str());
        let entries = self.store.read(KvNamespace::Job, vec![name]).await?;
        let Some(entry) = entries.into_iter().next().flatten() else { return Ok(None) };
        let decoded = record::read::<M>(&entry).map_err(|corrupt| corrupt_error(&corrupt))?;
        match decoded.corrupt_runs.first() {
            Some((_, corrupt)) => Err(corrupt_error(corrupt)),
            None => Ok(Some(decoded.job)),
        }
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        if let Some(page) = self.indexed_page(after, limit).await? {
            return Ok(page);
        }
        let JobScan { jobs, corrupt, .. } =
            JobScan::of::<M>(self.store.list(KvNamespace::Job).await?);
        let mut records: Vec<_> = jobs.into_iter().map(|(_, decoded)| decoded.job.record).collect();
        records.retain(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        records.sort_by_cached_key(JobCursor::of);
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        // The positions of corrupt entries are unknown: they are returned on the first page.
        let corrupt = if after.is_none() { corrupt } else { Vec::new() };
        let mut page = JobRecordPage::new(records, next);
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
        let is_due = |job: &StoredJob| job.is_claimable(now) && filter.matches(&job.record.task);
        // One job more than the limit is queried to determine whether there are more.
        let queries = |limit| vec![JobQuery::Due { now, filter, limit }];
        let scan = self
            .query_at_least(limit.saturating_add(1), queries, |decoded| is_due(&decoded.job))
            .await?;
        let mut due = scan.jobs;
        due.retain(|(_, decoded)| is_due(&decoded.job));
        due.sort_by_key(|(_, decoded)| decoded.job.record.schedule.map(|schedule| schedule.due_at));
        let mut claims = Claims::new(Vec::new(), due.len() > limit || !scan.is_complete);
        claims.corrupt = scan.corrupt;
        due.truncate(limit);
        let claim = |_, job: &mut Option<DecodeResult>| match job {
            // Another node may have claimed the job since it was read.
            Some(Ok(DecodedJob { job, .. })) if is_due(job) => {
                job.claim(node, now, lease);
                Some(job.record.clone())
            }
            _ => None,
        };
        let targets = due.into_iter().map(|(entry, _)| Target::loaded(entry)).collect();
        for claimed in self.change_jobs(targets, claim).await? {
            claims.has_more |= claimed.is_none();
            claims.records.extend(claimed);
        }
        Ok(claims)
    }

    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let commits = &batch.commits;
        let commit = |index: usize, job: &mut Option<DecodeResult>| {
            let Some(Ok(decoded)) = job else { return CommitOutcome::Stale };
            let outcome = decoded.job.commit(commits[index].fence, commits[index].action.clone());
            if outcome == CommitOutcome::Removed {
                *job = None;
            }
            outcome
        };
        let targets = targets::<M>(commits.iter().map(|commit| &commit.id));
        let commits = self.change_jobs(targets, commit);
        let (outcomes, recorded) = join(commits, self.record(&batch.history)).await;
        recorded.and(outcomes)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renewal = self.renew_lease(node, now, until, filter);
        let (renewal, time) = join(renewal, self.store.time()).await;
        Ok(renewal?.with_time(time?))
    }

    async fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        self.take_over_orphans(node, from, now, limit, filter).await
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        let queries = |limit| vec![JobQuery::Next { filter, limit }];
        let scan =
            self.query_at_least(1, queries, |decoded| nodes::can_be_next(decoded, filter)).await?;
        Ok(scan.next_wakeup(filter))
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        self.read_metadata().await
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.write_metadata(key, value).await
    }

    async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let is_same = |other: &CorruptRecord| other.kind == record.kind && other.key == record.key;
        let (kind, read): (_, CorruptionCheck<M>) = match record.kind {
            CorruptKind::Job | CorruptKind::Run => return self.discard_of_job(is_same).await,
            CorruptKind::Node => (KvNamespace::Node, |entry| nodes::read::<M>(entry).err()),
            CorruptKind::Metadata => {
                (KvNamespace::Metadata, |entry| metadata::read::<M>(entry).err())
            }
            CorruptKind::History => (KvNamespace::History, |entry| history::read::<M>(entry).err()),
            _ => return Ok(false),
        };
        let is_same =
            |entry: &KvEntry<M::Version>| read(entry).is_some_and(|corrupt| is_same(&corrupt));
        let mut entries = self.store.list(kind).await?;
        entries.retain(is_same);
        let discard = |_, entry: Option<&KvEntry<M::Version>>| match entry.is_some_and(is_same) {
            true => (Change::Remove, true),
            false => (Change::Keep, false),
        };
        let targets = entries.into_iter().map(Target::loaded).collect();
        Ok(self.change(kind, targets, discard).await?.contains(&true))
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        self.store.watch().await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.store.time().await
    }

    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        match self.keeps_history {
            true => self.history_page(query).await,
            false => UnsupportedExtensions.read_history(query).await,
        }
    }

    async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        match self.keeps_history {
            true => self.remove_history_before(before, limit).await,
            false => UnsupportedExtensions.delete_history_before(before, limit).await,
        }
    }

    async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        match self.keeps_history {
            true => self.remove_history_beyond(jobs, keep, limit).await,
            false => UnsupportedExtensions.trim_history(jobs, keep, limit).await,
        }
    }
}

impl<M: KvStore> KvBackend<M> {
    /// Reads a page of jobs with the store's index; `None` if it has none.
    async fn indexed_page(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Option<JobRecordPage>, StoreError> {
        let mut wanted = limit.saturating_add(1);
        loop {
            let Some(entries) = self.store.page_jobs(after, wanted).await? else { return Ok(None) };
            let is_complete = entries.len() < wanted;
            let rows: Vec<_> = entries.iter().map(record::read::<M>).collect();
            let corrupt = rows.iter().filter(|row| row.is_err()).count();
            if is_complete || rows.len() - corrupt > limit {
                let mut page = PageReader::new(limit);
                page.push(rows.into_iter().map(|row| ((), row.map(|decoded| decoded.job.record))));
                return Ok(Some(page.into_page()));
            }
            // Corrupt jobs don't count, and no cursor refers to them.
            wanted = limit.saturating_add(1).saturating_add(corrupt);
        }
    }

    /// Removes corrupt jobs, or corrupt runs of jobs.
    async fn discard_of_job(
        &self,
        is_same: impl Fn(&CorruptRecord) -> bool + Send + Sync,
    ) -> Result<bool, StoreError> {
        let discard = |_, job: &mut Option<DecodeResult>| match job {
            Some(Err(corrupt)) if is_same(corrupt) => job.take().is_some(),
            Some(Ok(decoded)) => {
                let before = decoded.corrupt_runs.len();
                decoded.corrupt_runs.retain(|(_, corrupt)| !is_same(corrupt));
                decoded.corrupt_runs.len() < before
            }
            _ => false,
        };
        let mut entries = self.store.list(KvNamespace::Job).await?;
        entries.retain(|entry| match record::read::<M>(entry) {
            Err(corrupt) => is_same(&corrupt),
            Ok(decoded) => decoded.corrupt_runs.iter().any(|(_, corrupt)| is_same(corrupt)),
        });
        let targets = entries.into_iter().map(Target::loaded).collect();
        Ok(self.change_jobs(targets, discard).await?.contains(&true))
    }
}

fn targets<'a, M: KvStore>(ids: impl IntoIterator<Item = &'a JobId>) -> Vec<Target<M::Version>> {
    let name = |id: &JobId| M::storage_key(KvNamespace::Job, id.as_str());
    ids.into_iter().map(|id| Target::new(name(id))).collect()
}
