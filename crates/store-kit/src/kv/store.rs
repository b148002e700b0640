//! The `KvBackend` type.

/// The [`Backend`](crate::Backend) for a [`KvStore`](super::KvStore); see [`kv`](super).
#[derive(Clone, Debug)]
pub struct KvBackend<M> {
    pub(super) store: M,
    /// The maximum number of entries that are read or swapped per call.
    pub(super) max_batch: usize,
    pub(super) keeps_history: bool,
}
