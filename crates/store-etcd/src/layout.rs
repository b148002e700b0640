//! The keys and values.
//!
//! All keys begin with the path of the store and a colon, which no path contains:
//!
//! | key after the colon | value |
//! |---|---|
//! | `jobs/ID` | the header as `punctual_store_kit::kv` defines it: the record, the claim and the runs |
//! | `definitions/ID` | the definition, which is written only if it changes |
//! | `due/TASK␟DUE␟ID` | of an unclaimed job with a schedule; the size of its definition |
//! | `claimed/TASK␟AT␟DUE␟NODE␟ID` | of a claimed one, `AT` being when it can be claimed again; the size of its definition |
//! | `owned/NODE␟TASK␟ID` | for each node that owns runs of the job; the size of its definition |
//! | `tasks/TASK` | empty; exists for each task that any job has had |
//! | `history/KEY` | the header of an entry; see [`history_keys`](crate::history_keys) for its key |
//! | `job_history/ID␟KEY` | empty; the same entries by the ids of their jobs |
//! | `nodes/ID`, `metadata/KEY`, `format/format` | the header |
//! | `changed` | empty; written when other schedulers are notified |
//! | `written` | empty; written by the other requests that write |
//!
//! `␟` is the control character 1F, which no name contains. `DUE` and `AT` are microseconds since 1970 as 16 hexadecimal digits
//! of the number plus 2^63, so that their order is that of the bytes.
//!
//! A job and its keys in the indexes change in one transaction, on the condition that `jobs/ID` still has the revision with
//! which it was read.

use std::sync::Arc;

use punctual_core::{NodeId, StoreError, Timestamp};
use punctual_store_kit::invalid;
use punctual_store_kit::kv::{CompareAndSwap, IndexedJob, KvEntry, KvNamespace};

/// Separates the parts of a key.
pub(crate) const SEPARATOR: char = '\x1f';

/// Follows directly on the separator: the end of the keys that begin with a part.
const AFTER: char = '\x20';

/// The state of an entry.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The revision of its last change, a counter of the whole cluster.
    pub(crate) revision: i64,
    /// Of a job.
    pub(crate) index: JobIndex,
}

pub(crate) type Entry = KvEntry<Version>;
pub(crate) type Swap = CompareAndSwap<Version>;

/// The keys of a store.
#[derive(Clone, Debug)]
pub(crate) struct Keys(Arc<str>);

/// A range of keys, without its end.
pub(crate) type KeyRange = (Vec<u8>, Vec<u8>);

impl Keys {
    /// Checks a path. Slashes at its ends don't matter.
    pub(crate) fn new(path: &str) -> Result<Self, StoreError> {
        let trimmed = path.trim_matches('/');
        let is_valid = (1..=200).contains(&trimmed.len())
            && !trimmed.contains(|c: char| c.is_control() || c == ':')
            && trimmed.split('/').all(|part| !part.is_empty());
        match is_valid {
            true => Ok(Self(format!("/{trimmed}:").into())),
            false => Err(invalid(format!(
                "the path {path:?} is invalid: it must have 1 to 200 bytes without control characters, colons and empty parts"
            ))),
        }
    }

    /// The key with this name.
    pub(crate) fn key(&self, name: &str) -> Vec<u8> {
        [self.0.as_bytes(), name.as_bytes()].concat()
    }

    pub(crate) fn entry(&self, namespace: KvNamespace, key: &str) -> Vec<u8> {
        self.key(&format!("{}/{key}", namespace.as_str()))
    }

    pub(crate) fn definition(&self, id: &str) -> Vec<u8> {
        self.key(&format!("definitions/{id}"))
    }

    pub(crate) fn task(&self, task: &str) -> Vec<u8> {
        self.key(&format!("tasks/{task}"))
    }

    pub(crate) fn changed(&self) -> Vec<u8> {
        self.key("changed")
    }

    pub(crate) fn written(&self) -> Vec<u8> {
        self.key("written")
    }

