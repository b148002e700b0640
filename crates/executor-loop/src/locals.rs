//! The table of values that stay on the thread of a loop.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual_core::{JobContext, TaskResult};

use crate::mailbox::Mailbox;

/// A function that need not be `Send`.
#[derive(Clone)]
pub(crate) enum LocalFunction {
    Blocking(Rc<dyn Fn(JobContext) -> TaskResult>),
    Async(Rc<dyn Fn(JobContext) -> LocalRun>),
}

/// A run of an async function that need not be `Send`.
pub(crate) type LocalRun = Pin<Box<dyn Future<Output = TaskResult>>>;

/// The functions and runs of one loop, by key.
pub(crate) struct Locals {
    id: u64,
    mailbox: Arc<Mailbox>,
    functions: RefCell<HashMap<u64, LocalFunction>>,
    runs: RefCell<HashMap<u64, LocalRun>>,
    last_key: Cell<u64>,
}

thread_local! {
    /// The tables of the loops that are attached on this thread.
    static TABLES: RefCell<Vec<Weak<Locals>>> = const { RefCell::new(Vec::new()) };
}

impl Locals {
    pub(crate) fn new(mailbox: &Arc<Mailbox>) -> Rc<Self> {
        static LAST_ID: AtomicU64 = AtomicU64::new(0);
        let locals = Rc::new(Self {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed),
            mailbox: Arc::clone(mailbox),
            functions: RefCell::default(),
            runs: RefCell::default(),
            last_key: Cell::default(),
        });
        TABLES.with_borrow_mut(|tables| {
            tables.retain(|table| table.strong_count() > 0);
            tables.push(Rc::downgrade(&locals));
        });
        locals
    }

    /// Adds a function. It is removed when the last clone of the returned key has been dropped, on any thread.
    pub(crate) fn add(&self, function: LocalFunction) -> FunctionKey {
        let key = self.new_key();
        self.functions.borrow_mut().insert(key, function);
        FunctionKey(Arc::new(OwnedKey(Key { table: self.id, key, mailbox: self.mailbox.clone() })))
    }

    fn new_key(&self) -> u64 {
        self.last_key.set(self.last_key.get() + 1);
        self.last_key.get()
    }

    /// Drops the value with this key, if it still exists.
    pub(crate) fn remove(&self, key: u64) {
        // Dropped after the end of the borrow: destructors may use the table.
        let function = self.functions.borrow_mut().remove(&key);
        drop(function);
        let run = self.runs.borrow_mut().remove(&key);
        drop(run);
    }

    /// Drops all values.
    pub(crate) fn clear(&self) {
        let runs = std::mem::take(&mut *self.runs.borrow_mut());
        drop(runs);
        let functions = std::mem::take(&mut *self.functions.borrow_mut());
        drop(functions);
    }
}

/// Refers to a value of a table, from any thread.
#[derive(Clone)]
struct Key {
    table: u64,
    key: u64,
    mailbox: Arc<Mailbox>,
}

impl Key {
    /// Returns the table, if this is its thread and its loop has not ended.
    fn table(&self) -> Option<Rc<Locals>> {
        let find = |tables: &RefCell<Vec<Weak<Locals>>>| {
            let tables = tables.borrow();
            tables.iter().filter_map(Weak::upgrade).find(|table| table.id == self.table)
        };
        // Fails while the thread ends.
        TABLES.try_with(find).ok().flatten()
    }
}

/// Removes the value when it is dropped: now on the thread of its loop, otherwise as soon as the loop runs.
struct OwnedKey(Key);

impl Drop for OwnedKey {
    fn drop(&mut self) {
        match self.0.table() {
            Some(table) => table.remove(self.0.key),
            None => self.0.mailbox.send_released(self.0.key),
        }
    }
}

/// The key of a function. The function exists as long as a clone of the key does.
#[derive(Clone)]
pub(crate) struct FunctionKey(Arc<OwnedKey>);

impl FunctionKey {
    /// Returns the function, if this is the thread of its loop.
    pub(crate) fn get(&self) -> Option<LocalFunction> {
        let Key { key, .. } = &self.0.0;
        self.0.0.table()?.functions.borrow().get(key).cloned()
    }
}

/// The key of a run in progress. Dropping it drops the run.
pub(crate) struct RunKey(OwnedKey);

impl RunKey {
    /// Adds a run of a function to the table of that function. `None` on another thread.
    pub(crate) fn add(function: &FunctionKey, run: LocalRun) -> Option<Self> {
        let table = function.0.0.table()?;
        let key = table.new_key();
        table.runs.borrow_mut().insert(key, run);
        Some(Self(OwnedKey(Key { key, ..function.0.0.clone() })))
    }

    /// Calls `f` with the run, which it returns if it is to be kept. `None` on another thread, or if the loop has ended.
    pub(crate) fn with<T>(&self, f: impl FnOnce(LocalRun) -> (T, Option<LocalRun>)) -> Option<T> {
        let table = self.0.0.table()?;
        // Not borrowed during the call, which may start or drop other runs.
        let run = table.runs.borrow_mut().remove(&self.0.0.key)?;
        let (value, kept) = f(run);
        if let Some(run) = kept {
            table.runs.borrow_mut().insert(self.0.0.key, run);
        }
        Some(value)
    }
}
