//! Values that schedulers share, each in a cell.

use punctual_core::{CorruptKind, CorruptRecord, Metadata, StoreError};
use serde::{Deserialize, Serialize};

use super::change::{Change, Target};
use super::{Cell, CellKind, CellStore, Medium, format};

#[derive(Serialize, Deserialize)]
struct Head {
    key: String,
    value: String,
}

/// The key and its value.
pub(super) fn read<M: Medium>(cell: &Cell<M::Version>) -> Result<(String, String), CorruptRecord> {
    let parse = || {
        let Head { key, value } = format::read(CellKind::Metadata, &cell.value.head)?;
        format::check_name::<M>(CellKind::Metadata, cell, &key)?;
        match (1..=255).contains(&key.len()) {
            true => Ok((key, value)),
            false => Err(format!("the key has {} bytes, not 1 to 255", key.len())),
        }
    };
    parse().map_err(|reason: String| {
        let kinds = (CellKind::Metadata, CorruptKind::Metadata);
        format::corrupt::<M>(kinds, cell, "/key", &reason)
    })
}

impl<M: Medium> CellStore<M> {
    pub(super) async fn read_metadata(&self) -> Result<Metadata, StoreError> {
        let mut metadata = Metadata::default();
        for cell in self.medium.list(CellKind::Metadata).await? {
            match read::<M>(&cell) {
                Ok(value) => metadata.values.push(value),
                Err(corrupt) => metadata.corrupt.push(corrupt),
            }
        }
        metadata.values.sort();
        Ok(metadata)
    }

    pub(super) async fn write_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let head = Head { key: key.to_owned(), value: value.to_owned() };
        let value = format::value(&head);
        let target = Target::new(M::name_of(CellKind::Metadata, key));
        let write = |_, _: Option<&Cell<M::Version>>| (Change::Write(value.clone(), None), ());
        self.change(CellKind::Metadata, vec![target], write).await.map(drop)
    }
}
