//! Result types of store operations.

use super::{InFlightRun, JobRecord};
use crate::alias::Alias;
use crate::time::Timestamp;

/// The outcome of adding a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    /// The job was added, with [`Revision::FIRST`](super::Revision::FIRST).
    Added,
    /// A job with this id exists. It was not modified.
    Exists,
}

/// The result of [`JobStore::claim_due`](super::JobStore::claim_due).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The claimed records, each with its new fence and claim count.
    pub records: Vec<JobRecord>,
    /// Whether another call may return more records. If false, no other record was due.
    pub has_more: bool,
    /// Due records that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

impl Claims {
    /// Creates a result without corrupt records.
    #[must_use]
    pub fn new(records: Vec<JobRecord>, has_more: bool) -> Self {
        Self { records, has_more, corrupt: Vec::new() }
    }
}

/// The result of [`JobStore::renew`](super::JobStore::renew).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// True if the lease had expired at `now`, so that other nodes may have taken over runs or claims of this node.
    /// Also true, regardless of `now`, if other nodes have taken them over. False for an unknown node.
    pub expired: bool,
    /// The result of [`JobStore::next_wakeup`](super::JobStore::next_wakeup).
    pub next_wakeup: Option<Timestamp>,
    /// Whether another node that is unknown or expired at `now` has runs or claims, which
    /// [`JobStore::take_over`](super::JobStore::take_over) takes over.
    pub has_orphans: bool,
    /// The result of [`JobStore::time`](super::JobStore::time).
    pub time: Option<Timestamp>,
}

impl Renewal {
    /// Creates the result of a store without a clock.
    #[must_use]
    pub fn new(expired: bool, next_wakeup: Option<Timestamp>, has_orphans: bool) -> Self {
        Self { expired, next_wakeup, has_orphans, time: None }
    }

    /// Sets the store's time.
    #[must_use]
    pub fn with_time(self, time: Option<Timestamp>) -> Self {
        Self { time, ..self }
    }
}

/// The result of [`JobStore::take_over`](super::JobStore::take_over).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeOver {
    /// The runs that were assigned to the caller.
    pub runs: Vec<OrphanedRun>,
    /// The number of released claims. Their jobs are due again.
    pub released: usize,
    /// Whether another call may take over more.
    pub has_more: bool,
    /// Records of runs and claims to take over that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

/// A run that was assigned to the caller of a take-over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrphanedRun {
    /// The current record of the job.
    pub record: JobRecord,
    /// The run, with its new node, fence and attempt.
    pub run: InFlightRun,
}

impl OrphanedRun {
    /// Creates an orphaned run of the job.
    #[must_use]
    pub fn new(record: JobRecord, run: InFlightRun) -> Self {
        Self { record, run }
    }
}

/// A stored record that can't be decoded or has an invalid field, such as an invalid id, fence or attempt. The record
/// is not modified and never run; other records are processed normally. An operator must repair it in the backend or
/// [discard](super::JobStore::discard) it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CorruptRecord {
    /// The kind of record.
    pub kind: CorruptKind,
    /// The key of the record in the store, as text. For a job this is its id, if it has one.
    pub key: String,
    /// The error, with the field and the value.
    pub reason: String,
}

impl CorruptRecord {
    /// Creates a description of a corrupt record.
    pub fn new(kind: CorruptKind, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, key: key.into(), reason: reason.into() }
    }
}

/// A corrupt record in a store, as a scheduler returns it. It is quarantined: not modified, and never run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CorruptEntry {
    /// The alias of the store.
    pub job_store: Alias,
    /// The record.
    pub record: CorruptRecord,
}

impl CorruptEntry {
    /// Creates a value for a record in this store.
    #[must_use]
    pub fn new(job_store: Alias, record: CorruptRecord) -> Self {
        Self { job_store, record }
    }
}

/// The kind of a [`CorruptRecord`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CorruptKind {
    /// A job, with its runs.
    Job,
    /// A run in flight.
    Run,
    /// A node with its lease. The node is treated as expired. Methods need not return it.
    Node,
    /// A metadata value.
    Metadata,
    /// An entry of the history.
    History,
}

impl std::fmt::Display for CorruptKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Job => "job",
            Self::Run => "run",
            Self::Node => "node",
            Self::Metadata => "metadata",
            Self::History => "history entry",
        })
    }
}

impl std::fmt::Display for CorruptRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} {:?} can't be decoded: {}", self.kind, self.key, self.reason)
    }
}

impl std::fmt::Display for CorruptEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "job store {}: {}", self.job_store, self.record)
    }
}
