//! The parts of a transaction that change an entry.

use punctual_store_kit::kv::IndexedJob;

use crate::client::Op;
use crate::definition::{Definition, PIECE};
use crate::history::index_name;
use crate::layout::{JobIndex, Paths, Swap, Version};
use crate::pieces;

/// The change of one entry.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) parts: Vec<Part>,
    /// About the number of bytes.
    pub(crate) size: usize,
    /// Whether other schedulers are notified.
    pub(crate) is_told: bool,
    /// The new state; its version is that of a new node.
    pub(crate) new: Version,
    /// The new definition, if it is too large for the transaction.
    pub(crate) staged: Option<Definition>,
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) op: Op,
    pub(crate) role: Role,
}

/// What a part stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The entry itself.
    Entry,
    /// A condition: if it does not hold, the entry has changed.
    Guard,
    /// A piece of the new definition, which was not there before.
    Definition,
    /// A node of an index. If it is not as expected, another program has changed it.
    Index,
}

impl Change {
    /// The change of a job.
    pub(crate) fn of_job(paths: &Paths, swap: &Swap) -> Self {
        let Swap { namespace, storage_key: id, expected, new, job, .. } = swap;
        let before = expected.as_ref().map(|expected| &expected.version);
        let index =
            job.as_ref().map(|job| JobIndex::of(id, IndexedJob::of(job))).unwrap_or_default();
        let path = paths.entry(*namespace, id);
        let mut parts = Vec::new();
        let mut add = |op, role| parts.push(Part { op, role });

        let (body, mut definition) = (new.as_ref().map(|new| &new.body), None);
        let body_before = expected.as_ref().map(|expected| &expected.value.body);
        let definition_before = before.and_then(|before| before.definition);
        let mut staged = None;
        if let (true, Some(kept)) = (body == body_before, definition_before) {
            definition = Some(kept);
            if let Some(op) = guard(paths, before) {
                add(op, Role::Guard);
            }
        } else {
            for op in definition_before.iter().flat_map(|before| pieces::delete(before, paths)) {
                add(op, Role::Guard);
            }
            if let Some(body) = body {
                let new = Definition::new(body.as_bytes().len());
                if new.length > PIECE {
                    add(Op::Delete(paths.node(&new.staged()), None), Role::Definition);
                    staged = Some(new);
                } else {
                    pieces::create(&new, paths, body)
                        .into_iter()
                        .for_each(|op| add(op, Role::Definition));
                }
                definition = Some(new);
            }
        }

        let version = before.map(|before| before.version);
        let data = new.as_ref().map(|new| {
            let line = definition.map(|definition| definition.line()).unwrap_or_default();
            [line.as_bytes(), &new.header].concat()
        });
        add(entry(path, version, data), Role::Entry);

        let names_before = before.map(|before| before.index.names.as_slice()).unwrap_or_default();
        for name in names_before.iter().filter(|name| !index.names.contains(name)) {
            add(Op::Delete(paths.node(name), None), Role::Index);
        }
        for name in index.names.iter().filter(|name| !names_before.contains(name)) {
            add(Op::Create(paths.node(name), Vec::new()), Role::Index);
        }
        let is_told =
            new.is_some() && index.job.is_told_after(before.map(|before| &before.index.job));
        let version = version.map_or(0, |version| version.wrapping_add(1));
        let new = Version { version, parent: 0, definition, index };
        Self { size: size(&parts), parts, is_told, new, staged }
    }

    /// The change of an entry of the history, which is written once.
    pub(crate) fn of_history(paths: &Paths, swap: &Swap) -> Self {
        let Swap { namespace, storage_key, expected, new, .. } = swap;
        let version = expected.as_ref().map(|expected| expected.version.version);
        let header = new.as_ref().map(|new| new.header.clone());
        let path = paths.entry(*namespace, storage_key);
        let mut parts = vec![Part { op: entry(path, version, header), role: Role::Entry }];
        let value = new.as_ref().or(expected.as_ref().map(|expected| &expected.value));
        if let Some(name) = value.and_then(|value| index_name(storage_key, &value.header)) {
            let path = paths.node(&name);
            let op = match (version, new) {
                (None, _) => Some(Op::Create(path, Vec::new())),
                (Some(_), None) => Some(Op::Delete(path, None)),
                (Some(_), Some(_)) => None,
            };
            parts.extend(op.map(|op| Part { op, role: Role::Index }));
        }
        let new = Version {
            version: version.map_or(0, |version| version.wrapping_add(1)),
            ..Version::default()
        };
        Self { size: size(&parts), parts, is_told: false, new, staged: None }
    }

    /// The change of another entry, on the condition that its parent has this version.
    pub(crate) fn of_other(paths: &Paths, swap: &Swap, parent: Option<i32>) -> Self {
        let Swap { namespace, storage_key, expected, new, .. } = swap;
        let directory = paths.node(namespace.as_str());
        let version = expected.as_ref().map(|expected| expected.version.version);
        let guard = match (parent, new) {
            (None, _) => None,
            (parent, Some(_)) => Some(Op::Check(directory, parent)),
            // Other changes that were begun before the deletion fail.
            (parent, None) => Some(Op::Set(directory, Vec::new(), parent)),
        };
        let data = new.as_ref().map(|new| new.header.clone());
        let entry = entry(paths.entry(*namespace, storage_key), version, data);
        let guard = guard.map(|op| Part { op, role: Role::Guard });
        let parts: Vec<_> =
            guard.into_iter().chain([Part { op: entry, role: Role::Entry }]).collect();
        Self { size: size(&parts), parts, is_told: false, new: Version::default(), staged: None }
    }
}

/// The condition that a job has not been removed and added again.
pub(crate) fn guard(paths: &Paths, version: Option<&Version>) -> Option<Op> {
    let first = version?.definition?.pieces().next()?;
    Some(Op::Check(paths.node(&first), None))
}

fn entry(path: String, version: Option<i32>, data: Option<Vec<u8>>) -> Op {
    match (version, data) {
        (None, data) => Op::Create(path, data.unwrap_or_default()),
        (version, Some(data)) => Op::Set(path, data, version),
        (version, None) => Op::Delete(path, version),
    }
}

fn size(parts: &[Part]) -> usize {
    parts.iter().map(|part| part.op.size()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_created_set_or_deleted() {
        let of = |version, data: Option<&str>| entry("/a".into(), version, data.map(Into::into));
        assert!(matches!(of(None, Some("x")), Op::Create(..)));
        assert!(matches!(of(Some(3), Some("x")), Op::Set(_, _, Some(3))));
        assert!(matches!(of(Some(3), None), Op::Delete(_, Some(3))));
    }
}
