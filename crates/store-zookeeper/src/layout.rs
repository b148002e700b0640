//! The nodes and their data.
//!
//! All nodes are below the path of the store:
//!
//! | node | data |
//! |---|---|
//! | `jobs/XX/ID` | a line that names the definition; the header as `punctual_store_kit::kv` defines it: the record, the claim and the runs |
//! | `definitions/XX/NUMBER-N` | the `N`th piece of a definition, which never changes |
//! | `staged/NUMBER` | the number of pieces of a definition that is not yet that of a job |
//! | `due/TASK/B/BB/DUE~ID` | empty; of an unclaimed job with a schedule |
//! | `claimed/TASK/B/BB/AT~DUE~NODE~ID` | empty; of a claimed one, `AT` being when it can be claimed again |
//! | `owned/NODE/TASK~ID` | empty; for each node that owns runs of the job |
//! | `history/B/KEY` | the header of an entry |
//! | `job_history/ID/KEY` | empty; the same entries by the ids of their jobs |
//! | `nodes/ID`, `metadata/KEY`, `format/format` | the header |
//! | `changed` | empty; written when other schedulers are notified |
//! | `clock` | empty; written to read the clock of the servers |
//!
//! `XX` are 256 buckets, so that no list of children becomes long: by the checksum of the id, or the first digits of the number.
//! `B` and `BB` are buckets of time: of about five hours and eight seconds, in the history of 18 minutes. They are container nodes,
//! which the servers delete when they are empty. Names are percent-encoded, and contain no `~` then.
//!
//! `DUE` and `AT` are microseconds since 1970 as 16 hexadecimal digits of the number plus 2^63, so that their order is that of the
//! texts. `NUMBER` is a random number, which a job gets with each new definition.
//!
//! A job, its definition and its nodes in the indexes change in one transaction. Versions of nodes begin at 0 again when a node is
//! created again, so the transaction also requires that the definition still exists, whose number is never used twice. An entry of
//! another namespace changes only if the version of its parent is unchanged, which increases when any of them is deleted.

use std::sync::Arc;

use punctual_core::{NodeId, StoreError};
use punctual_store_kit::invalid;
use punctual_store_kit::kv::{CompareAndSwap, IndexedJob, KvEntry, KvNamespace};

use crate::definition::Definition;
use crate::names::{bucket, decode, digits, encode, history_bucket, time_buckets};

/// Separates the parts of a name.
const SEPARATOR: char = '~';

/// The nodes that all others are in.
pub(crate) const DIRECTORIES: [&str; 13] = [
    "jobs",
    "definitions",
    "staged",
    "due",
    "claimed",
    "owned",
    "history",
    "job_history",
    "nodes",
    "metadata",
    "format",
    CHANGED,
    CLOCK,
];

pub(crate) const CHANGED: &str = "changed";
pub(crate) const CLOCK: &str = "clock";

/// The state of an entry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Version {
    /// That of its node.
    pub(crate) version: i32,
    /// That of the parent, of entries other than jobs.
    pub(crate) parent: i32,
    /// Of a job; `None` if its first line is corrupt.
    pub(crate) definition: Option<Definition>,
    /// Of a job.
    pub(crate) index: JobIndex,
}

pub(crate) type Entry = KvEntry<Version>;
pub(crate) type Swap = CompareAndSwap<Version>;

/// The path of a store.
#[derive(Clone, Debug)]
pub(crate) struct Paths(Arc<str>);

impl Paths {
    /// Checks a path. Slashes at its ends don't matter.
    pub(crate) fn new(path: &str) -> Result<Self, StoreError> {
        let trimmed = path.trim_matches('/');
        // The characters that ZooKeeper allows; it has its own nodes in `/zookeeper`.
        let is_allowed =
            |c: char| !c.is_control() && !matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fff0}'..);
        let is_valid = (1..=200).contains(&trimmed.len())
            && trimmed.chars().all(is_allowed)
            && trimmed.split('/').all(|part| !matches!(part, "" | "." | ".."))
            && trimmed.split('/').next() != Some("zookeeper");
        match is_valid {
            true => Ok(Self(format!("/{trimmed}").into())),
            false => Err(invalid(format!(
                "the path {path:?} is invalid: it must have 1 to 200 bytes, no empty parts, no characters that ZooKeeper doesn't \
                 allow, and not begin with `zookeeper`"
            ))),
        }
    }

    /// The path of the store.
    pub(crate) fn base(&self) -> &str {
        &self.0
    }

    /// The path of a node.
    pub(crate) fn node(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    pub(crate) fn entry(&self, namespace: KvNamespace, key: &str) -> String {
        let directory = namespace.as_str();
        match namespace {
            KvNamespace::Job => {
                let bucket = bucket(crc32fast::hash(key.as_bytes()));
                self.node(&format!("{directory}/{bucket}/{}", encode(key)))
            }
            KvNamespace::History => {
                self.node(&format!("{directory}/{}/{}", history_bucket(key), encode(key)))
            }
            _ => self.node(&format!("{directory}/{}", encode(key))),
        }
    }
}

/// A node in an index of the jobs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IndexNode {
    /// The digits of the times.
    pub(crate) at: String,
    pub(crate) due: String,
    pub(crate) id: String,
    /// The owner of the claim or the run.
    pub(crate) node: Option<String>,
    pub(crate) name: String,
}

