//! Definitions: their names, their pieces, and those that are known already.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{BatchLimit, Encoded};
use punctual_store_kit::parts;

use crate::client::{Found, Op, Read, Written};
use crate::error::RequestError;
use crate::layout::{Paths, bucket};
use crate::zookeeper::ZooKeeper;

/// The size of a piece. ZooKeeper accepts requests of one byte less than 1 MiB, and those of a transaction together.
pub(crate) const PIECE: usize = 3 << 17;

/// The limit of the pieces in one call, whose responses are in memory at the same time.
const CALL: BatchLimit = BatchLimit { count: 1_000, bytes: 16 << 20 };

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
        let length = length.parse().ok().filter(|length| *length <= crate::store::MAX_STORED)?;
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

    /// The parts of a transaction that create its pieces.
    pub(crate) fn create(&self, paths: &Paths, body: &Encoded) -> Vec<Op> {
        let bytes = body.as_bytes();
        let chunk = |piece: usize| {
            let rest = &bytes[(piece * PIECE).min(bytes.len())..];
            rest[..rest.len().min(PIECE)].to_vec()
        };
        let create = |(piece, name): (usize, String)| Op::Create(paths.node(&name), chunk(piece));
        self.pieces().enumerate().map(create).collect()
    }

    /// The parts of a transaction that delete its pieces.
    pub(crate) fn delete(&self, paths: &Paths) -> Vec<Op> {
        self.pieces().map(|name| Op::Delete(paths.node(&name), None)).collect()
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

impl ZooKeeper {
    /// Reads definitions, in the order given; `None` for those that have been deleted.
    pub(crate) async fn read_definitions(
        &self,
        wanted: &[Definition],
    ) -> Result<Vec<Option<Encoded>>, RequestError> {
        let mut bodies: Vec<_> = wanted.iter().map(|one| self.definitions.get(one)).collect();
        let missing: Vec<_> = (0..wanted.len()).filter(|index| bodies[*index].is_none()).collect();
        for part in parts(&missing, CALL, |index| wanted[*index].length) {
            let pieces = part.iter().flat_map(|index| wanted[*index].pieces());
            let reads = pieces.map(|name| Read::Data(self.paths.node(&name))).collect();
            let mut found = self.client.read(reads).await?.into_iter();
            for index in part {
                let definition = wanted[*index];
                let (mut body, mut is_whole) = (Vec::with_capacity(definition.length), true);
                for piece in found.by_ref().take(definition.count()) {
                    match piece {
                        Found::Data(data, _) => body.extend(data),
                        _ => is_whole = false,
                    }
                }
                if is_whole {
                    let body = Encoded::from(body);
                    self.definitions.remember(definition, body.clone());
                    bodies[*index] = Some(body);
                }
            }
        }
        Ok(bodies)
    }

    /// Writes a definition that is too large for the transaction of its job.
    pub(crate) async fn stage(
        &self,
        definition: &Definition,
        body: &Encoded,
    ) -> Result<(), RequestError> {
        let length = definition.length.to_string().into_bytes();
        let staged = Op::Create(self.paths.node(&definition.staged()), length);
        for op in [staged].into_iter().chain(definition.create(&self.paths, body)) {
            self.create_parents(std::slice::from_ref(&op)).await?;
            if let Written::Failed(_, error) = self.client.write(vec![op]).await? {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Deletes a definition that was written but is not that of a job. Another client may have done so.
    pub(crate) async fn discard_staged(&self, definition: &Definition) -> Result<(), RequestError> {
        // All of its pieces are there unless the client was killed in between.
        let names: Vec<_> = definition.pieces().collect();
        let reads = names.iter().map(|name| Read::Data(self.paths.node(name))).collect();
        let found = self.client.read(reads).await?;
        let exists = names.iter().zip(found).filter(|(_, found)| !matches!(found, Found::Nothing));
        // The transaction of the job deletes this node, too, so that only one of them succeeds.
        let mut ops = vec![Op::Delete(self.paths.node(&definition.staged()), None)];
        ops.extend(exists.map(|(name, _)| Op::Delete(self.paths.node(name), None)));
        self.client.write(ops).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_consists_of_pieces() {
        let paths = Paths::new("a").unwrap();
        for (length, count) in [(0, 1), (1, 1), (PIECE, 1), (PIECE + 1, 2), (3 * PIECE, 3)] {
            let body = Encoded::from(vec![b'x'; length]);
            let definition = Definition::new(length);
            let ops = definition.create(&paths, &body);
            let sizes = ops.iter().map(|op| match op {
                Op::Create(_, data) => data.len(),
                other => panic!("{other:?}"),
            });
            assert_eq!(sizes.clone().sum::<usize>(), length);
            assert!(sizes.clone().all(|size| size <= PIECE));
            assert_eq!((sizes.count(), definition.delete(&paths).len()), (count, count));
        }
    }

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