    /// All keys below a name.
    pub(crate) fn below(&self, name: &str) -> KeyRange {
        // `0` follows on the slash.
        (self.key(&format!("{name}/")), self.key(&format!("{name}0")))
    }

    /// The keys of unclaimed jobs of a task, all or those that are due at an instant.
    pub(crate) fn due(&self, task: &str, at: Option<Timestamp>) -> KeyRange {
        self.until("due", task, at)
    }

    /// The keys of claimed jobs of a task, all or those that can be claimed again at an instant.
    pub(crate) fn claimed(&self, task: &str, at: Option<Timestamp>) -> KeyRange {
        self.until("claimed", task, at)
    }

    fn until(&self, index: &str, task: &str, at: Option<Timestamp>) -> KeyRange {
        let start = format!("{index}/{task}{SEPARATOR}");
        let end = match at {
            None => format!("{index}/{task}{AFTER}"),
            Some(at) => format!("{start}{}{AFTER}", digits(at)),
        };
        (self.key(&start), self.key(&end))
    }

    /// The keys of runs of all nodes but these.
    pub(crate) fn owned_by_others<'a>(
        &self,
        nodes: impl Iterator<Item = &'a NodeId>,
    ) -> Vec<KeyRange> {
        let (mut start, end) = self.below("owned");
        let mut nodes: Vec<_> = nodes.map(|node| format!("owned/{node}")).collect();
        nodes.sort_by_cached_key(|node| format!("{node}{SEPARATOR}"));
        let mut gaps = Vec::with_capacity(nodes.len() + 1);
        for node in nodes {
            gaps.push((start, self.key(&format!("{node}{SEPARATOR}"))));
            start = self.key(&format!("{node}{AFTER}"));
        }
        gaps.push((start, end));
        gaps
    }

    /// The name of a key, or `None` if it is none of this store.
    pub(crate) fn name<'k>(&self, key: &'k [u8]) -> Option<&'k str> {
        std::str::from_utf8(key.strip_prefix(self.0.as_bytes())?).ok()
    }

    /// The part of a key behind `NAME/`.
    pub(crate) fn last_part<'k>(&self, name: &str, key: &'k [u8]) -> Option<&'k str> {
        self.name(key)?.strip_prefix(name)?.strip_prefix('/')
    }
}

fn digits(at: Timestamp) -> String {
    format!("{:016x}", at.as_micros().cast_unsigned() ^ (1 << 63))
}

/// A key in an index of the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IndexKey<'k> {
    pub(crate) id: &'k str,
    pub(crate) task: &'k str,
    /// The owner of the claim or the run.
    pub(crate) node: Option<&'k str>,
    /// The digits of the times.
    pub(crate) at: &'k str,
    pub(crate) due: &'k str,
}

impl<'k> IndexKey<'k> {
    /// Parses the name of a key; `None` if it is not one of an index.
    pub(crate) fn parse(name: &'k str) -> Option<Self> {
        let (index, parts) = name.split_once('/')?;
        let mut parts = parts.split(SEPARATOR);
        let mut next = || parts.next();
        let key = match index {
            "due" => {
                let (task, due, id) = (next()?, next()?, next()?);
                Self { id, task, node: None, at: due, due }
            }
            "claimed" => {
                let (task, at, due, node, id) = (next()?, next()?, next()?, next()?, next()?);
                Self { id, task, node: Some(node), at, due }
            }
            "owned" => {
                let (node, task, id) = (next()?, next()?, next()?);
                Self { id, task, node: Some(node), at: "", due: "" }
            }
            _ => return None,
        };
        next().is_none().then_some(key)
    }
}

/// The keys of a job in the indexes, and what they are made of.
#[derive(Clone, Debug, Default)]
pub(crate) struct JobIndex {
    /// The names of the keys.
    pub(crate) names: Vec<String>,
    pub(crate) job: IndexedJob,
}

