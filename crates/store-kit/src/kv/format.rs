//! Versions of the header format.

use punctual_core::{CorruptKind, CorruptRecord, StoreError, StoreErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Target};
use super::{KvBackend, KvEntry, KvNamespace, KvStore, KvValue};

/// The format version that is written.
const FORMAT: usize = UPGRADES.len() + 1;

/// Converts a header from one format version to the next one.
type Upgrade = fn(KvNamespace, &mut Value);

/// The first upgrade is the one from version 1. Upgrades are only appended.
const UPGRADES: [Upgrade; 0] = [];

/// The key of the entry that contains the format version of the store.
const KEY: &str = "format";

/// A header with the version of its format.
#[derive(Serialize)]
struct Versioned<'a, T> {
    format: usize,
    #[serde(flatten)]
    content: &'a T,
}

/// The version alone.
#[derive(Deserialize)]
struct FormatVersion {
    format: usize,
}

/// No content except the version.
#[derive(Serialize)]
struct EmptyContent {}

/// Serializes a header.
pub(super) fn write<T: Serialize>(content: &T) -> Vec<u8> {
    let versioned = Versioned { format: FORMAT, content };
    serde_json::to_vec(&versioned).expect("plain data")
}

/// A value with this header and an empty body.
pub(super) fn value<T: Serialize>(content: &T) -> KvValue {
    KvValue { header: write(content), body: Default::default() }
}

/// Parses the content of a header.
pub(super) fn read<T: DeserializeOwned>(
    namespace: KvNamespace,
    header: &[u8],
) -> Result<T, String> {
    read_by(&UPGRADES, namespace, header)
}

fn read_by<T: DeserializeOwned>(
    upgrades: &[Upgrade],
    namespace: KvNamespace,
    header: &[u8],
) -> Result<T, String> {
    let current = upgrades.len() + 1;
    let parse = |header| serde_json::from_slice(header).map_err(|error| error.to_string());
    // The current format is the usual case: the version is not parsed separately.
    if header.starts_with(format!("{{\"format\":{current},").as_bytes()) {
        return parse(header);
    }
    let FormatVersion { format } =
        serde_json::from_slice(header).map_err(|error| error.to_string())?;
    if format == current {
        return parse(header);
    }
    if !(1..current).contains(&format) {
        return Err(format!(
            "format is {format}, but this version supports formats 1 to {current}"
        ));
    }
    let mut content: Value = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    upgrades[format - 1..].iter().for_each(|upgrade| upgrade(namespace, &mut content));
    parse(content.to_string().as_bytes())
}

/// The corruption of an entry. It is reported under the logical key if the storage key was derived from it, otherwise
/// under the storage key.
pub(super) fn corrupt<M: KvStore>(
    (namespace, kind): (KvNamespace, CorruptKind),
    entry: &KvEntry<M::Version>,
    key: &str,
    reason: &str,
) -> CorruptRecord {
    let header = &entry.value.header;
    let content: Value = serde_json::from_slice(header).unwrap_or_default();
    let key = content.pointer(key).and_then(Value::as_str);
    let key = key
        .filter(|key| M::storage_key(namespace, key) == entry.storage_key)
        .unwrap_or(&entry.storage_key);
    CorruptRecord::new(kind, key, format!("{reason}: {}", String::from_utf8_lossy(header)))
}

/// Checks that the storage key of an entry was derived from this key.
pub(super) fn check_key<M: KvStore>(
    namespace: KvNamespace,
    entry: &KvEntry<M::Version>,
    key: &str,
) -> Result<(), String> {
    match M::storage_key(namespace, key) == entry.storage_key {
        true => Ok(()),
        false => {
            Err(format!("the key {key:?} doesn't belong to the entry {:?}", entry.storage_key))
        }
    }
}

impl<M: KvStore> KvBackend<M> {
    /// Fails if the store was written by a newer version, and records the current format version, so that older
    /// versions fail.
    pub(super) async fn check_format(&self) -> Result<(), StoreError> {
        let key = M::storage_key(KvNamespace::Format, KEY);
        let check = |_, entry: Option<&KvEntry<M::Version>>| {
            let current = Change::Write(value(&EmptyContent {}), None);
            let Some(entry) = entry else { return (current, Ok(())) };
            match serde_json::from_slice::<FormatVersion>(&entry.value.header) {
                Ok(FormatVersion { format }) if format > FORMAT => {
                    let message = format!(
                        "the store has format {format}; this version supports formats up to {FORMAT}"
                    );
                    (Change::Keep, Err(StoreError::new(StoreErrorKind::Unsupported, message)))
                }
                Ok(_) => (current, Ok(())),
                Err(error) => {
                    let message = "the format version of the store is corrupt";
                    let error =
                        StoreError::new(StoreErrorKind::Corrupt, message).with_source(error);
                    (Change::Keep, Err(error))
                }
            }
        };
        let checked = self.change(KvNamespace::Format, vec![Target::new(key)], check).await?;
        checked.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Job {
        id: String,
        runs: Vec<u32>,
    }

    /// Version 1 had at most one run; version 2 named the id differently.
    const UPGRADES: [Upgrade; 2] = [
        |namespace, job| {
            assert_eq!(namespace, KvNamespace::Job);
            let run = job["run"].take();
            job["runs"] = if run.is_null() { json!([]) } else { json!([run]) };
        },
        |_, job| job["id"] = job["name"].take(),
    ];

    fn read(header: &str) -> Result<Job, String> {
        read_by(&UPGRADES, KvNamespace::Job, header.as_bytes())
    }

    #[test]
    fn older_formats_are_upgraded() {
        let job = Ok(Job { id: "a".into(), runs: vec![7] });
        assert_eq!(read(r#"{"format":1,"name":"a","run":7}"#), job);
        assert_eq!(read(r#"{"format":2,"name":"a","runs":[7]}"#), job);
        assert_eq!(read(r#"{"format":3,"id":"a","runs":[7]}"#), job);
    }

    #[test]
    fn newer_and_missing_formats_are_errors() {
        for format in [0, 4] {
            let error = read(&format!(r#"{{"format":{format},"id":"a","runs":[]}}"#)).unwrap_err();
            assert!(error.contains(&format!("format is {format}")), "{error}");
        }
        assert!(read(r#"{"id":"a","runs":[]}"#).unwrap_err().contains("format"));
        assert!(read("").is_err());
    }
}
