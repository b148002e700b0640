//! The stored form of a trigger.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::TriggerError;

/// The stored form of a trigger: its kind, the version of the format of that kind, and the content.
///
/// The content is JSON in every codec, so that it is human-readable and compatible with other versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerSpec {
    kind: String,
    version: u32,
    #[serde(with = "crate::codec::json_as_text")]
    data: serde_json::Value,
}

impl TriggerSpec {
    /// Creates the stored form of a trigger of the given kind.
    ///
    /// # Errors
    ///
    /// Returns [`TriggerError::InvalidSpec`] if `data` can't be serialized as JSON.
    pub fn new<T: Serialize + ?Sized>(
        kind: &str,
        version: u32,
        data: &T,
    ) -> Result<Self, TriggerError> {
        let data = serde_json::to_value(data)
            .map_err(|source| TriggerError::InvalidSpec { kind: kind.to_owned(), source })?;
        Ok(Self { kind: kind.to_owned(), version, data })
    }

    /// Creates the stored form of a trigger from JSON.
    #[must_use]
    pub fn from_json(kind: &str, version: u32, data: serde_json::Value) -> Self {
        Self { kind: kind.to_owned(), version, data }
    }

    /// Returns the name under which the kind is registered, such as `cron`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the version of the format.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Decodes the content, whose version must not exceed `supported`.
    ///
    /// # Errors
    ///
    /// Returns [`TriggerError::UnsupportedVersion`] for a newer version, and [`TriggerError::InvalidSpec`] if the
    /// content can't be decoded.
    pub fn decode<T: DeserializeOwned>(&self, supported: u32) -> Result<T, TriggerError> {
        if self.version > supported {
            return Err(TriggerError::UnsupportedVersion {
                kind: self.kind.clone(),
                found: self.version,
                supported,
            });
        }
        T::deserialize(&self.data)
            .map_err(|source| TriggerError::InvalidSpec { kind: self.kind.clone(), source })
    }
}
