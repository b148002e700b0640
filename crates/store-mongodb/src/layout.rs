//! The documents, and the names of their collections.
//!
//! Every document has
//!
//! - `_id`: the key, for a job its id;
//! - `versions`: the tokens of its last changes, the newest first. A change is made on the condition that they are those
//!   that were read; a change whose response does not tell which documents it has changed is found by its token;
//! - `header`: the content, as `punctual_store_kit::kv` defines it. Of a job: the record, the claim and the runs.
//!
//! A job also has `definition`, and fields for the indexes:
//!
//! - `due`: the time from which it may be claimed, and `at`: the time from which it can be claimed, which differs while it
//!   is claimed; both in microseconds since 1970. Missing without a schedule;
//! - `order`: the next run time in microseconds, or the largest number without one;
//! - `owners`: the nodes of its claim and its runs. Missing without any;
//! - `told`: the token of the last change of which other schedulers are notified.
//!
//! A job that has been removed in a batch is a document with the `order` [`REMOVED`] and without a header for a moment.

use std::collections::BTreeSet;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, Document, RawBsonRef, RawDocument, doc};
use punctual_core::{Encoded, StoreError, StoreErrorKind, StoredJob};
use punctual_store_kit::kv::{CompareAndSwap, KvEntry, KvNamespace, KvValue};

/// The `order` of a removed job.
pub(crate) const REMOVED: &str = "removed";

/// The number of tokens in `versions`: a client may look for its token after as many changes by others.
const TOKENS: usize = 8;

/// The names of the collections.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    prefix: String,
    jobs: Option<String>,
}

impl Collections {
    pub(crate) fn new(prefix: &str, jobs: Option<String>) -> Self {
        Self { prefix: prefix.into(), jobs }
    }

    pub(crate) fn name(&self, namespace: KvNamespace) -> String {
        match &self.jobs {
            Some(jobs) if namespace == KvNamespace::Job => jobs.clone(),
            _ => format!("{}{}", self.prefix, namespace.as_str()),
        }
    }
}

/// The state of a document.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    /// The field `versions`; `None` if it is missing.
    pub(crate) versions: Option<Bson>,
    /// The field `at` of a job.
    at: Option<i64>,
    /// The revision of a job.
    revision: Option<i64>,
}

pub(crate) type Entry = KvEntry<Version>;
pub(crate) type Swap = CompareAndSwap<Version>;

/// The entry in a document; `None` if it is a removed job, or not from a store.
pub(crate) fn entry(document: &RawDocument) -> Result<Option<Entry>, StoreError> {
    // A document with invalid BSON can't be read at all.
    let invalid = |error| {
        StoreError::new(StoreErrorKind::Corrupt, "MongoDB returned an invalid document")
            .with_source(error)
    };
    let get = |name| document.get(name).map_err(invalid);
    let Some(RawBsonRef::String(id)) = get("_id")? else { return Ok(None) };
    if get("order")? == Some(RawBsonRef::String(REMOVED)) {
        return Ok(None);
    }
    let number = |value: Option<RawBsonRef<'_>>| match value {
        Some(RawBsonRef::Int64(number)) => Some(number),
        Some(RawBsonRef::Int32(number)) => Some(number.into()),
        _ => None,
    };
    let (header, revision) = match get("header")? {
        Some(RawBsonRef::Document(header)) => {
            let record = header.get_document("record").ok();
            let revision = record.and_then(|record| record.get("revision").ok().flatten());
            (serde_json::to_vec(&header).unwrap_or_default(), number(revision))
        }
        _ => (Vec::new(), None),
    };
    let body = match get("definition")? {
        Some(RawBsonRef::Binary(definition)) => definition.bytes,
        _ => &[],
    };
    let versions = match get("versions")? {
        None => None,
        Some(versions) => Some(Bson::try_from(versions).map_err(invalid)?),
    };
    Ok(Some(KvEntry {
        storage_key: id.into(),
        version: Version { versions, at: number(get("at")?), revision },
        value: KvValue { header, body: Encoded::from(body) },
    }))
}

/// A change of one document.
#[derive(Clone, Debug)]
pub(crate) struct Change {
    pub(crate) key: String,
    /// The condition, unless there must be no document.
    pub(crate) condition: Option<Document>,
    /// The fields to set, or all fields of a new document. `None` if the document is removed.
    pub(crate) fields: Option<Document>,
    /// The fields to remove.
    pub(crate) removed: Document,
    /// About the number of bytes.
    pub(crate) size: usize,
}

