//! The `KvStore` trait.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use punctual_core::{
    ChangeWatch, Encoded, JobCursor, JobId, NodeId, StoreCaps, StoreError, StoredJob, TaskFilter,
    Timestamp,
};

/// A key-value store with compare-and-swap of single entries, for example a key-value database or a directory of files;
/// see the [example](crate#examples). Clones share the connection.
///
/// Acknowledged writes are durable and visible to all subsequent reads in any process. Every call terminates. A request
/// that may have been executed must not be resent, because a repeated swap fails after it has succeeded.
pub trait KvStore: Clone + fmt::Debug + Send + Sync + 'static {
    /// The options that the store's builder has validated.
    type Options: Send + Sync + 'static;

    /// Identifies one state of an entry. A version must not be reused for the same key, not even after the entry was
    /// removed: use a counter of the whole store, not one per entry. The value itself can also be used as the version:
    /// values of jobs never repeat, because the first fence of a job is random, and in other namespaces repeated values
    /// are harmless.
    type Version: Clone + fmt::Debug + Send + Sync + 'static;

    /// The capabilities; see [`Backend::caps`](crate::Backend::caps). [`StoreCaps::max_batch`] limits the number of
    /// entries that are read or swapped per call. Finished runs are stored if [`StoreCaps::history`] is set.
    /// Transactions of the caller are not supported.
    fn caps(options: &Self::Options) -> StoreCaps;

    /// Connects in the current runtime and creates tables etc. if needed. On failure, it closes all connections
    /// that it has opened.
    fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// Closes the store, for all clones.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// See [`Backend::call_timeout`](crate::Backend::call_timeout).
    fn call_timeout(options: &Self::Options) -> Option<Duration> {
        let _ = options;
        None
    }

    /// The storage key of a logical key: the key itself, or a key derived from it if the storage doesn't support keys
    /// of up to 764 bytes with any characters except control characters. It must be unique per namespace.
    fn storage_key(namespace: KvNamespace, key: &str) -> String {
        let _ = namespace;
        key.to_owned()
    }

    /// Returns all entries of a namespace, each in its state when it is read. An entry that exists during the whole
    /// call must be included, even if it is swapped concurrently.
    fn list(
        &self,
        namespace: KvNamespace,
    ) -> impl Future<Output = Result<Vec<KvEntry<Self::Version>>, StoreError>> + Send;

    /// Returns the entries with these storage keys in the order given, or `None` for keys without an entry. The keys
    /// are distinct.
    fn read(
        &self,
        namespace: KvNamespace,
        keys: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Option<KvEntry<Self::Version>>>, StoreError>> + Send;

    /// Executes each compare-and-swap and returns in the order given whether it succeeded. Each one is atomic, and no
    /// two concern the same entry. If the call fails, any of them may have been executed.
    fn swap(
        &self,
        swaps: Vec<CompareAndSwap<Self::Version>>,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Returns the jobs that match any of the queries, each once; additional jobs are allowed. The default
    /// implementation returns all jobs. A store with an index, which it updates from [`CompareAndSwap::job`], can
    /// return fewer.
    ///
    /// The results are checked again, so an index may be stale as long as it omits no matching job that was swapped
    /// before the call. For an unknown variant of [`JobQuery`] all jobs must be returned. The bodies of jobs that match
    /// only [`JobQuery::Next`] may be empty.
    fn query_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> impl Future<Output = Result<JobQueryResult<Self::Version>, StoreError>> + Send {
        let _ = queries;
        async {
            Ok(JobQueryResult { entries: self.list(KvNamespace::Job).await?, is_complete: true })
        }
    }

    /// Returns an entry without reading it: one that a swap of this store has written, for instance, or `Some(None)` if
    /// there probably is no entry. It may be outdated: it is only swapped, or read if it is not to be changed. `None` means
    /// that it must be read first, which is the default.
    fn recall(
        &self,
        namespace: KvNamespace,
        storage_key: &str,
    ) -> Option<Option<KvEntry<Self::Version>>> {
        let _ = (namespace, storage_key);
        None
    }

    /// Returns up to `limit` jobs after the cursor, in the order of [`JobStore::list`](punctual_core::JobStore::list): fewer
    /// if there are no more. `None`, the default, means that there is no index by which to do so, and that jobs are listed.
    fn page_jobs(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> impl Future<Output = Result<Option<Vec<KvEntry<Self::Version>>>, StoreError>> + Send {
        let _ = (after, limit);
        async { Ok(None) }
    }

    /// Returns the history entries that match any of the queries; additional entries are allowed, and the order does not
    /// matter. The default implementation returns all entries.
    fn query_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> impl Future<Output = Result<HistoryQueryResult<Self::Version>, StoreError>> + Send {
        let _ = queries;
        async {
            Ok(HistoryQueryResult {
                entries: self.list(KvNamespace::History).await?,
                is_complete: true,
            })
        }
    }

    /// See [`JobStore::watch`](punctual_core::JobStore::watch).
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// See [`JobStore::time`](punctual_core::JobStore::time).
    fn time(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send {
        async { Ok(None) }
    }
}

/// The namespaces of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum KvNamespace {
    /// A job; the key is its id.
    Job,
    /// The lease of a node; the key is the node's id.
    Node,
    /// A metadata value that schedulers share; the key is that of the value.
    Metadata,
    /// A finished run. The keys sort by the instant at which the run finished; the field `/entry/job_id` of the header is
    /// the id of its job.
    History,
    /// The format version of the store: a single entry.
    Format,
}

impl KvNamespace {
    /// All namespaces.
    pub const ALL: [Self; 5] = [Self::Job, Self::Node, Self::Metadata, Self::History, Self::Format];

    /// The name of the namespace, for directories and key prefixes.
    ///
    /// ```
    /// assert_eq!(punctual_store_kit::kv::KvNamespace::Job.as_str(), "jobs");
    /// ```
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            Self::Node => "nodes",
            Self::Metadata => "metadata",
            Self::History => "history",
            Self::Format => "format",
        }
    }
}

