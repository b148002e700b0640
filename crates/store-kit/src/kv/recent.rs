//! Entries that a store has written recently.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

use super::KvEntry;

/// The limits, after which all entries are forgotten.
const MAX_ENTRIES: usize = 10_000;
const MAX_BYTES: usize = 16 << 20;

/// The entries that a store has written recently, for [`KvStore::recall`](super::KvStore::recall): a commit then needn't
/// read what was claimed. Clones share them, and their total size is limited. Each entry is taken once, because it may be
/// outdated.
///
/// ```
/// use punctual_store_kit::kv::{KvEntry, KvValue, RecentEntries};
///
/// let recent = RecentEntries::default();
/// let value = KvValue { header: b"{}".to_vec(), body: Default::default() };
/// recent.remember(KvEntry { storage_key: "mail".into(), version: 7, value });
/// assert_eq!(recent.take("mail").map(|entry| entry.version), Some(7));
/// assert_eq!(recent.take("mail"), None);
/// ```
pub struct RecentEntries<V>(Arc<Mutex<Entries<V>>>);

struct Entries<V> {
    by_key: HashMap<String, KvEntry<V>>,
    bytes: usize,
}

impl<V> RecentEntries<V> {
    /// Remembers an entry that has been written.
    pub fn remember(&self, entry: KvEntry<V>) {
        let mut entries = self.0.lock();
        if entries.by_key.len() >= MAX_ENTRIES || entries.bytes >= MAX_BYTES {
            *entries = Entries::default();
        }
        entries.bytes += size(&entry);
        if let Some(old) = entries.by_key.insert(entry.storage_key.clone(), entry) {
            entries.bytes -= size(&old);
        }
    }

    /// Takes the entry with this storage key.
    #[must_use]
    pub fn take(&self, storage_key: &str) -> Option<KvEntry<V>> {
        let mut entries = self.0.lock();
        let entry = entries.by_key.remove(storage_key)?;
        entries.bytes -= size(&entry);
        Some(entry)
    }
}

fn size<V>(entry: &KvEntry<V>) -> usize {
    entry.value.header.len() + entry.value.body.as_bytes().len()
}

impl<V> Default for Entries<V> {
    fn default() -> Self {
        Self { by_key: HashMap::new(), bytes: 0 }
    }
}

impl<V> Default for RecentEntries<V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<V> Clone for RecentEntries<V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<V> fmt::Debug for RecentEntries<V> {
    /// Omits the entries, which contain the arguments of jobs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecentEntries")
            .field("count", &self.0.lock().by_key.len())
            .finish_non_exhaustive()
    }
}