impl Change {
    pub(crate) fn new(swap: &Swap, token: ObjectId) -> Result<Self, StoreError> {
        let key = swap.storage_key.clone();
        let condition = swap.expected.as_ref().map(|expected| condition(&key, &expected.version));
        let mut removed = doc! {};
        let mut size = key.len() + 500;
        let fields = match &swap.new {
            None => None,
            Some(new) => {
                size += 2 * new.header.len();
                let mut fields = doc! {
                    "versions": versions(swap, token),
                    "header": header(&new.header)?,
                };
                if let Some(job) = &swap.job {
                    index(job, &mut fields, &mut removed);
                    if is_told(swap, job) {
                        fields.insert("told", token);
                    }
                    let expected = swap.expected.as_ref().map(|expected| &expected.value.body);
                    if expected != Some(&new.body) {
                        size += new.body.as_bytes().len();
                        fields.insert("definition", binary(new.body.as_bytes()));
                    }
                }
                Some(fields)
            }
        };
        Ok(Self { key, condition, fields, removed, size })
    }

    /// The document of a new entry.
    pub(crate) fn document(&self) -> Document {
        let mut document = doc! { "_id": &self.key };
        document.extend(self.fields.clone().unwrap_or_default());
        document
    }

    /// The update of an existing document.
    pub(crate) fn update(&self) -> Document {
        let mut update = doc! { "$set": self.fields.clone().unwrap_or_default() };
        if !self.removed.is_empty() {
            update.insert("$unset", self.removed.clone());
        }
        update
    }

    /// The update that marks a job as removed.
    pub(crate) fn removal(token: ObjectId) -> Document {
        doc! {
            "$set": { "versions": [token], "order": REMOVED },
            "$unset": { "header": "", "definition": "", "due": "", "at": "", "owners": "" },
        }
    }
}

/// The version that a document has after a change with this token.
pub(crate) fn version_after(swap: &Swap, token: ObjectId) -> Version {
    let job = swap.job.as_deref();
    Version {
        versions: Some(Bson::Array(versions(swap, token))),
        at: job.and_then(StoredJob::claimable_at).map(|at| at.as_micros()),
        revision: job.map(|job| job.record.revision.0),
    }
}

/// The tokens after a change.
fn versions(swap: &Swap, token: ObjectId) -> Vec<Bson> {
    let before = swap.expected.as_ref().and_then(|expected| expected.version.versions.as_ref());
    let before = before.and_then(Bson::as_array).map(Vec::as_slice).unwrap_or_default();
    let kept = before.iter().take(TOKENS - 1).cloned();
    [Bson::ObjectId(token)].into_iter().chain(kept).collect()
}

/// The filter for a document that has not changed.
fn condition(key: &str, version: &Version) -> Document {
    match &version.versions {
        Some(versions) => doc! { "_id": key, "versions": versions },
        None => doc! { "_id": key, "versions": { "$exists": false } },
    }
}

fn header(json: &[u8]) -> Result<Document, StoreError> {
    serde_json::from_slice(json).map_err(|error| {
        StoreError::new(StoreErrorKind::Invalid, "MongoDB can't store a number of this job")
            .with_source(error)
    })
}

/// Adds the fields for the indexes.
fn index(job: &StoredJob, fields: &mut Document, removed: &mut Document) {
    let due = job.record.schedule.map(|schedule| schedule.due_at.as_micros());
    let at = job.claimable_at().map(|at| at.as_micros());
    for (name, time) in [("due", due), ("at", at)] {
        match time {
            Some(time) => drop(fields.insert(name, time)),
            None => drop(removed.insert(name, "")),
        }
    }
    let order = job.record.next_run_time().map_or(i64::MAX, |at| at.as_micros());
    fields.insert("order", order);
    let owners = job.claim.iter().map(|claim| claim.node.as_str());
    let owners: BTreeSet<_> = owners.chain(job.runs.iter().map(|run| run.node.as_str())).collect();
    match owners.is_empty() {
        true => drop(removed.insert("owners", "")),
        false => drop(fields.insert("owners", owners.into_iter().collect::<Vec<_>>())),
    }
}

/// Whether other schedulers are notified: of jobs that are new, that a user has changed, or that are due earlier.
fn is_told(swap: &Swap, job: &StoredJob) -> bool {
    let Some(expected) = &swap.expected else { return true };
    let is_earlier = match (job.claimable_at(), expected.version.at) {
        (Some(now), Some(before)) => now.as_micros() < before,
        (Some(_), None) => true,
        (None, _) => false,
    };
    is_earlier || expected.version.revision != Some(job.record.revision.0)
}

fn binary(bytes: &[u8]) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes: bytes.to_vec() }
}
