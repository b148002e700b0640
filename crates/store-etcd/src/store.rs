//! The `KvStore` implementation.

use punctual_core::{BatchLimit, ChangeWatch, JobCursor, StoreCaps, StoreError};
use punctual_store_kit::kv::{
    HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvNamespace, KvStore, RecentEntries,
};

use crate::client::Client;
use crate::config::Options;
use crate::etcd::Etcd;
use crate::history_keys;
use crate::layout::{Entry, Swap, Version};
use crate::watch::Watch;

/// The largest definition: etcd accepts requests of up to 1.5 MiB, and the header is in the same one.
const MAX_DEFINITION: usize = 5 << 18;

/// The limit of one call, which consists of several requests.
const BATCH: BatchLimit = BatchLimit { count: 1_000, bytes: 8 << 20 };

impl KvStore for Etcd {
    type Options = Options;
    type Version = Version;

    fn caps(_: &Options) -> StoreCaps {
        // No clock: etcd has none.
        StoreCaps::shared()
            .with_notify()
            .with_history()
            .with_max_definition(MAX_DEFINITION)
            .with_max_batch(BATCH)
    }

    async fn open(options: &Options) -> Result<Self, StoreError> {
        let store = Self {
            client: Client::new(options)?,
            keys: options.keys.clone(),
            recent: RecentEntries::default(),
        };
        let prepared = store.prepare(options.quota_bytes).await;
        if prepared.is_err() {
            store.close().await;
        }
        prepared.map(|()| store)
    }

    fn storage_key(namespace: KvNamespace, key: &str) -> String {
        match namespace {
            KvNamespace::History => history_keys::storage_key(key),
            _ => key.to_owned(),
        }
    }

    async fn close(&self) {
        self.client.close().await;
    }

    async fn list(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        self.list_all(namespace).await
    }

    async fn read(
        &self,
        namespace: KvNamespace,
        keys: Vec<String>,
    ) -> Result<Vec<Option<Entry>>, StoreError> {
        self.read_keys(namespace, &keys).await
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
        Ok(Some(Box::new(Watch::begin(self.client.clone(), self.keys.changed()).await?)))
    }
}
