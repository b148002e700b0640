//! Cells in memory, with gaps between a read and a swap in which others may be quicker.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use punctual_core::{BatchLimit, StoreCaps, StoreError};
use punctual_store_kit::cells::{
    Cell, CellKind, CellStore, CellValue, Found, Medium, Swap, Wanted,
};
use punctual_store_kit::{Handle, job_store};
use serde_json::Value;
use tokio::task::yield_now;

use crate::index::{Entry, Index};

/// What processes share.
pub(crate) type Place = Arc<Shelf>;

#[derive(Debug, Default)]
pub(crate) struct Shelf {
    pub(crate) content: Mutex<Content>,
    /// Whether searches use the index.
    pub(crate) indexed: bool,
    /// Whether somebody else is always quicker.
    pub(crate) loses: AtomicBool,
    pub(crate) closed: AtomicU64,
    /// How many cells have been given out.
    pub(crate) read: AtomicU64,
}

impl Shelf {
    pub(crate) fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().expect("nobody panics")
    }
}

#[derive(Debug, Default)]
pub(crate) struct Content {
    last: u64,
    pub(crate) cells: BTreeMap<(CellKind, String), (u64, CellValue)>,
    pub(crate) index: Index,
}

impl Content {
    fn get(&self, kind: CellKind, name: &str) -> Option<Cell<u64>> {
        let (version, value) = self.cells.get(&(kind, name.to_owned()))?.clone();
        Some(Cell { name: name.to_owned(), version, value })
    }

    fn put(&mut self, kind: CellKind, name: &str, value: CellValue) {
        self.last += 1;
        self.cells.insert((kind, name.to_owned()), (self.last, value));
    }

    fn swap(&mut self, Swap { kind, name, old, new, job, .. }: Swap<u64>) -> bool {
        let version = self.get(kind, &name).map(|cell| cell.version);
        if version != old.map(|cell| cell.version) {
            return false;
        }
        assert_eq!(job.is_some(), kind == CellKind::Job && new.is_some());
        match job {
            Some(job) => self.index.insert(name.clone(), Entry::of(&job)),
            None => self.index.remove(&name),
        };
        match new {
            Some(value) => self.put(kind, &name, value),
            None => drop(self.cells.remove(&(kind, name))),
        }
        true
    }

    fn kind(&self, word: &str) -> CellKind {
        let mut kinds = self.cells.keys().map(|(kind, _)| *kind);
        kinds.find(|kind| kind.word() == word).expect("a cell of that kind")
    }

    /// Changes a head past the store.
    pub(crate) fn edit(&mut self, kind: &str, name: &str, edit: impl FnOnce(&mut Value)) {
        let kind = self.kind(kind);
        let mut value = self.get(kind, name).expect("that cell").value;
        let mut head: Value = serde_json::from_slice(&value.head).expect("JSON");
        edit(&mut head);
        value.head = head.to_string().into_bytes();
        self.put(kind, name, value);
    }

    /// Gives a cell another name, in the index too.
    pub(crate) fn rename(&mut self, kind: &str, name: &str, other: &str) {
        let kind = self.kind(kind);
        let value = self.cells.remove(&(kind, name.to_owned())).expect("that cell");
        self.cells.insert((kind, other.to_owned()), value);
        if let Some(entry) = self.index.remove(name) {
            self.index.insert(other.to_owned(), entry);
        }
    }

    /// The name of the cell that has this in its name.
    pub(crate) fn name_with(&self, kind: &str, part: &str) -> String {
        let kind = self.kind(kind);
        let mut names = self.cells.keys().filter(|(own, _)| *own == kind);
        names.find(|(_, name)| name.contains(part)).expect("such a cell").1.clone()
    }
}

/// A process's view of it.
#[derive(Clone, Debug)]
pub(crate) struct Memory(Place);

impl Memory {
    fn give(&self, cells: Vec<Option<Cell<u64>>>) -> Vec<Option<Cell<u64>>> {
        let given = cells.iter().flatten().count();
        self.0.read.fetch_add(given as u64, Ordering::SeqCst);
        cells
    }
}

impl Medium for Memory {
    type Options = Place;
    type Version = u64;

    fn caps(_: &Place) -> StoreCaps {
        let limit = BatchLimit { count: 30, bytes: 1 << 22 };
        StoreCaps::shared().with_history().with_max_batch(limit)
    }

    async fn open(place: &Place) -> Result<Self, StoreError> {
        Ok(Self(place.clone()))
    }

    async fn close(&self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }

    async fn list(&self, kind: CellKind) -> Result<Vec<Cell<u64>>, StoreError> {
        yield_now().await;
        let cells = {
            let content = self.0.content();
            let names = content.cells.keys().filter(|(own, _)| *own == kind);
            names.map(|(_, name)| content.get(kind, name)).collect()
        };
        yield_now().await;
        Ok(self.give(cells).into_iter().flatten().collect())
    }

    async fn read(
        &self,
        kind: CellKind,
        names: Vec<String>,
    ) -> Result<Vec<Option<Cell<u64>>>, StoreError> {
        let mut cells = Vec::new();
        for name in names {
            yield_now().await;
            cells.push(self.0.content().get(kind, &name));
        }
        yield_now().await;
        Ok(self.give(cells))
    }

    async fn swap(&self, swaps: Vec<Swap<u64>>) -> Result<Vec<bool>, StoreError> {
        let mut won = Vec::new();
        for swap in swaps {
            yield_now().await;
            won.push(!self.0.loses.load(Ordering::SeqCst) && self.0.content().swap(swap));
        }
        Ok(won)
    }

    async fn find(&self, wanted: &[Wanted<'_>]) -> Result<Found<u64>, StoreError> {
        if !self.0.indexed {
            return Ok(Found { cells: self.list(CellKind::Job).await?, all: true });
        }
        let (names, all) = self.0.content().index.find(wanted);
        let cells = self.read(CellKind::Job, names.into_iter().collect()).await?;
        Ok(Found { cells: cells.into_iter().flatten().collect(), all })
    }
}

/// The store.
#[derive(Clone)]
pub(crate) struct MemoryStore {
    handle: Handle<CellStore<Memory>>,
}

job_store!(MemoryStore, CellStore<Memory>);

impl MemoryStore {
    pub(crate) fn on(place: &Place) -> Self {
        Self { handle: Handle::new(place.clone()) }
    }
}
