//! By which rules heads are written. Others have another number.

use punctual_core::{CorruptKind, CorruptRecord, StoreError, StoreErrorKind};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::change::{Change, Target};
use super::{Cell, CellKind, CellStore, CellValue, Medium};

/// The number of the format that is written.
const FORMAT: usize = UPGRADES.len() + 1;

/// Makes what was written by one format what the next one would have written.
type Upgrade = fn(CellKind, &mut Value);

/// The first is for format 1. To this list is only added.
const UPGRADES: [Upgrade; 0] = [];

/// The name of the cell that has the number.
const KEY: &str = "format";

/// A head with the number of its format.
#[derive(Serialize)]
struct Numbered<'a, T> {
    format: usize,
    #[serde(flatten)]
    content: &'a T,
}

/// The number alone.
#[derive(Deserialize)]
struct Number {
    format: usize,
}

/// Nothing but the number.
#[derive(Serialize)]
struct Nothing {}

/// A head; with `body` it is a value.
pub(super) fn write<T: Serialize>(content: &T) -> Vec<u8> {
    let numbered = Numbered { format: FORMAT, content };
    serde_json::to_vec(&numbered).expect("plain data")
}

/// A value without a body.
pub(super) fn value<T: Serialize>(content: &T) -> CellValue {
    CellValue { head: write(content), body: Default::default() }
}

/// What is in a head.
pub(super) fn read<T: DeserializeOwned>(kind: CellKind, head: &[u8]) -> Result<T, String> {
    read_by(&UPGRADES, kind, head)
}

fn read_by<T: DeserializeOwned>(
    upgrades: &[Upgrade],
    kind: CellKind,
    head: &[u8],
) -> Result<T, String> {
    let current = upgrades.len() + 1;
    let parse = |head| serde_json::from_slice(head).map_err(|error| error.to_string());
    // As this build writes it: nearly always, and so it is not parsed for the number alone.
    if head.starts_with(format!("{{\"format\":{current},").as_bytes()) {
        return parse(head);
    }
    let Number { format } = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    if format == current {
        return parse(head);
    }
    if !(1..current).contains(&format) {
        return Err(format!("format is {format}, this build reads 1 to {current}"));
    }
    let mut content: Value = serde_json::from_slice(head).map_err(|error| error.to_string())?;
    upgrades[format - 1..].iter().for_each(|upgrade| upgrade(kind, &mut content));
    parse(content.to_string().as_bytes())
}

/// What is wrong with a cell. It is known by its key, if that is what it is named after.
pub(super) fn corrupt<M: Medium>(
    (cell_kind, kind): (CellKind, CorruptKind),
    cell: &Cell<M::Version>,
    key: &str,
    reason: &str,
) -> CorruptRecord {
    let head = &cell.value.head;
    let content: Value = serde_json::from_slice(head).unwrap_or_default();
    let key = content.pointer(key).and_then(Value::as_str);
    let key = key.filter(|key| M::name_of(cell_kind, key) == cell.name).unwrap_or(&cell.name);
    CorruptRecord::new(kind, key, format!("{reason}: {}", String::from_utf8_lossy(head)))
}

/// Whether a cell is named after this key.
pub(super) fn check_name<M: Medium>(
    kind: CellKind,
    cell: &Cell<M::Version>,
    key: &str,
) -> Result<(), String> {
    match M::name_of(kind, key) == cell.name {
        true => Ok(()),
        false => Err(format!("the key {key:?} is not that of the cell {:?}", cell.name)),
    }
}

impl<M: Medium> CellStore<M> {
    /// Refuses what a newer build has written; and from now on older ones refuse it.
    pub(super) async fn check_format(&self) -> Result<(), StoreError> {
        let name = M::name_of(CellKind::Format, KEY);
        let check = |_, cell: Option<&Cell<M::Version>>| {
            let own = Change::Write(value(&Nothing {}), None);
            let Some(cell) = cell else { return (own, Ok(())) };
            match serde_json::from_slice::<Number>(&cell.value.head) {
                Ok(Number { format }) if format > FORMAT => {
                    let message = format!("it has format {format}, and this build knows {FORMAT}");
                    (Change::Keep, Err(StoreError::new(StoreErrorKind::Unsupported, message)))
                }
                Ok(_) => (own, Ok(())),
                Err(error) => {
                    let message = "the number of its format can't be read";
                    let error =
                        StoreError::new(StoreErrorKind::Corrupt, message).with_source(error);
                    (Change::Keep, Err(error))
                }
            }
        };
        let checked = self.change(CellKind::Format, vec![Target::new(name)], check).await?;
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

    /// At first there was one run at most; then the name of the id changed.
    const UPGRADES: [Upgrade; 2] = [
        |kind, job| {
            assert_eq!(kind, CellKind::Job);
            let run = job["run"].take();
            job["runs"] = if run.is_null() { json!([]) } else { json!([run]) };
        },
        |_, job| job["id"] = job["name"].take(),
    ];

    fn read(head: &str) -> Result<Job, String> {
        read_by(&UPGRADES, CellKind::Job, head.as_bytes())
    }

    #[test]
    fn older_formats_are_read() {
        let job = Ok(Job { id: "a".into(), runs: vec![7] });
        assert_eq!(read(r#"{"format":1,"name":"a","run":7}"#), job);
        assert_eq!(read(r#"{"format":2,"name":"a","runs":[7]}"#), job);
        assert_eq!(read(r#"{"format":3,"id":"a","runs":[7]}"#), job);
    }

    #[test]
    fn newer_ones_and_none_are_not() {
        for format in [0, 4] {
            let error = read(&format!(r#"{{"format":{format},"id":"a","runs":[]}}"#)).unwrap_err();
            assert!(error.contains(&format!("format is {format}")), "{error}");
        }
        assert!(read(r#"{"id":"a","runs":[]}"#).unwrap_err().contains("format"));
        assert!(read("").is_err());
    }
}
