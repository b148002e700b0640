//! The names of definitions, and those that are known already.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::Encoded;

use crate::names::bucket;

/// The largest definition. The servers keep all of them in memory.
pub(crate) const MAX_DEFINITION: usize = 4 << 20;

/// The largest definition that is read: one with a greater length is corrupt.
const MAX_STORED: usize = 4 * MAX_DEFINITION;

/// The size of a piece. ZooKeeper accepts requests of one byte less than 1 MiB, and those of a transaction together.
pub(crate) const PIECE: usize = 3 << 17;

/// The size of all definitions in the cache, after which it is emptied.
const CACHE_BYTES: usize = 32 << 20;
const CACHE_ENTRIES: usize = 50_000;

/// The name of a definition. It never stands for another one, and it belongs to one job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Definition {
    number: u64,
    pub(crate) length: usize,
}

impl Definition {
    /// A new one with this length.
    pub(crate) fn new(length: usize) -> Self {
        Self { number: fastrand::u64(..), length }
    }

    /// The line in the data of a job that names its definition.
    pub(crate) fn line(&self) -> String {
        format!("{:016x} {}\n", self.number, self.length)
    }

    /// Splits the data of a job into its definition and its header.
    pub(crate) fn read(data: &[u8]) -> Option<(Self, &[u8])> {
        let end = data.iter().position(|byte| *byte == b'\n')?;
        let (number, length) = std::str::from_utf8(&data[..end]).ok()?.split_once(' ')?;
        let number = u64::from_str_radix(number, 16).ok().filter(|_| number.len() == 16)?;
        let length = length.parse().ok().filter(|length| *length <= MAX_STORED)?;
        Some((Self { number, length }, &data[end + 1..]))
    }

    pub(crate) fn count(&self) -> usize {
        self.length.div_ceil(PIECE).max(1)
    }

    /// The names of its pieces. The first one always exists.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = String> + use<> {
        let (bucket, number) = (bucket((self.number >> 56) as u32), self.number);
        (0..self.count()).map(move |piece| format!("definitions/{bucket}/{number:016x}-{piece}"))
    }

    /// The name of the node that exists until it is that of a job, if it is written before.
    pub(crate) fn staged(&self) -> String {
        format!("staged/{:016x}", self.number)
    }

    /// That of such a node with this data.
    pub(crate) fn of_staged(name: &str, length: &[u8]) -> Option<Self> {
        let number = u64::from_str_radix(name, 16).ok()?;
        let length = std::str::from_utf8(length).ok()?.parse().ok()?;
        Some(Self { number, length })
    }
}

/// Definitions that were read or written recently. They never change.
#[derive(Clone, Default)]
pub(crate) struct Cache(Arc<Mutex<Entries>>);

#[derive(Default)]
struct Entries {
    by_name: HashMap<Definition, Encoded>,
    bytes: usize,
}

impl Cache {
    pub(crate) fn get(&self, definition: &Definition) -> Option<Encoded> {
        self.0.lock().by_name.get(definition).cloned()
    }

    pub(crate) fn remember(&self, definition: Definition, body: Encoded) {
        let mut entries = self.0.lock();
        if entries.bytes + definition.length > CACHE_BYTES || entries.by_name.len() >= CACHE_ENTRIES
        {
            *entries = Entries::default();
        }
        if entries.by_name.insert(definition, body).is_none() {
            entries.bytes += definition.length;
        }
    }
}

impl fmt::Debug for Cache {
    /// Omits the definitions, which contain the arguments of jobs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("count", &self.0.lock().by_name.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_names_the_definition() {
        let definition = Definition::new(7);
        let data = format!("{}{{}}\n", definition.line());
        assert_eq!(Definition::read(data.as_bytes()), Some((definition, &b"{}\n"[..])));
        for data in
            ["", "\n", "{}", "12 7\n", "0123456789abcdef -7\n", "0123456789abcdef 99999999999\n"]
        {
            assert_eq!(Definition::read(data.as_bytes()), None, "{data}");
        }
    }

    #[test]
    fn the_cache_is_limited() {
        let cache = Cache::default();
        let large = Definition::new(CACHE_BYTES / 2);
        cache.remember(large, Encoded::default());
        let small = Definition::new(1);
        cache.remember(small, Encoded::default());
        assert!(cache.get(&large).is_some() && cache.get(&small).is_some());
        cache.remember(Definition::new(CACHE_BYTES / 2), Encoded::default());
        assert!(cache.get(&large).is_none());
    }
}
