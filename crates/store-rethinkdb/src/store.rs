//! The `KvStore` implementation.

use punctual_core::{ChangeWatch, JobCursor, StoreCaps, StoreError, Timestamp};
use punctual_store_kit::kv::{
    HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvEntry, KvNamespace, KvStore,
    RecentEntries,
};

use crate::client::Client;
use crate::config::Options;
use crate::database::RethinkDb;
use crate::layout::{self, Entry, Swap, Version};
use crate::swaps::LIMIT;
use crate::watch::Watch;

/// The largest definition. It is in the document of the job, of which RethinkDB recommends at most 16 MiB, and which each claim
/// and commit writes.
const MAX_DEFINITION: usize = 8 << 20;

impl KvStore for RethinkDb {
    type Options = Options;
    type Version = Version;

    fn caps(_: &Options) -> StoreCaps {
        StoreCaps::shared()
            .with_clock()
            .with_notify()
            .with_history()
            .with_max_definition(MAX_DEFINITION)
            .with_max_batch(LIMIT)
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let store = Self {
            client: Client::new(options)?,
            tables: options.tables.clone(),
            recent: RecentEntries::default(),
        };
        let prepared = store.prepare(options.make_tables).await;
        if prepared.is_err() {
            store.close().await;
        }
        prepared.map(|()| store)
    }

    async fn close(&self) {
        self.client.close();
    }

    fn storage_key(namespace: KvNamespace, key: &str) -> String {
        layout::storage_key(namespace, key)
    }

    async fn list(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        self.list_all(namespace).await
    }

    async fn read(
        &self,
        namespace: KvNamespace,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Entry>>, StoreError> {
        let entries = self.read_keys(namespace, &keys).await?;
        Ok(KvEntry::in_order_of(&keys, entries))
    }

    async fn swap(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        self.swap_all(swaps).await
    }

    fn recall(&self, namespace: KvNamespace, storage_key: &str) -> Option<Option<Entry>> {
        match namespace {
            KvNamespace::Job => self.recent.take(storage_key).map(Some),
            // An entry is written once.
            KvNamespace::History => Some(None),
            _ => None,
        }
    }

    async fn query_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<Version>, StoreError> {
        self.find_jobs(queries).await
    }

    async fn page_jobs(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Option<Vec<Entry>>, StoreError> {
        self.find_page(after, limit).await.map(Some)
    }

    async fn query_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        self.find_history(queries).await
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        let watch = Watch::begin(self.client.clone(), self.tables.signal()).await?;
        Ok(Some(Box::new(watch)))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.server_time().await.map(Some)
    }
}
