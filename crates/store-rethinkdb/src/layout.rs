//! The documents, and the names of their tables.
//!
//! Jobs and history entries have tables of their own; leases, metadata, the format and the document for notifications are in
//! the table `shared`, with the namespace before their keys. Every document has
//!
//! - `id`: the key; of a job its id, or `#` and a hash of an id that is too long;
//! - `v`: a random token of the last change. A change is made on the condition that it is the one that was read, and
//!   the result tells by it which documents it has changed;
//! - `header`: the content as a text, as `punctual_store_kit::kv` defines it, because numbers of RethinkDB are not exact. Of a
//!   job: the record, the claim and the runs.
//!
//! A job also has `definition`, and fields for the indexes, in which tasks and nodes are hashes, and instants 16 digits that
//! sort like them; missing or `null` without a schedule:
//!
//! - `due`: the task, and the time from which it may be claimed;
//! - `due_at`: the time alone, by which jobs of all tasks are sorted, without an index;
//! - `at`: the time from which it can be claimed, which differs while it is claimed; once behind the task, once behind `*`;
//! - `order`: the position in listings: the next run time, whether there is none, and the beginning of the id;
//! - `owners`: the nodes of its claim and its runs.
//!
//! A history entry has `job`: a hash of the job's id, and the key.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use punctual_core::{Encoded, JobCursor, NodeId, StoreError, StoredJob, Timestamp};
use punctual_store_kit::kv::{CompareAndSwap, IndexedJob, KvEntry, KvNamespace, KvValue};
use punctual_store_kit::{check_name, invalid};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::reql::Term;

/// The largest key of the server.
const MAX_KEY: usize = 127;

/// The number of bytes of an id in the index for listings, which cuts longer texts off.
const ORDERED_BYTES: usize = 32;

/// The task in `at` that stands for all tasks.
pub(crate) const ANY_TASK: &str = "*";

/// The document that is changed to notify others.
const SIGNAL: &str = "signal";

/// Greater than all digits and letters of keys.
pub(crate) const AFTER: &str = "~";

/// The names of the database and of the tables.
#[derive(Clone, Debug)]
pub(crate) struct Tables {
    database: String,
    prefix: String,
    jobs: Option<String>,
}

/// A table of the store, with its indexes and whether each of them is for the items of arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Table {
    Jobs,
    History,
    Shared,
}

impl Table {
    pub(crate) const ALL: [Self; 3] = [Self::Jobs, Self::History, Self::Shared];

    pub(crate) fn of(namespace: KvNamespace) -> Self {
        match namespace {
            KvNamespace::Job => Self::Jobs,
            KvNamespace::History => Self::History,
            _ => Self::Shared,
        }
    }

    /// The fields that have an index, and whether it contains the items of arrays.
    pub(crate) fn indexes(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Jobs => &[("due", false), ("at", true), ("order", false), ("owners", true)],
            Self::History => &[("job", false)],
            Self::Shared => &[],
        }
    }
}

impl Tables {
    pub(crate) fn new(
        database: String,
        prefix: &str,
        jobs: Option<String>,
    ) -> Result<Self, StoreError> {
        check_name("table prefix", prefix, 100, &[])?;
        let tables = Self { database, prefix: prefix.into(), jobs };
        if let Some(jobs) = &tables.jobs {
            check_name("table", jobs, 100, &[])?;
            if [Table::History, Table::Shared].iter().any(|table| tables.name(*table) == *jobs) {
                return Err(invalid(format!("the table {jobs:?} is another one of the store")));
            }
        }
        Ok(tables)
    }

    pub(crate) fn database(&self) -> &str {
        &self.database
    }

    pub(crate) fn name(&self, table: Table) -> String {
        match (table, &self.jobs) {
            (Table::Jobs, Some(jobs)) => jobs.clone(),
            (Table::Jobs, None) => format!("{}jobs", self.prefix),
            (Table::History, _) => format!("{}history", self.prefix),
            (Table::Shared, _) => format!("{}shared", self.prefix),
        }
    }

    /// A table, of which only is read what a failover can't undo.
    pub(crate) fn term(&self, table: Table) -> Term {
        Term::db(&self.database).table(&self.name(table)).with("read_mode", "majority")
    }

    /// The document for notifications.
    pub(crate) fn signal(&self) -> Term {
        self.term(Table::Shared).get(SIGNAL)
    }

    /// The change of which others are notified. It needs no disk, because notifications are lost with the server.
    pub(crate) fn notify(&self, token: &str) -> Term {
        let document = object(json!({ "id": SIGNAL, "v": token }));
        let insert = self.term(Table::Shared).insert(Term::data(document));
        insert.with("conflict", "replace").with("durability", "soft")
    }
}

