//! The stored form of a trigger.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Trigger, TriggerError};

/// The stored form of a trigger: its kind, the version of the format of that kind, and the content.
///
/// The content is JSON in every codec, so that it is human-readable and compatible with other versions.
///
/// A value that was created from a trigger of this process ([`of`](Self::of)) keeps the trigger, and computes the
/// stored form when it is needed.
#[derive(Clone)]
pub struct TriggerSpec(Form);

#[derive(Clone)]
enum Form {
    Stored(Arc<Stored>),
    Live(Arc<dyn Trigger>, OnceLock<Arc<Stored>>),
}

#[derive(PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename = "TriggerSpec")]
struct Stored {
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
        Ok(Self::from_json(kind, version, data))
    }

    /// Creates the stored form of a trigger from JSON.
    #[must_use]
    pub fn from_json(kind: &str, version: u32, data: serde_json::Value) -> Self {
        Self(Form::Stored(Arc::new(Stored { kind: kind.to_owned(), version, data })))
    }

    /// Returns the stored form of a trigger, which is computed when it is needed.
    #[must_use]
    pub fn of(trigger: Arc<dyn Trigger>) -> Self {
        Self(Form::Live(trigger, OnceLock::new()))
    }

    /// Returns the trigger from which the value was created by [`of`](Self::of); `None` if it was read from a store.
    #[must_use]
    pub fn trigger(&self) -> Option<&Arc<dyn Trigger>> {
        match &self.0 {
            Form::Stored(_) => None,
            Form::Live(trigger, _) => Some(trigger),
        }
    }

    fn stored(&self) -> &Arc<Stored> {
        match &self.0 {
            Form::Stored(stored) => stored,
            Form::Live(trigger, stored) => {
                stored.get_or_init(|| Arc::clone(trigger.spec().stored()))
            }
        }
    }

    /// Returns the name under which the kind is registered, such as `cron`.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.stored().kind
    }

    /// Returns the version of the format.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.stored().version
    }

    /// Decodes the content, whose version must not exceed `supported`.
    ///
    /// # Errors
    ///
    /// Returns [`TriggerError::UnsupportedVersion`] for a newer version, and [`TriggerError::InvalidSpec`] if the
    /// content can't be decoded.
    pub fn decode<T: DeserializeOwned>(&self, supported: u32) -> Result<T, TriggerError> {
        let Stored { kind, version, data } = &**self.stored();
        if *version > supported {
            return Err(TriggerError::UnsupportedVersion {
                kind: kind.clone(),
                found: *version,
                supported,
            });
        }
        T::deserialize(data)
            .map_err(|source| TriggerError::InvalidSpec { kind: kind.clone(), source })
    }
}

impl fmt::Debug for TriggerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stored { kind, version, data } = &**self.stored();
        f.debug_struct("TriggerSpec")
            .field("kind", kind)
            .field("version", version)
            .field("data", data)
            .finish()
    }
}

impl PartialEq for TriggerSpec {
    fn eq(&self, other: &Self) -> bool {
        self.stored() == other.stored()
    }
}

impl Eq for TriggerSpec {}

impl Serialize for TriggerSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.stored().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TriggerSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Stored::deserialize(deserializer).map(|stored| Self(Form::Stored(Arc::new(stored))))
    }
}
