//! Metadata values, one entry each.

use punctual_core::{CorruptKind, CorruptRecord, Metadata, StoreError};
use serde::{Deserialize, Serialize};

use super::change::{Change, Target};
use super::{KvBackend, KvEntry, KvNamespace, KvStore, format};
use crate::check_metadata_key;

#[derive(Serialize, Deserialize)]
struct Header {
    key: String,
    value: String,
}

/// Parses the key and the value.
pub(super) fn read<M: KvStore>(
    entry: &KvEntry<M::Version>,
) -> Result<(String, String), CorruptRecord> {
    let parse = || {
        let Header { key, value } = format::read(KvNamespace::Metadata, &entry.value.header)?;
        format::check_key::<M>(KvNamespace::Metadata, entry, &key)?;
        check_metadata_key(&key)?;
        Ok((key, value))
    };
    parse().map_err(|reason: String| {
        let kinds = (KvNamespace::Metadata, CorruptKind::Metadata);
        format::corrupt::<M>(kinds, entry, "/key", &reason)
    })
}

impl<M: KvStore> KvBackend<M> {
    pub(super) async fn read_metadata(&self) -> Result<Metadata, StoreError> {
        let mut metadata = Metadata::default();
        for entry in self.store.list(KvNamespace::Metadata).await? {
            match read::<M>(&entry) {
                Ok(value) => metadata.values.push(value),
                Err(corrupt) => metadata.corrupt.push(corrupt),
            }
        }
        metadata.values.sort();
        Ok(metadata)
    }

    pub(super) async fn write_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        let header = Header { key: key.to_owned(), value: value.to_owned() };
        let value = format::value(&header);
        let target = Target::new(M::storage_key(KvNamespace::Metadata, key));
        let write = |_, _: Option<&KvEntry<M::Version>>| (Change::Write(value.clone(), None), ());
        self.change(KvNamespace::Metadata, vec![target], write).await.map(drop)
    }
}