impl IndexNode {
    /// Parses the name of a node in one of the directories `due` and `claimed`, which is that with these buckets; `None` if it is
    /// no node of an index.
    pub(crate) fn timed(directory: &str, name: &str) -> Option<Self> {
        let parts: Vec<_> = name.split(SEPARATOR).collect();
        let (at, due, node, id) = match parts.as_slice() {
            [due, id] => (due, due, None, id),
            [at, due, node, id] => (at, due, Some(decode(node)?), id),
            _ => return None,
        };
        let name = format!("{directory}/{name}");
        Some(Self { at: (*at).into(), due: (*due).into(), id: decode(id)?, node, name })
    }

    /// Parses the name of a node in `owned/NODE`, and returns its task, too.
    pub(crate) fn owned(directory: &str, name: &str) -> Option<(String, Self)> {
        let (task, id) = name.split_once(SEPARATOR)?;
        let node = Some(decode(directory.rsplit_once('/')?.1)?);
        let (id, name) = (decode(id)?, format!("{directory}/{name}"));
        let found = Self { at: String::new(), due: String::new(), id, node, name };
        Some((decode(task)?, found))
    }
}

/// The nodes of a job in the indexes, and what they are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobIndex {
    /// Their names.
    pub(crate) names: Vec<String>,
    pub(crate) job: IndexedJob,
}

impl JobIndex {
    pub(crate) fn of(id: &str, job: IndexedJob) -> Self {
        let Some(task) = job.task.as_deref().map(encode) else {
            return Self { names: Vec::new(), job };
        };
        let (id, encoded) = (encode(id), |node: &NodeId| encode(node.as_str()));
        let owned = |node: &NodeId| format!("owned/{}/{task}~{id}", encoded(node));
        let mut names: Vec<_> = job.owners.iter().map(owned).collect();
        if let Some((due, at)) = job.times {
            let (outer, inner) = (time_buckets(at), digits(due));
            let [outer, bucket] = outer;
            names.push(match &job.claimed_by {
                None => format!("due/{task}/{outer}/{bucket}/{inner}~{id}"),
                Some(node) => {
                    let (at, node) = (digits(at), encoded(node));
                    format!("claimed/{task}/{outer}/{bucket}/{at}~{inner}~{node}~{id}")
                }
            });
        }
        Self { names, job }
    }
}

/// The parents of a node below the path of the store, outer ones first, without the directories that always exist; and whether
/// each is deleted when it is empty.
pub(crate) fn parents(name: &str) -> impl Iterator<Item = (&str, bool)> {
    let depth = |end: usize| name[..end].matches('/').count();
    // The nodes of tasks are kept, because all jobs are found by them.
    let is_kept =
        ["jobs/", "definitions/", "due/", "claimed/"].iter().any(|kept| name.starts_with(kept));
    let is_container = move |end| !is_kept || depth(end) > 1;
    let ends = name.match_indices('/').map(|(end, _)| end).skip(1);
    ends.map(move |end| (&name[..end], is_container(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_validated() {
        for (path, base) in
            [("a", "/a"), ("/a/", "/a"), ("/a b/é/jobs", "/a b/é/jobs"), ("%_\\\"'", "/%_\\\"'")]
        {
            assert_eq!(Paths::new(path).unwrap().base(), base);
        }
        for path in
            ["", "/", "a//b", "a/../b", "a/.", "a\nb", "a🚀", "zookeeper/a", &"x".repeat(201)]
        {
            assert!(Paths::new(path).unwrap_err().to_string().contains("is invalid"), "{path}");
        }
    }

    #[test]
    fn index_nodes_are_parsed() {
        let parse = |name| {
            let found = IndexNode::timed("d", name)?;
            Some((found.id, found.node, found.at, found.due, found.name))
        };
        let text = str::to_owned;
        assert_eq!(
            parse("00~a%2Fb"),
            Some((text("a/b"), None, text("00"), text("00"), text("d/00~a%2Fb")))
        );
        assert_eq!(
            parse("01~00~n%7E~id"),
            Some((text("id"), Some(text("n~")), text("01"), text("00"), text("d/01~00~n%7E~id")))
        );
        assert_eq!(["id", "0~1~2", "0~1~2~3~4", "0~%ff"].map(parse), [const { None }; 4]);
        let (task, found) = IndexNode::owned("owned/n%20", "t%2F~id").unwrap();
        assert_eq!((task.as_str(), found.id.as_str()), ("t/", "id"));
        assert_eq!(found.node.as_deref(), Some("n "));
    }

    #[test]
    fn buckets_of_times_are_deleted_when_they_are_empty_but_those_of_tasks_are_not() {
        let of = |name| parents(name).collect::<Vec<_>>();
        assert_eq!(
            of("due/t/1/2/3~id"),
            [("due/t", false), ("due/t/1", true), ("due/t/1/2", true)]
        );
        assert_eq!(of("owned/n/t~id"), [("owned/n", true)]);
        assert_eq!(of("jobs/00/id"), [("jobs/00", false)]);
        assert_eq!(of("history/0/key"), [("history/0", true)]);
        assert_eq!(of("nodes/n"), []);
    }
}
