//! The jobs that this store has written recently, so that a commit needn't read what was claimed.

use std::collections::HashMap;
use std::sync::Arc;

use mongodb::bson::oid::ObjectId;
use parking_lot::Mutex;

use crate::layout::{Entry, Swap, version_after};

/// The limits, after which all entries are forgotten.
const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: usize = 16 << 20;

/// Entries by their keys. Each is taken once: it may be outdated then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recent(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<String, Entry>,
    bytes: usize,
}

impl Recent {
    /// Remembers what a successful change has written.
    pub(crate) fn remember(&self, swap: Swap, token: ObjectId) {
        let version = version_after(&swap, token);
        let Some(value) = swap.new else { return };
        let mut entries = self.0.lock();
        if entries.by_key.len() >= MAX_ENTRIES || entries.bytes >= MAX_BYTES {
            *entries = Entries::default();
        }
        let entry = Entry { storage_key: swap.storage_key, version, value };
        entries.bytes += size(&entry);
        if let Some(old) = entries.by_key.insert(entry.storage_key.clone(), entry) {
            entries.bytes -= size(&old);
        }
    }

    /// Takes an entry.
    pub(crate) fn take(&self, key: &str) -> Option<Entry> {
        let mut entries = self.0.lock();
        let entry = entries.by_key.remove(key)?;
        entries.bytes -= size(&entry);
        Some(entry)
    }
}

fn size(entry: &Entry) -> usize {
    entry.value.header.len() + entry.value.body.as_bytes().len()
}