/// The key of a document.
pub(crate) fn document_key(namespace: KvNamespace, storage_key: &str) -> String {
    match Table::of(namespace) {
        Table::Shared => format!("{}:{storage_key}", namespace.as_str()),
        _ => storage_key.to_owned(),
    }
}

/// The storage key of a logical one, which is not too long for the key of its document.
pub(crate) fn storage_key(namespace: KvNamespace, key: &str) -> String {
    let length = document_key(namespace, key).len();
    match length <= MAX_KEY && !key.starts_with('#') {
        true => key.to_owned(),
        false => format!("#{}", hex(&Sha256::digest(key))),
    }
}

/// 16 digits that sort like the instants.
pub(crate) fn digits(at: Timestamp) -> String {
    format!("{:016x}", at.as_micros().cast_unsigned() ^ (1 << 63))
}

/// 16 digits for a text of any length in an index.
pub(crate) fn hash(text: &str) -> String {
    hex(&Sha256::digest(text)[..8])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The `owners` of a node.
pub(crate) fn owner(node: &NodeId) -> String {
    hash(node.as_str())
}

/// The `order` of a job.
pub(crate) fn order(next: Option<Timestamp>, id: &str) -> String {
    let never = if next.is_none() { '1' } else { '0' };
    let id = &id.as_bytes()[..id.len().min(ORDERED_BYTES)];
    format!("{}{never}{}", digits(next.unwrap_or(Timestamp::MAX)), hex(id))
}

/// The exact position of a job in listings. The id in an `order` may be cut off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Position {
    order: String,
    id: String,
}

impl Position {
    pub(crate) fn of(cursor: &JobCursor) -> Self {
        let id = cursor.id.as_str();
        Self { order: order(cursor.next_run_time, id), id: id.to_owned() }
    }

    /// That of a document. If the job is corrupt, its key takes the place of the id.
    pub(crate) fn of_document(order: &str, entry: &Entry) -> Self {
        #[derive(Deserialize)]
        struct Header {
            record: Record,
        }
        #[derive(Deserialize)]
        struct Record {
            id: String,
        }
        let header: Option<Header> = serde_json::from_slice(&entry.value.header).ok();
        let id = header.map_or_else(|| entry.storage_key.clone(), |header| header.record.id);
        Self { order: order.to_owned(), id }
    }
}

/// The `job` of a history entry.
pub(crate) fn history_of(job: &str, key: &str) -> String {
    format!("{}{key}", hash(job))
}

/// The token in a document: any value, because other programs can change it.
pub(crate) type Version = Value;
pub(crate) type Entry = KvEntry<Version>;
pub(crate) type Swap = CompareAndSwap<Version>;

/// A document that was read.
#[derive(Debug, Deserialize)]
pub(crate) struct Document {
    #[serde(default)]
    id: Value,
    #[serde(default)]
    v: Value,
    #[serde(default)]
    header: Value,
    #[serde(default)]
    definition: Value,
    #[serde(default)]
    pub(crate) order: Value,
}

impl Document {
    /// The entry in the document; `None` if it is not one of a store.
    pub(crate) fn into_entry(self, namespace: KvNamespace) -> Option<Entry> {
        let Value::String(id) = self.id else { return None };
        let storage_key = id.strip_prefix(&document_key(namespace, ""))?.to_owned();
        let body = match &self.definition {
            Value::Null => Some(Vec::new()),
            definition => definition["data"].as_str().and_then(binary),
        };
        // Without a header it is a corrupt entry.
        let (header, body) = match (self.header, body) {
            (Value::String(header), Some(body)) => (header.into_bytes(), body),
            _ => (Vec::new(), Vec::new()),
        };
        let body = Encoded::from(body);
        Some(KvEntry { storage_key, version: self.v, value: KvValue { header, body } })
    }
}

/// The bytes of a binary value, whose text the server divides into lines.
fn binary(text: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    STANDARD.decode(text).ok()
}

/// A change of one document.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// The token that the document must have; `None` if there must be no document.
    pub(crate) expected: Option<Version>,
    /// The fields that change, or all of a new document. `None` if the document is removed.
    pub(crate) fields: Option<Map<String, Value>>,
    /// Whether others are notified.
    pub(crate) is_told: bool,
    /// About the number of bytes.
    pub(crate) size: usize,
}

