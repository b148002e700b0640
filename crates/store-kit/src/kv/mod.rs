//! A job store on top of a key-value store with compare-and-swap.
//!
//! A [`KvStore`] stores entries by key and can list, read, and compare-and-swap them. [`KvBackend`] implements
//! [`Backend`](crate::Backend) on top of it, and [`job_store!`](crate::job_store) implements `JobStore`. The
//! [example](crate#examples) of this crate is a complete store.
//!
//! Jobs are updated by the methods of [`StoredJob`](punctual_core::StoredJob): the entry is loaded, the method is
//! applied, and the entry is swapped. If a concurrent change has succeeded first, this is repeated.
//!
//! # Entries
//!
//! | namespace | header | body |
//! |---|---|---|
//! | [`Job`](KvNamespace::Job) | record, claim and runs | definition |
//! | [`Node`](KvNamespace::Node) | lease | |
//! | [`Metadata`](KvNamespace::Metadata) | key and value | |
//! | [`History`](KvNamespace::History) | a finished run; only with [`StoreCaps::history`](punctual_core::StoreCaps::history) | |
//! | [`Format`](KvNamespace::Format) | the format version of the store | |
//!
//! A header is one line of JSON that contains the version of its format. Headers of older versions are read, and
//! converted when they change. Entries written by a newer version are not executed and are reported as corrupt. If a
//! store was started by a newer version, `start` of an older version fails with
//! [`Unsupported`](punctual_core::StoreErrorKind::Unsupported).
//!
//! # Costs
//!
//! The costs are given in calls of the [`KvStore`], each of which may be several requests. A batch is as many entries
//! as [`StoreCaps::max_batch`](punctual_core::StoreCaps::max_batch) allows:
//!
//! | method | calls |
//! |---|---|
//! | `add` | a `swap` per batch, and a `read` of the jobs that exist already |
//! | `remove`, `update`, `commit`, `set_metadata` | a `read` and a `swap` per batch, and the same for the entries whose swap failed |
//! | `claim_due` | a `query_jobs`, and a `swap` per batch |
//! | `next_wakeup` | a `query_jobs` |
//! | `renew` | a `read` and a `swap` of the node's lease, a `list` of the leases, a `query_jobs`; if there are orphans, another `list`; if leases are purged, a `read` and a `swap` of them |
//! | `take_over` | a `list` and a `query_jobs`; if there are orphans, a `read` and a `swap` of leases, and a `swap` per batch |
//! | `get` | a `read` |
//! | `list` | a `page_jobs` |
//! | `discard` | a `list` of the namespace, and a `swap` |
//! | `metadata` | a `list` of the namespace |
//! | operations of the history | a `query_history`, and a `swap` per batch of deleted entries |
//!
//! Without an index, [`query_jobs`](KvStore::query_jobs), [`page_jobs`](KvStore::page_jobs) and
//! [`query_history`](KvStore::query_history) are a `list` of the namespace, which is sufficient for some hundred entries.
//! A store that [recalls](KvStore::recall) the entries that it has written ([`RecentEntries`]) saves most of the `read`s of
//! `commit`.

mod backend;
mod change;
mod format;
mod history;
mod indexed_job;
mod kv_store;
mod metadata;
mod nodes;
mod recent;
mod record;
mod scan;
mod store;

pub use indexed_job::{IndexedJob, ListPosition};
pub use kv_store::{
    CompareAndSwap, HistoryQuery, HistoryQueryResult, JobQuery, JobQueryResult, KvEntry,
    KvNamespace, KvStore, KvValue,
};
pub use recent::RecentEntries;
pub use store::KvBackend;