/// An existing entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvEntry<V> {
    /// The key in the storage.
    pub storage_key: String,
    /// The version of this state.
    pub version: V,
    /// The value.
    pub value: KvValue,
}

impl<V> KvEntry<V> {
    /// Returns the entries in the order of these keys, as [`KvStore::read`] does, from a result in any order.
    #[must_use]
    pub fn in_order_of(keys: &[String], entries: Vec<Self>) -> Vec<Option<Self>> {
        let mut by_key: HashMap<_, _> =
            entries.into_iter().map(|entry| (entry.storage_key.clone(), entry)).collect();
        keys.iter().map(|key| by_key.remove(key)).collect()
    }
}

/// The value of an entry. Both parts change atomically. A store may keep them together, or separately so that the body,
/// which may be large, is written only when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvValue {
    /// The part that changes often: a line of JSON.
    pub header: Vec<u8>,
    /// The part that changes rarely: the definition of a job. Empty in other namespaces.
    pub body: Encoded,
}

/// A compare-and-swap request for one entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CompareAndSwap<V> {
    /// The namespace of the entry.
    pub namespace: KvNamespace,
    /// The key in the storage.
    pub storage_key: String,
    /// The entry that must still be current, or `None` if no entry must exist.
    pub expected: Option<KvEntry<V>>,
    /// The new value, or `None` to remove the entry.
    pub new: Option<KvValue>,
    /// The decoded job of `new`, for an index; `None` in other namespaces.
    pub job: Option<Box<StoredJob>>,
}

impl<V> CompareAndSwap<V> {
    pub(crate) fn new(
        namespace: KvNamespace,
        storage_key: String,
        expected: Option<KvEntry<V>>,
        new: Option<KvValue>,
        job: Option<Box<StoredJob>>,
    ) -> Self {
        Self { namespace, storage_key, expected, new, job }
    }
}

/// A query for jobs.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum JobQuery<'a> {
    /// The jobs that are [claimable](StoredJob::is_claimable) at an instant: at most `limit`, those with the earliest
    /// `due_at`.
    Due {
        /// The instant.
        now: Timestamp,
        /// The tasks.
        filter: &'a TaskFilter,
        /// The maximum number of jobs.
        limit: usize,
    },
    /// The jobs that become [claimable](StoredJob::claimable_at) at some time: at most `limit`, the earliest ones.
    Next {
        /// The tasks.
        filter: &'a TaskFilter,
        /// The maximum number of jobs.
        limit: usize,
    },
    /// All jobs with a claim or a run of a node that is not in `live_nodes`.
    Orphans {
        /// The nodes whose claims and runs are not searched: those with a valid lease, or, if a node searches its own, all
        /// others that have a lease.
        live_nodes: &'a BTreeSet<NodeId>,
        /// The tasks.
        filter: &'a TaskFilter,
    },
}

/// The result of [`KvStore::query_jobs`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobQueryResult<V> {
    /// The entries, in any order. Entries that don't match are allowed.
    pub entries: Vec<KvEntry<V>>,
    /// Whether the result contains all matching jobs. If not, it was truncated by a limit: that of a query, or one of the
    /// store for the size of a result, which contains at least one entry then.
    pub is_complete: bool,
}

/// A query for a part of the history.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HistoryQuery<'a> {
    /// The range of the logical keys. The start is inclusive, the end exclusive.
    pub keys: Range<String>,
    /// Only entries of this job.
    pub job: Option<&'a JobId>,
    /// Whether to return the entries with the largest keys if there are more than the limit, instead of those with the
    /// smallest ones.
    pub newest: bool,
    /// The maximum number of entries.
    pub limit: usize,
}

impl<'a> HistoryQuery<'a> {
    pub(crate) fn new(
        keys: Range<String>,
        job: Option<&'a JobId>,
        newest: bool,
        limit: usize,
    ) -> Self {
        Self { keys, job, newest, limit }
    }
}

/// The result of [`KvStore::query_history`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQueryResult<V> {
    /// The entries, in any order. Entries that don't match are allowed.
    pub entries: Vec<KvEntry<V>>,
    /// Whether the result contains all matching entries, i.e. was not truncated by a limit.
    pub is_complete: bool,
}
