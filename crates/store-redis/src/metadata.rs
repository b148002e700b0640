//! Metadata values, and the removal of corrupt records of all kinds.

use punctual_core::{CorruptKind, CorruptRecord, Metadata, StoreError};
use punctual_store_kit::check_metadata_key;
use redis::cmd;

use crate::database::Redis;
use crate::scripts;

/// The indexes of these keys in the list of keys.
const NODES: usize = 7;
const METADATA: usize = 8;

impl Redis {
    pub(crate) async fn all_metadata(&self) -> Result<Metadata, StoreError> {
        let mut reply = self.run(cmd("HGETALL").arg(self.key(METADATA))).await?;
        let mut metadata = Metadata::default();
        for row in (0..reply.len()).step_by(2) {
            match value(reply.bytes(row)?, reply.bytes(row + 1)?) {
                Ok(value) => metadata.values.push(value),
                Err(corrupt) => metadata.corrupt.push(corrupt),
            }
        }
        metadata.values.sort_unstable();
        Ok(metadata)
    }

    pub(crate) async fn put_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.run(cmd("HSET").arg(self.key(METADATA)).arg(key).arg(value)).await.map(drop)
    }

    /// Removes a corrupt record by the key with which it was reported.
    pub(crate) async fn discard_record(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let key = record.key.as_str();
        let call = match record.kind {
            CorruptKind::Job => return Ok(self.remove_jobs(&[key]).await?.contains(&true)),
            CorruptKind::Node => return self.delete_field(NODES, key).await,
            CorruptKind::Metadata => return self.delete_field(METADATA, key).await,
            CorruptKind::Run => match serde_json::from_str::<(String, String)>(key) {
                Ok((job, run)) => self.call(&scripts::DISCARD_RUN).arg(job).arg(run),
                Err(_) => return Ok(false),
            },
            CorruptKind::History => self.call(&scripts::DISCARD_ENTRY).arg(key),
            // An unknown kind, added by a newer version of punctual-core, can't be from this store.
            _ => return Ok(false),
        };
        self.write(call).await?.flag(0)
    }

    async fn delete_field(&self, key: usize, field: &str) -> Result<bool, StoreError> {
        self.run(cmd("HDEL").arg(self.key(key)).arg(field)).await?.flag(0)
    }
}

fn value(key: Vec<u8>, value: Vec<u8>) -> Result<(String, String), CorruptRecord> {
    let lossy = String::from_utf8_lossy(&key).into_owned();
    let text = |bytes| String::from_utf8(bytes).map_err(|error| error.to_string());
    let fields = || {
        let key = text(key)?;
        check_metadata_key(&key)?;
        Ok((key, text(value)?))
    };
    fields().map_err(|reason: String| CorruptRecord::new(CorruptKind::Metadata, lossy, reason))
}
