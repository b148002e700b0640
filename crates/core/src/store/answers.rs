//! What stores return.

use super::{InFlightRun, JobRecord};
use crate::time::Timestamp;

/// What became of a job to add.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddOutcome {
    /// It was added, with [`Revision::FIRST`](super::Revision::FIRST).
    Added,
    /// There is one of that id; nothing was changed.
    Exists,
}

/// What [`JobStore::claim_due`](super::JobStore::claim_due) has claimed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// The records, each with its new fence and its count of claims.
    pub records: Vec<JobRecord>,
    /// Whether more may be due: another call may return more. Where it is false, nothing else was due.
    pub more: bool,
    /// What was due and can't be read.
    pub corrupt: Vec<CorruptRecord>,
}

impl Claims {
    /// Claims of which all can be read.
    #[must_use]
    pub fn new(records: Vec<JobRecord>, more: bool) -> Self {
        Self { records, more, corrupt: Vec::new() }
    }
}

/// What a node learns when it renews its lease; see [`JobStore::renew`](super::JobStore::renew).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renewal {
    /// The lease had expired before (its end was not later than `now`), so that others may have taken the
    /// node's runs over; or they have, whatever `now` is. False for a node that was not known.
    pub expired: bool,
    /// As [`JobStore::next_wakeup`](super::JobStore::next_wakeup) returns it.
    pub next_wakeup: Option<Timestamp>,
    /// Another node that is unknown or dead at `now` has runs or claims for
    /// [`JobStore::take_over`](super::JobStore::take_over).
    pub orphans: bool,
    /// As [`JobStore::time`](super::JobStore::time) returns it.
    pub time: Option<Timestamp>,
}

impl Renewal {
    /// What a store without a clock of its own tells.
    #[must_use]
    pub fn new(expired: bool, next_wakeup: Option<Timestamp>, orphans: bool) -> Self {
        Self { expired, next_wakeup, orphans, time: None }
    }

    /// The same, with the store's time.
    #[must_use]
    pub fn with_time(self, time: Option<Timestamp>) -> Self {
        Self { time, ..self }
    }
}

/// What [`JobStore::take_over`](super::JobStore::take_over) has taken over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TakeOver {
    /// The runs that are the caller's now.
    pub runs: Vec<OrphanedRun>,
    /// How many claims of dead nodes were released: those jobs are due again.
    pub released: usize,
    /// Whether more may be left: another call may take more.
    pub more: bool,
    /// What can't be read among that.
    pub corrupt: Vec<CorruptRecord>,
}

/// A run whose node died, and which is now the caller's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OrphanedRun {
    /// The job, as it is now.
    pub record: JobRecord,
    /// The run, with its new node, fence and attempt.
    pub run: InFlightRun,
}

impl OrphanedRun {
    /// A run of the job.
    #[must_use]
    pub fn new(record: JobRecord, run: InFlightRun) -> Self {
        Self { record, run }
    }
}

/// Something in a store that makes no sense: a fence or an attempt that can't be, an id that is none. It is
/// left as it is, nothing is run by it, and everything else goes on; somebody has to repair it in the backend,
/// or to [discard](super::JobStore::discard) it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CorruptRecord {
    /// What it is.
    pub kind: CorruptKind,
    /// What the store knows it by, as text; of a job the id, if it has any.
    pub key: String,
    /// What is wrong with it, with the field and the value.
    pub reason: String,
}

impl CorruptRecord {
    /// One that a store has met.
    pub fn new(kind: CorruptKind, key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { kind, key: key.into(), reason: reason.into() }
    }
}

/// What a [`CorruptRecord`] should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum CorruptKind {
    /// A job, with its runs.
    Job,
    /// A run in flight.
    Run,
    /// A node with its lease; it counts as dead. No method has to report it.
    Node,
    /// A value that schedulers share.
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
        write!(f, "the {} {:?} can't be read: {}", self.kind, self.key, self.reason)
    }
}
