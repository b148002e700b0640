//! What a medium has to bring.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;
use std::time::Duration;

use punctual_core::{
    ChangeWatch, Encoded, NodeId, StoreCaps, StoreError, StoredJob, TaskFilter, Timestamp,
};

/// Something that keeps cells and can swap one of them if it has not changed: a database of keys and values, a folder
/// of files; see the [example](crate#examples). Clones share the connection.
///
/// What is acknowledged is durable, and seen by whoever reads next, in any process. No call waits for ever. Nothing
/// that may have been carried out is sent again: a swap would fail on its own success.
pub trait Medium: Clone + fmt::Debug + Send + Sync + 'static {
    /// What the store's builder has checked.
    type Options: Send + Sync + 'static;

    /// What tells one state of a cell from all others that it ever had or will have, also after it was removed: a
    /// number that the whole medium counts, not one that begins anew with each cell. The value itself will do, too: a
    /// job begins with a random fence, and it harms no other kind of cell to be once more what it was.
    type Version: Clone + fmt::Debug + Send + Sync + 'static;

    /// See [`Backend::caps`](crate::Backend::caps). It also says how many cells are read or swapped at once, and with
    /// [`StoreCaps::with_history`] whether ended runs are kept. There are no transactions of callers'.
    fn caps(options: &Self::Options) -> StoreCaps;

    /// Connects in the current runtime, and prepares tables and the like. It closes what it has opened when it
    /// fails.
    fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

    /// Closes what was opened, for all clones.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// See [`Backend::patience`](crate::Backend::patience).
    fn patience(options: &Self::Options) -> Option<Duration> {
        let _ = options;
        None
    }

    /// The name of the cell for a key: the key itself, or what the medium makes of it if it can't have names of up to
    /// 764 bytes with any characters but control characters. No two keys of a kind have the same.
    fn name_of(kind: CellKind, key: &str) -> String {
        let _ = kind;
        key.to_owned()
    }

    /// All cells of a kind, each as it is when it is read. A cell that is there before the call and stays is among
    /// them, also when it is swapped meanwhile.
    fn list(
        &self,
        kind: CellKind,
    ) -> impl Future<Output = Result<Vec<Cell<Self::Version>>, StoreError>> + Send;

    /// The cells of these names in the order given; none where there is no such cell. Names are not repeated.
    fn read(
        &self,
        kind: CellKind,
        names: Vec<String>,
    ) -> impl Future<Output = Result<Vec<Option<Cell<Self::Version>>>, StoreError>> + Send;

    /// Makes each change if its cell still is what it was; whether it did, in the order given. Each is atomic by
    /// itself, no two are of the same cell, and when the call fails any of them may have been made.
    fn swap(
        &self,
        swaps: Vec<Swap<Self::Version>>,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Jobs that are wanted for one reason or another: at least those, and each once. By default that is all of them;
    /// a medium with an index, which it keeps up to date by [`Swap::job`], does better.
    ///
    /// An index may lag behind, as long as it leaves out no job that was swapped before the call: what it returns is
    /// checked again. For a reason that it does not know it returns all jobs.
    fn find(
        &self,
        wanted: &[Wanted<'_>],
    ) -> impl Future<Output = Result<Found<Self::Version>, StoreError>> + Send {
        let _ = wanted;
        async { Ok(Found { cells: self.list(CellKind::Job).await?, all: true }) }
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

/// What a cell is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum CellKind {
    /// A job; its key is the id.
    Job,
    /// The lease of a node; its key is the node's id.
    Node,
    /// A value that schedulers share; its key is that of the value.
    Metadata,
    /// A run that has ended; its key begins with 16 digits that sort by its end.
    History,
    /// By which rules the others are written: one cell.
    Format,
}

impl CellKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Job, Self::Node, Self::Metadata, Self::History, Self::Format];

    /// A word for it, for folders and prefixes.
    ///
    /// ```
    /// assert_eq!(punctual_store_kit::cells::CellKind::Job.word(), "jobs");
    /// ```
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            Self::Node => "nodes",
            Self::Metadata => "metadata",
            Self::History => "history",
            Self::Format => "format",
        }
    }
}

/// A cell that is not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell<V> {
    /// What the medium knows it by.
    pub name: String,
    /// In which state it is.
    pub version: V,
    /// What is in it.
    pub value: CellValue,
}

/// What is in a cell. Both parts change in one step; a medium may keep them in one piece, or write the body, which may
/// be large, only when it changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CellValue {
    /// What changes often: a line of JSON.
    pub head: Vec<u8>,
    /// What changes seldom: a job's definition. Others have none.
    pub body: Encoded,
}

/// A change of one cell.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Swap<V> {
    /// What the cell is about.
    pub kind: CellKind,
    /// Its name.
    pub name: String,
    /// What it was when it was read; none if it was not there, and must not be now.
    pub old: Option<Cell<V>>,
    /// What it is to be; none if it is to be removed.
    pub new: Option<CellValue>,
    /// The job that `new` is, for an index; none for other kinds.
    pub job: Option<Box<StoredJob>>,
}

impl<V> Swap<V> {
    pub(crate) fn new(
        kind: CellKind,
        name: String,
        old: Option<Cell<V>>,
        new: Option<CellValue>,
        job: Option<Box<StoredJob>>,
    ) -> Self {
        Self { kind, name, old, new, job }
    }
}

/// Which jobs are wanted.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Wanted<'a> {
    /// Those that are [claimable](StoredJob::is_claimable) at an instant: so many of them, those with the earliest
    /// `due_at`.
    Due {
        /// The instant.
        now: Timestamp,
        /// Of which tasks.
        filter: &'a TaskFilter,
        /// How many.
        limit: usize,
    },
    /// Those that can be [claimed](StoredJob::claimable_at) at any time: so many of them, those that can be first.
    Next {
        /// Of which tasks.
        filter: &'a TaskFilter,
        /// How many.
        limit: usize,
    },
    /// All that have a claim or a run of a node that is none of these.
    Orphans {
        /// The nodes that live.
        living: &'a BTreeSet<NodeId>,
        /// Of which tasks.
        filter: &'a TaskFilter,
    },
}

/// Jobs that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<V> {
    /// The cells, in any order, with others among them.
    pub cells: Vec<Cell<V>>,
    /// Whether no limit has left anything out.
    pub all: bool,
}
