//! The pieces of definitions.

use punctual_core::{BatchLimit, Encoded};
use punctual_store_kit::parts;

use crate::client::{Found, Op, Read, Written};
use crate::definition::{Definition, PIECE};
use crate::error::RequestError;
use crate::layout::Paths;
use crate::zookeeper::ZooKeeper;

/// The limit of the pieces in one call, whose responses are in memory at the same time.
const CALL: BatchLimit = BatchLimit { count: 1_000, bytes: 16 << 20 };

/// The parts of a transaction that create the pieces of a definition.
pub(crate) fn create(definition: &Definition, paths: &Paths, body: &Encoded) -> Vec<Op> {
    let bytes = body.as_bytes();
    let chunk = |piece: usize| {
        let rest = &bytes[(piece * PIECE).min(bytes.len())..];
        rest[..rest.len().min(PIECE)].to_vec()
    };
    let create = |(piece, name): (usize, String)| Op::Create(paths.node(&name), chunk(piece));
    definition.pieces().enumerate().map(create).collect()
}

/// The parts of a transaction that delete the pieces of a definition.
pub(crate) fn delete(definition: &Definition, paths: &Paths) -> Vec<Op> {
    definition.pieces().map(|name| Op::Delete(paths.node(&name), None)).collect()
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
        for op in [staged].into_iter().chain(create(definition, &self.paths, body)) {
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
            let ops = create(&definition, &paths, &body);
            let sizes = ops.iter().map(|op| match op {
                Op::Create(_, data) => data.len(),
                other => panic!("{other:?}"),
            });
            assert_eq!(sizes.clone().sum::<usize>(), length);
            assert!(sizes.clone().all(|size| size <= PIECE));
            assert_eq!((sizes.count(), delete(&definition, &paths).len()), (count, count));
        }
    }
}
