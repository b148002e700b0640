//! An in-memory key-value store that yields between reads and swaps, so that concurrent changes can occur.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use punctual_core::{BatchLimit, JobCursor, StoreCaps, StoreError};
use punctual_store_kit::kv::{
    CompareAndSwap, HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvBackend, KvEntry,
    KvNamespace, KvStore, KvValue,
};
use punctual_store_kit::{BackendHandle, job_store};
use serde_json::Value;
use tokio::task::yield_now;

use crate::index::{Entry, Index};

/// The storage that is shared by several stores.
pub(crate) type SharedStorage = Arc<Storage>;

#[derive(Debug, Default)]
pub(crate) struct Storage {
    pub(crate) content: Mutex<Content>,
    /// Whether queries use the index.
    pub(crate) indexed: bool,
    /// Whether every swap fails.
    pub(crate) fails_swaps: AtomicBool,
    pub(crate) closed: AtomicU64,
    /// The number of entries that have been returned.
    pub(crate) read: AtomicU64,
}

impl Storage {
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("not poisoned")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    last: u64,
    pub(crate) entries: BTreeMap<(KvNamespace, String), (u64, KvValue)>,
    /// What was written and has not been recalled, even if it is outdated.
    written: BTreeMap<(KvNamespace, String), KvEntry<u64>>,
    pub(crate) index: Index,
}

impl Content {
    fn get(&self, namespace: KvNamespace, key: &str) -> Option<KvEntry<u64>> {
        let (version, value) = self.entries.get(&(namespace, key.to_owned()))?.clone();
        Some(KvEntry { storage_key: key.to_owned(), version, value })
    }

    fn put(&mut self, namespace: KvNamespace, key: &str, value: KvValue) {
        self.last += 1;
        self.entries.insert((namespace, key.to_owned()), (self.last, value));
    }

    fn swap(&mut self, swap: CompareAndSwap<u64>) -> bool {
        let CompareAndSwap { namespace, storage_key: key, expected, new, job, .. } = swap;
        let version = self.get(namespace, &key).map(|entry| entry.version);
        if version != expected.map(|entry| entry.version) {
            return false;
        }
        assert_eq!(job.is_some(), namespace == KvNamespace::Job && new.is_some());
        match job {
            Some(job) => self.index.insert(key.clone(), Entry::of(&job)),
            None => self.index.remove(&key),
        };
        match new {
            Some(value) => {
                self.put(namespace, &key, value);
                let entry = self.get(namespace, &key).expect("that entry");
                self.written.insert((namespace, key), entry);
            }
            None => drop(self.entries.remove(&(namespace, key))),
        }
        true
    }

    fn namespace(&self, name: &str) -> KvNamespace {
        let mut namespaces = self.entries.keys().map(|(namespace, _)| *namespace);
        namespaces.find(|namespace| namespace.as_str() == name).expect("an entry of that namespace")
    }

    /// Edits a header directly in the storage.
    pub(crate) fn edit(&mut self, namespace: &str, key: &str, edit: impl FnOnce(&mut Value)) {
        let namespace = self.namespace(namespace);
        let mut value = self.get(namespace, key).expect("that entry").value;
        let mut header: Value = serde_json::from_slice(&value.header).expect("JSON");
        edit(&mut header);
        value.header = header.to_string().into_bytes();
        self.put(namespace, key, value);
    }

    /// Changes the key of an entry, also in the index.
    pub(crate) fn rename(&mut self, namespace: &str, key: &str, other: &str) {
        let namespace = self.namespace(namespace);
        let value = self.entries.remove(&(namespace, key.to_owned())).expect("that entry");
        self.entries.insert((namespace, other.to_owned()), value);
        if let Some(entry) = self.index.remove(key) {
            self.index.insert(other.to_owned(), entry);
        }
    }

    /// The key that contains this text.
    pub(crate) fn key_containing(&self, namespace: &str, part: &str) -> String {
        let namespace = self.namespace(namespace);
        let mut keys = self.entries.keys().filter(|(other, _)| *other == namespace);
        keys.find(|(_, key)| key.contains(part)).expect("such an entry").1.clone()
    }
}

/// A connection to the storage.
#[derive(Clone, Debug)]
pub(crate) struct Memory(SharedStorage);

impl Memory {
    /// All entries of a namespace, of which not all need be returned.
    async fn entries(&self, namespace: KvNamespace) -> Vec<KvEntry<u64>> {
        yield_now().await;
        let entries = {
            let content = self.0.content();
            let keys = content.entries.keys().filter(|(other, _)| *other == namespace);
            keys.filter_map(|(_, key)| content.get(namespace, key)).collect()
        };
        yield_now().await;
        entries
    }

