//! A value that has been encoded.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{BINCODE_MARK, Codec, CodecError};

/// One value in the bytes of some [`Codec`]; cheap to clone.
///
/// `Debug` shows only the length: arguments can be secrets.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded(Arc<[u8]>);

impl Encoded {
    /// The bytes as a store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The codec that wrote the bytes.
    ///
    /// # Errors
    ///
    /// When its feature is off in this build.
    pub fn codec(&self) -> Result<Codec, CodecError> {
        match self.0.first() {
            #[cfg(feature = "codec-bincode")]
            Some(&BINCODE_MARK) => Ok(Codec::Bincode),
            #[cfg(not(feature = "codec-bincode"))]
            Some(&BINCODE_MARK) => Err(CodecError::MissingFeature("codec-bincode")),
            _ => Ok(Codec::Json),
        }
    }

    /// Reads the value.
    ///
    /// # Errors
    ///
    /// When the bytes are not of the expected shape.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        Codec::decode(&self.0)
    }
}

impl Default for Encoded {
    /// No bytes.
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl From<Vec<u8>> for Encoded {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Encoded {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Encoded({} bytes)", self.0.len())
    }
}

impl Serialize for Encoded {
    /// Nested in JSON it is the JSON itself, in other formats a byte string.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        if self.0.first() == Some(&BINCODE_MARK) {
            return Err(S::Error::custom("bincode bytes can't stand inside JSON"));
        }
        let raw: &RawValue = serde_json::from_slice(&self.0).map_err(S::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let raw = Box::<RawValue>::deserialize(deserializer)?;
            Ok(Self::from(raw.get().as_bytes()))
        } else {
            Ok(Self::from(Vec::<u8>::deserialize(deserializer)?))
        }
    }
}