impl JobIndex {
    pub(crate) fn of(id: &str, job: IndexedJob) -> Self {
        let Some(task) = &job.task else { return Self { names: Vec::new(), job } };
        let owned = |node: &NodeId| format!("owned/{node}{SEPARATOR}{task}{SEPARATOR}{id}");
        let mut names: Vec<_> = job.owners.iter().map(owned).collect();
        if let Some((due, at)) = job.times {
            let (due, at) = (digits(due), digits(at));
            names.push(match &job.claimed_by {
                None => format!("due/{task}{SEPARATOR}{due}{SEPARATOR}{id}"),
                Some(node) => format!(
                    "claimed/{task}{SEPARATOR}{at}{SEPARATOR}{due}{SEPARATOR}{node}{SEPARATOR}{id}"
                ),
            });
        }
        Self { names, job }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys() -> Keys {
        Keys::new("/a").unwrap()
    }

    #[test]
    fn paths_are_validated() {
        for (path, prefix) in [
            ("a", "/a:"),
            ("/a/", "/a:"),
            ("/a b/é/jobs", "/a b/é/jobs:"),
            ("%_\\\"'", "/%_\\\"':"),
        ] {
            let keys = Keys::new(path).unwrap();
            assert_eq!(&*keys.0, prefix);
        }
        for path in ["", "/", "a:b", "a//b", "a\nb", &"x".repeat(201)] {
            assert!(Keys::new(path).unwrap_err().to_string().contains("is invalid"), "{path}");
        }
    }

    #[test]
    fn stores_below_each_other_have_separate_keys() {
        let (outer, inner) = (keys(), Keys::new("/a/jobs").unwrap());
        let (start, end) = outer.below("jobs");
        let own = inner.entry(KvNamespace::Job, "x");
        assert!(!(start..end).contains(&own));
        assert_eq!(outer.name(&own), None);
    }

    #[test]
    fn keys_are_sorted_by_time_in_any_year() {
        let times =
            [Timestamp::MIN, Timestamp::from_micros(-1), Timestamp::from_micros(0), Timestamp::MAX];
        assert!(times.map(digits).is_sorted());
        let (start, end) = keys().due("t", Some(times[1]));
        let key = |at| keys().key(&format!("due/t{SEPARATOR}{}{SEPARATOR}id", digits(at)));
        assert_eq!(times.map(|at| (&start..&end).contains(&&key(at))), [true, true, false, false]);
        let (start, end) = keys().due("t", None);
        assert!((&start..&end).contains(&&key(times[3])));
        assert!(!(start..end).contains(&keys().key(&format!("due/t {SEPARATOR}"))));
    }

    #[test]
    fn gaps_contain_the_other_nodes_only() {
        let node = |name: &str| NodeId::new(name).unwrap();
        let live = [node("b c"), node("b"), node("x")];
        let gaps = keys().owned_by_others(live.iter());
        assert_eq!(gaps.len(), 4);
        let is_found = |name: &str| {
            let key = keys().key(&format!("owned/{name}{SEPARATOR}t{SEPARATOR}id"));
            gaps.iter().filter(|(start, end)| (start..end).contains(&&key)).count()
        };
        assert_eq!(["b c", "b", "x"].map(is_found), [0; 3]);
        assert_eq!(["a", "b a", "b d", "bc", "c", "x y", "é", "xx"].map(is_found), [1; 8]);
    }

    #[test]
    fn index_keys_are_parsed() {
        let parse =
            |name| IndexKey::parse(name).map(|key| (key.id, key.task, key.node, key.at, key.due));
        assert_eq!(parse("due/t\x1f00\x1fa/b"), Some(("a/b", "t", None, "00", "00")));
        assert_eq!(
            parse("claimed/t\x1f01\x1f00\x1fn\x1fid"),
            Some(("id", "t", Some("n"), "01", "00"))
        );
        assert_eq!(parse("owned/n\x1ft\x1fid"), Some(("id", "t", Some("n"), "", "")));
        assert_eq!(["jobs/id", "due/t", "due/t\x1f0\x1fid\x1f"].map(parse), [None; 3]);
    }
}