impl Change {
    pub(crate) fn new(swap: &Swap, token: &str) -> Self {
        let key = document_key(swap.namespace, &swap.storage_key);
        let (mut size, mut is_told) = (2 * key.len() + 500, false);
        let fields = swap.new.as_ref().map(|new| {
            let header = String::from_utf8_lossy(&new.header);
            size += 2 * header.len();
            let mut fields = object(json!({ "v": token, "header": header }));
            if let Some(job) = &swap.job {
                index(job, &mut fields);
                let before =
                    swap.expected.as_ref().map(|entry| IndexedJob::read(&entry.value.header));
                is_told = IndexedJob::of(job).is_told_after(before.as_ref());
                let before = swap.expected.as_ref().map(|entry| &entry.value.body);
                if before != Some(&new.body) {
                    let definition = STANDARD.encode(new.body.as_bytes());
                    size += definition.len();
                    let binary = json!({ "$reql_type$": "BINARY", "data": definition });
                    fields.insert("definition".into(), binary);
                }
            }
            if swap.namespace == KvNamespace::History {
                let header: Value = serde_json::from_slice(&new.header).unwrap_or_default();
                let job = header["entry"]["job_id"].as_str().unwrap_or_default();
                fields.insert("job".into(), history_of(job, &key).into());
            }
            fields
        });
        let expected = swap.expected.as_ref().map(|entry| entry.version.clone());
        Self { key, expected, fields, is_told, size }
    }
}

/// Adds the fields for the indexes.
fn index(job: &StoredJob, fields: &mut Map<String, Value>) {
    let task = hash(job.record.task.as_str());
    let due_at = job.record.schedule.map(|schedule| digits(schedule.due_at));
    let due = due_at.as_ref().map(|due_at| task.clone() + due_at);
    let at = job.claimable_at().map(|at| {
        let at = digits(at);
        [task + &at, ANY_TASK.to_owned() + &at]
    });
    let nodes =
        job.claim.iter().map(|claim| &claim.node).chain(job.runs.iter().map(|run| &run.node));
    let mut owners: Vec<_> = nodes.map(owner).collect();
    owners.sort_unstable();
    owners.dedup();
    let order = order(job.record.next_run_time(), job.record.id.as_str());
    let of_job =
        json!({ "due": due, "due_at": due_at, "at": at, "order": order, "owners": owners });
    fields.extend(object(of_job));
}

/// The fields of an object in JSON.
pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_keys_are_hashed() {
        let job = |key: &str| storage_key(KvNamespace::Job, key);
        assert_eq!(job("mail"), "mail");
        assert_eq!(job(&"é".repeat(63)), "é".repeat(63));
        let long = "x".repeat(128);
        assert_eq!((job(&long).len(), job(&long).starts_with('#')), (65, true));
        assert!(job("#mail").starts_with('#') && job("#mail").len() == 65, "no id is like a hash");
        let metadata = |length| storage_key(KvNamespace::Metadata, &"x".repeat(length)).len();
        assert_eq!((metadata(118), metadata(119)), (118, 65));
        assert!(document_key(KvNamespace::Metadata, &job(&long)).len() <= MAX_KEY);
    }

    #[test]
    fn definitions_are_read_or_corrupt() {
        let entry = |definition: Value| {
            let document = json!({ "id": "a", "v": "1", "header": "{}", "definition": definition });
            let document: Document = serde_json::from_value(document).unwrap();
            document.into_entry(KvNamespace::Job).unwrap()
        };
        let binary = |data: &str| entry(json!({ "$reql_type$": "BINARY", "data": data }));
        let text = STANDARD.encode([7; 100]);
        let lines = format!("{}\r\n{}", &text[..76], &text[76..]);
        for data in [text, lines] {
            assert_eq!(binary(&data).value.body.as_bytes(), [7; 100]);
        }
        assert_eq!(entry(Value::Null).value.header, b"{}");
        for corrupt in [binary("A"), entry(json!("AAAA")), entry(json!({}))] {
            assert_eq!(corrupt.value.header, b"");
        }
    }

    #[test]
    fn positions_sort_by_the_next_run_time_and_then_by_the_id() {
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        let position = |next, id: &str| Position { order: order(next, id), id: id.into() };
        let long = "é".repeat(40);
        let sorted = [
            position(Some(Timestamp::MIN), "z"),
            position(at(-1), "a"),
            position(at(1), "a"),
            position(at(1), "ab"),
            position(at(1), &long),
            position(at(1), &(long.clone() + "a")),
            position(at(1), "🚀"),
            position(Some(Timestamp::MAX), "z"),
            position(None, "a"),
            position(None, "b"),
        ];
        assert!(sorted.is_sorted(), "{sorted:?}");
        assert!(order(None, &long).len() <= 110, "the index cuts longer texts off");
    }
}
