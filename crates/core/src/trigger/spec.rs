//! The stored form of a trigger.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::TriggerError;

/// A trigger as data: its kind, the version of that kind's format, and the format's content.
///
/// The content is JSON in every codec, so that it stays readable to people and to other versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TriggerSpec {
    kind: String,
    version: u32,
    #[serde(with = "crate::codec::json_text")]
    data: serde_json::Value,
}

impl TriggerSpec {
    /// Makes the stored form of a trigger of the given kind.
    ///
    /// # Errors
    ///
    /// [`TriggerError::InvalidSpec`] when `data` can't be written as JSON.
    pub fn new<T: Serialize + ?Sized>(
        kind: &str,
        version: u32,
        data: &T,
    ) -> Result<Self, TriggerError> {
        let data = serde_json::to_value(data)
            .map_err(|source| TriggerError::InvalidSpec { kind: kind.to_owned(), source })?;
        Ok(Self { kind: kind.to_owned(), version, data })
    }

    /// Makes the stored form of a trigger whose content is JSON already, which can't fail.
    #[must_use]
    pub fn from_json(kind: &str, version: u32, data: serde_json::Value) -> Self {
        Self { kind: kind.to_owned(), version, data }
    }

    /// No trigger: that of a job which has not been given its own yet.
    pub(crate) fn blank() -> Self {
        Self { kind: String::new(), version: 0, data: serde_json::Value::Null }
    }

    /// The name under which the kind is registered, such as `cron`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The version of the kind's own format.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Reads the content, which must be of a version up to `supported`.
    ///
    /// # Errors
    ///
    /// [`TriggerError::UnsupportedVersion`] for a newer one, [`TriggerError::InvalidSpec`] when the
    /// content has another shape.
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
