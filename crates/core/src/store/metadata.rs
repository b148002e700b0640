//! Values that schedulers keep beside the jobs.

use super::CorruptRecord;

/// Small values that schedulers share, such as by which rules of a time zone jobs were planned; see
/// [`JobStore::metadata`](super::JobStore::metadata).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// Keys with their values, in the order of the keys' bytes.
    pub values: Vec<(String, String)>,
    /// What can't be read.
    pub corrupt: Vec<CorruptRecord>,
}

impl Metadata {
    /// Values in the order of the keys' bytes.
    #[must_use]
    pub fn new(values: Vec<(String, String)>) -> Self {
        Self { values, corrupt: Vec::new() }
    }

    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        let place = self.values.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok()?;
        Some(&self.values[place].1)
    }
}
