//! The update of entries: load, apply, compare and swap.

use std::collections::HashSet;

use punctual_core::{StoreError, StoreErrorKind, StoredJob};

use super::{CompareAndSwap, KvBackend, KvEntry, KvNamespace, KvStore, KvValue};

/// Maximum number of attempts for one entry. A compare-and-swap fails only if a concurrent one has succeeded, so the
/// limit is not reached in practice.
const MAX_SWAP_ATTEMPTS: u32 = 100;

/// The maximum number of entries that are read or swapped in one call, if the store defines no smaller limit.
const MAX_ENTRIES_PER_CALL: usize = 1_000;

/// An entry to be updated.
#[derive(Debug)]
pub(super) struct Target<V> {
    storage_key: String,
    source: Source<V>,
}

/// Where the current state of an entry comes from.
#[derive(Debug)]
enum Source<V> {
    /// It has been read already.
    Loaded(KvEntry<V>),
    /// There probably is no entry, so that the first swap needs no read.
    Absent,
    /// The store may [recall](KvStore::recall) it; else it is read.
    Recall,
    /// It must be read, because the first one was not sufficient.
    Read,
}

impl<V> Target<V> {
    pub(super) fn new(storage_key: String) -> Self {
        Self { storage_key, source: Source::Recall }
    }

    /// An entry that probably does not exist yet.
    pub(super) fn absent(storage_key: String) -> Self {
        Self { storage_key, source: Source::Absent }
    }

    pub(super) fn loaded(entry: KvEntry<V>) -> Self {
        Self { storage_key: entry.storage_key.clone(), source: Source::Loaded(entry) }
    }
}

/// The new state of an entry.
#[derive(Debug)]
pub(super) enum Change {
    Keep,
    Remove,
    /// The new value, and the decoded job if it is one.
    Write(KvValue, Option<Box<StoredJob>>),
}

impl<M: KvStore> KvBackend<M> {
    /// Updates each entry atomically. Targets of the same entry are applied in the order given. `apply` is called with
    /// the index of a target and its current entry, and returns the new state and a result. After a failed
    /// compare-and-swap, the entry is read and `apply` is called with it; so it is if it was assumed or recalled and is not
    /// to be changed. Unchanged entries are not written.
    pub(super) async fn change<T: Send>(
        &self,
        namespace: KvNamespace,
        targets: Vec<Target<M::Version>>,
        mut apply: impl FnMut(usize, Option<&KvEntry<M::Version>>) -> (Change, T) + Send,
    ) -> Result<Vec<T>, StoreError> {
        let mut results: Vec<Option<T>> = targets.iter().map(|_| None).collect();
        let mut attempts = vec![0; targets.len()];
        let mut pending: Vec<_> = targets.into_iter().enumerate().collect();
        while !pending.is_empty() {
            let (mut batch, rest) = self.split_batch(pending);
            let entries = self.load(namespace, &mut batch).await?;
            let (mut swaps, mut swapped, mut unread) = (Vec::new(), Vec::new(), Vec::new());
            for ((index, target), (entry, is_assumed)) in batch.into_iter().zip(entries) {
                let (change, result) = apply(index, entry.as_ref());
                results[index] = Some(result);
                let (is_kept, new, job) = match change {
                    Change::Keep => (true, None, None),
                    Change::Remove => (entry.is_none(), None, None),
                    Change::Write(value, job) => {
                        let current = entry.as_ref().map(|entry| &entry.value);
                        (current == Some(&value), Some(value), job)
                    }
                };
                if !is_kept {
                    let key = target.storage_key.clone();
                    swaps.push(CompareAndSwap::new(namespace, key, entry, new, job));
                    swapped.push((index, target));
                } else if is_assumed {
                    unread.push((index, target));
                }
            }
            pending = match swaps.is_empty() {
                true => Vec::new(),
                false => failed_swaps(swapped, self.store.swap(swaps).await?),
            };
            for (index, target) in &pending {
                attempts[*index] += 1;
                if attempts[*index] == MAX_SWAP_ATTEMPTS {
                    return Err(contention_error(namespace, &target.storage_key));
                }
            }
            pending.extend(unread);
            // The failed ones come first, because repeated targets of the same entry must keep their order.
            pending.extend(rest);
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Splits off the targets of the next `read` and `swap`: at most `max_batch`, and only the first target of each
    /// entry.
    fn split_batch(
        &self,
        pending: IndexedTargets<M::Version>,
    ) -> (IndexedTargets<M::Version>, IndexedTargets<M::Version>) {
        let max_batch = self.max_batch.clamp(1, MAX_ENTRIES_PER_CALL);
        let mut keys = HashSet::new();
        pending.into_iter().partition(|(_, target)| {
            keys.len() < max_batch && keys.insert(target.storage_key.clone())
        })
    }

    /// The current entries, and whether each was only assumed or recalled.
    async fn load(
        &self,
        namespace: KvNamespace,
        targets: &mut [(usize, Target<M::Version>)],
    ) -> Result<Vec<(Option<KvEntry<M::Version>>, bool)>, StoreError> {
        let mut unread = Vec::new();
        let mut load = |(_, target): &mut (usize, Target<M::Version>)| {
            // If it is not sufficient, the next one is read.
            let assumed = match std::mem::replace(&mut target.source, Source::Read) {
                Source::Loaded(entry) => return Some((Some(entry), false)),
                Source::Absent => Some(None),
                Source::Recall => self.store.recall(namespace, &target.storage_key),
                Source::Read => None,
            };
            if assumed.is_none() {
                unread.push(target.storage_key.clone());
            }
            assumed.map(|entry| (entry, true))
        };
        let loaded: Vec<_> = targets.iter_mut().map(&mut load).collect();
        let read = match unread.is_empty() {
            true => Vec::new(),
            false => self.store.read(namespace, unread).await?,
        };
        let mut read = read.into_iter();
        Ok(loaded
            .into_iter()
            .map(|loaded| loaded.unwrap_or_else(|| (read.next().flatten(), false)))
            .collect())
    }
}

/// Targets with their indexes.
type IndexedTargets<V> = Vec<(usize, Target<V>)>;

/// The targets whose compare-and-swap failed.
fn failed_swaps<V>(swapped: IndexedTargets<V>, succeeded: Vec<bool>) -> IndexedTargets<V> {
    let mut succeeded = succeeded.into_iter();
    swapped.into_iter().filter(|_| !succeeded.next().unwrap_or(false)).collect()
}

fn contention_error(namespace: KvNamespace, storage_key: &str) -> StoreError {
    let message = format!(
        "compare-and-swap of {storage_key:?} in {} failed {MAX_SWAP_ATTEMPTS} times because of concurrent changes",
        namespace.as_str()
    );
    StoreError::new(StoreErrorKind::Unavailable, message)
}
