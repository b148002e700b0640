//! Metadata of schedulers.

use super::CorruptRecord;

/// Small values that schedulers share, such as the time zone rules with which next run times were computed; see
/// [`JobStore::metadata`](super::JobStore::metadata).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// The keys with their values, sorted by the bytes of the keys.
    pub values: Vec<(String, String)>,
    /// Entries that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

impl Metadata {
    /// Creates metadata from values that are sorted by the bytes of their keys.
    #[must_use]
    pub fn new(values: Vec<(String, String)>) -> Self {
        Self { values, corrupt: Vec::new() }
    }

    /// Returns the value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let index = self.values.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok()?;
        Some(&self.values[index].1)
    }
}