    fn count_read(&self, entries: Vec<Option<KvEntry<u64>>>) -> Vec<Option<KvEntry<u64>>> {
        let count = entries.iter().flatten().count();
        self.0.read.fetch_add(count as u64, Ordering::SeqCst);
        entries
    }
}

impl KvStore for Memory {
    type Options = SharedStorage;
    type Version = u64;

    fn caps(_: &SharedStorage) -> StoreCaps {
        let limit = BatchLimit { count: 30, bytes: 1 << 22 };
        StoreCaps::shared().with_history().with_max_batch(limit)
    }

    async fn open(storage: &SharedStorage) -> Result<Self, StoreError> {
        Ok(Self(storage.clone()))
    }

    async fn close(&self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }

    async fn list(&self, namespace: KvNamespace) -> Result<Vec<KvEntry<u64>>, StoreError> {
        let entries = self.entries(namespace).await;
        let entries = entries.into_iter().map(Some).collect();
        Ok(self.count_read(entries).into_iter().flatten().collect())
    }

    async fn read(
        &self,
        namespace: KvNamespace,
        keys: Vec<String>,
    ) -> Result<Vec<Option<KvEntry<u64>>>, StoreError> {
        let mut entries = Vec::new();
        for key in keys {
            yield_now().await;
            entries.push(self.0.content().get(namespace, &key));
        }
        yield_now().await;
        Ok(self.count_read(entries))
    }

    async fn swap(&self, swaps: Vec<CompareAndSwap<u64>>) -> Result<Vec<bool>, StoreError> {
        let mut succeeded = Vec::new();
        for swap in swaps {
            yield_now().await;
            succeeded
                .push(!self.0.fails_swaps.load(Ordering::SeqCst) && self.0.content().swap(swap));
        }
        Ok(succeeded)
    }

    async fn query_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<u64>, StoreError> {
        if !self.0.indexed {
            return Ok(JobQueryResult {
                entries: self.list(KvNamespace::Job).await?,
                is_complete: true,
            });
        }
        let (keys, is_complete) = self.0.content().index.find(queries);
        let entries = self.read(KvNamespace::Job, keys.into_iter().collect()).await?;
        Ok(JobQueryResult { entries: entries.into_iter().flatten().collect(), is_complete })
    }

    /// With an index, returns what was written by any of the stores.
    fn recall(&self, namespace: KvNamespace, storage_key: &str) -> Option<Option<KvEntry<u64>>> {
        let written = self.0.content().written.remove(&(namespace, storage_key.to_owned()));
        match namespace {
            _ if !self.0.indexed => None,
            KvNamespace::History => Some(written),
            _ => written.map(Some),
        }
    }

    async fn page_jobs(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<Option<Vec<KvEntry<u64>>>, StoreError> {
        if !self.0.indexed {
            return Ok(None);
        }
        let order = |entry: &KvEntry<u64>| {
            let header: Value = serde_json::from_slice(&entry.value.header).expect("JSON");
            let next = header["record"]["schedule"]["next_run_time"].as_i64();
            (next.unwrap_or(i64::MAX), entry.storage_key.clone())
        };
        let mut jobs = self.list(KvNamespace::Job).await?;
        if let Some(after) = after {
            let next = after.next_run_time.map_or(i64::MAX, |at| at.as_micros());
            jobs.retain(|job| order(job) > (next, after.id.to_string()));
        }
        jobs.sort_by_cached_key(order);
        jobs.truncate(limit);
        Ok(Some(jobs))
    }

    async fn query_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<u64>, StoreError> {
        let mut result = HistoryQueryResult { entries: Vec::new(), is_complete: true };
        if !self.0.indexed {
            return Ok(HistoryQueryResult {
                entries: self.list(KvNamespace::History).await?,
                ..result
            });
        }
        let entries = self.entries(KvNamespace::History).await;
        for query in queries {
            let is_of_job = |entry: &&KvEntry<u64>| {
                let header: Value = serde_json::from_slice(&entry.value.header).expect("JSON");
                query.job.is_none_or(|job| header["entry"]["job_id"] == job.as_str())
            };
            let in_range = entries.iter().filter(|entry| query.keys.contains(&entry.storage_key));
            let mut found: Vec<_> = in_range.filter(is_of_job).cloned().collect();
            if query.newest {
                found.reverse();
            }
            result.is_complete &= found.len() <= query.limit;
            found.truncate(query.limit);
            result.entries.extend(found);
        }
        self.0.read.fetch_add(result.entries.len() as u64, Ordering::SeqCst);
        Ok(result)
    }
}

/// The store under test.
#[derive(Clone)]
pub(crate) struct MemoryStore {
    handle: BackendHandle<KvBackend<Memory>>,
}

job_store!(MemoryStore, KvBackend<Memory>);

impl MemoryStore {
    pub(crate) fn on(storage: &SharedStorage) -> Self {
        Self { handle: BackendHandle::new(storage.clone()) }
    }
}
