//! The `Backend` implementation.

use std::time::Duration;

use punctual_core::{
    AddOutcome, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord, HistoryRecordPage,
    HistoryRecordQuery, JobCursor, JobId, JobRecordPage, Metadata, NewRecord, NodeId, RecordUpdate,
    Renewal, Revision, StoreCaps, StoreError, StoredJob, TakeOver, TakeOverFrom, TaskFilter,
    Timestamp,
};
use punctual_store_kit::Backend;
use redis::cmd;

use crate::client::Client;
use crate::database::{LIMIT, Redis};
use crate::options::Options;
use crate::server;
use crate::tls;
use crate::watch::Watch;

impl Backend for Redis {
    type Options = Options;

    fn caps(_options: &Options) -> StoreCaps {
        StoreCaps::shared()
            .with_clock()
            .with_notify()
            .with_history()
            .with_max_definition(LIMIT.bytes)
            .with_max_batch(LIMIT)
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let tls = options.certificates.as_ref().map(tls::read).transpose()?;
        let client = Client::new(options.servers.clone(), tls, options.timeouts);
        let redis = Self { client, keys: options.keys.clone(), sync: options.sync };
        let opened = server::check(&redis, options.sync).await;
        if opened.is_err() {
            redis.close().await;
        }
        opened.map(|()| redis)
    }

    async fn close(&self) {
        self.client.close().await;
    }

    async fn add(&self, records: &[NewRecord]) -> Result<Vec<AddOutcome>, StoreError> {
        self.add_jobs(records).await
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: &RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.update_job(id, expected, update).await
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        self.remove_jobs(&ids.iter().map(JobId::as_str).collect::<Vec<_>>()).await
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        self.get_job(id).await
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        self.list_jobs(after, limit).await
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        self.claim(node, now, limit, lease, filter).await
    }

    async fn commit(&self, batch: &CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        self.apply(batch).await
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        self.renew_lease(node, now, until, filter).await
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
        self.earliest(filter).await
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        self.all_metadata().await
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.put_metadata(key, value).await
    }

    async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        self.discard_record(record).await
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        let watch = Watch::begin(self.client.clone(), self.channel().into()).await?;
        Ok(Some(Box::new(watch)))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.run(&cmd("TIME")).await?.time(0).map(Some)
    }

    async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        self.history_page(query).await
    }

    async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.forget_before(before, limit).await
    }

    async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        self.forget_beyond(jobs, keep, limit).await
    }
}
