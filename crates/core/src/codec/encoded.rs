//! An encoded value.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::{BINCODE_MARK, Codec, CodecError};

/// One value, encoded by a [`Codec`]. Cheap to clone.
///
/// `Debug` shows only the length, because arguments may be confidential.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded(Arc<[u8]>);

impl Encoded {
    /// Returns the encoded bytes, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the codec of the bytes.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError::MissingFeature`] if the codec's feature is disabled in this build.
    pub fn codec(&self) -> Result<Codec, CodecError> {
        match self.0.first() {
            #[cfg(feature = "codec-bincode")]
            Some(&BINCODE_MARK) => Ok(Codec::Bincode),
            #[cfg(not(feature = "codec-bincode"))]
            Some(&BINCODE_MARK) => Err(CodecError::MissingFeature("codec-bincode")),
            _ => Ok(Codec::Json),
        }
    }

    /// Checks that the bytes are one value of a codec of this build. Values of bincode do not describe themselves, so
    /// only their codec is checked.
    pub(crate) fn check(&self) -> Result<(), CodecError> {
        match self.codec()? {
            Codec::Json => Codec::decode::<serde::de::IgnoredAny>(&self.0).map(drop),
            #[cfg(feature = "codec-bincode")]
            Codec::Bincode => Ok(()),
        }
    }

    /// Decodes the value.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the bytes can't be decoded as `T`.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        Codec::decode(&self.0)
    }
}

impl Default for Encoded {
    /// Returns a value without bytes.
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
    /// Serializes the value as nested JSON in human-readable formats and as a byte string in other formats.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return serializer.serialize_bytes(&self.0);
        }
        if self.0.first() == Some(&BINCODE_MARK) {
            return Err(S::Error::custom("a value encoded with bincode can't be nested in JSON"));
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
