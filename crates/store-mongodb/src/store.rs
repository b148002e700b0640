//! The `KvStore` implementation.

use mongodb::bson::doc;
use punctual_core::{ChangeWatch, JobCursor, StoreCaps, StoreError, Timestamp};
use punctual_store_kit::kv::{
    HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvEntry, KvNamespace, KvStore,
    RecentEntries,
};

use crate::client::{Client, Search};
use crate::config::Options;
use crate::database::MongoDb;
use crate::layout::{Entry, Swap, Version};
use crate::swaps::LIMIT;
use crate::watch::Watch;

/// The largest definition: a document has at most 16 MiB, with its runs and a command around it.
const MAX_DEFINITION: usize = 14 << 20;

impl KvStore for MongoDb {
    type Options = Options;
    type Version = Version;

    fn caps(options: &Options) -> StoreCaps {
        let caps = StoreCaps::shared()
            .with_clock()
            .with_history()
            .with_max_definition(MAX_DEFINITION)
            .with_max_batch(LIMIT);
        if options.change_streams { caps.with_notify() } else { caps }
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let mut store = Self {
            client: Client::new(options).await?,
            collections: options.collections.clone(),
            recent: RecentEntries::default(),
            has_bulk_write: false,
            has_watch: options.change_streams,
        };
        let prepared = store.prepare(options.change_streams).await;
        if prepared.is_err() {
            store.close().await;
        }
        prepared.map(|()| store)
    }

    async fn close(&self) {
        self.client.close().await;
    }

    async fn list(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        Ok(self.search(namespace, Search::new(doc! {})).await?.0)
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
        if !self.has_watch {
            return Ok(None);
        }
        let watch = Watch::begin(self.client.clone(), self.collections.name(KvNamespace::Job));
        Ok(Some(Box::new(watch.await?)))
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.server_time().await.map(Some)
    }
}
