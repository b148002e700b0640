//! Encoding of job definitions and arguments.

mod encoded;
pub(crate) mod json_as_text;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use encoded::Encoded;

/// The format in which a scheduler encodes job definitions and arguments.
///
/// Data of every codec can be decoded if the codec's feature is enabled: the first byte identifies the codec. The
/// default is JSON, which is readable in database tools and portable between languages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Codec {
    /// JSON text.
    #[default]
    Json,
    /// bincode 2 in the standard configuration, preceded by the byte [`BINCODE_MARK`].
    #[cfg(feature = "codec-bincode")]
    Bincode,
}

/// The first byte of data encoded by `Codec::Bincode`. JSON text never begins with this byte.
pub const BINCODE_MARK: u8 = 0x01;

/// The maximum size of a decoded record in bytes. Guards against corrupt length fields.
#[cfg(feature = "codec-bincode")]
const BINCODE_LIMIT: usize = 256 << 20;

impl Codec {
    /// Encodes `value`.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError::Encode`] if the format can't represent the value, such as a map with non-text keys in
    /// JSON.
    pub fn encode<T: Serialize + ?Sized>(self, value: &T) -> Result<Encoded, CodecError> {
        let bytes = match self {
            Self::Json => serde_json::to_vec(value).map_err(CodecError::encode)?,
            #[cfg(feature = "codec-bincode")]
            Self::Bincode => {
                let mut bytes = vec![BINCODE_MARK];
                bincode::serde::encode_into_std_write(
                    value,
                    &mut bytes,
                    bincode::config::standard(),
                )
                .map_err(CodecError::encode)?;
                bytes
            }
        };
        Ok(Encoded::from(bytes))
    }

    /// Decodes a value that was encoded by any codec of this build.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the bytes can't be decoded as `T`, or if this build lacks their codec.
    pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        let (value, rest) = Self::read(bytes)?;
        if rest == 0 {
            Ok(value)
        } else {
            Err(CodecError::decode("trailing bytes after the value"))
        }
    }

    /// Decodes the first fields of a value whose remaining fields may have an unknown format.
    pub(crate) fn decode_head<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CodecError> {
        Self::read(bytes).map(|(value, _)| value)
    }

    /// Returns the value and the number of bytes after it.
    fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
        match bytes.split_first() {
            #[cfg(feature = "codec-bincode")]
            Some((&BINCODE_MARK, rest)) => {
                let config = bincode::config::standard().with_limit::<BINCODE_LIMIT>();
                let (value, used) =
                    bincode::serde::decode_from_slice(rest, config).map_err(CodecError::decode)?;
                Ok((value, rest.len() - used))
            }
            #[cfg(not(feature = "codec-bincode"))]
            Some((&BINCODE_MARK, _)) => Err(CodecError::MissingFeature("codec-bincode")),
            _ => match serde_json::from_slice(bytes) {
                Ok(value) => Ok((value, 0)),
                Err(error) => Err(located::<T>(bytes, error)),
            },
        }
    }
}

/// The error of a JSON text that can't be decoded, with the path of the value in it: `[1].name: invalid type: ..`. Only known
/// when the text is decoded in a slower way.
fn located<T: DeserializeOwned>(bytes: &[u8], error: serde_json::Error) -> CodecError {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut json) {
        Err(located) => CodecError::decode(located),
        // It is after the value.
        Ok(_) => CodecError::decode(error),
    }
}

/// A value could not be encoded or decoded.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The codec can't represent the value.
    #[error("the value can't be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bytes can't be decoded as the expected type.
    #[error("the value can't be decoded")]
    Decode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The bytes were encoded by a codec whose feature is disabled in this build.
    #[error("the value was encoded by a codec that requires the feature {0:?}")]
    MissingFeature(&'static str),
}

crate::error_debug!(CodecError);

impl CodecError {
    fn encode(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Encode(source.into())
    }

    pub(crate) fn decode(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Decode(source.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codecs() -> Vec<Codec> {
        vec![
            Codec::Json,
            #[cfg(feature = "codec-bincode")]
            Codec::Bincode,
        ]
    }

    #[test]
    fn values_of_every_codec_can_be_decoded() {
        for codec in codecs() {
            let bytes = codec.encode(&("ann", 7_u64, [1.5, 2.5])).unwrap();
            let back: (String, u64, [f64; 2]) = bytes.decode().unwrap();
            assert_eq!(back, ("ann".to_owned(), 7, [1.5, 2.5]), "{codec:?}");
        }
    }

    #[test]
    fn arguments_nest_inside_a_definition_of_the_same_codec() {
        for codec in codecs() {
            let inner = codec.encode(&vec!["a", "b"]).unwrap();
            let outer = codec.encode(&(1_u8, &inner)).unwrap();
            let (one, back): (u8, Encoded) = outer.decode().unwrap();
            assert_eq!(
                (one, back.decode::<Vec<String>>().unwrap()),
                (1, vec!["a".into(), "b".into()])
            );
        }
        let json = Codec::Json.encode(&(1, Codec::Json.encode("x").unwrap())).unwrap();
        assert_eq!(json.as_bytes(), br#"[1,"x"]"#, "nested JSON is not escaped");
    }

    #[test]
    fn trailing_and_missing_bytes_are_errors() {
        for codec in codecs() {
            let whole = codec.encode(&"four").unwrap();
            let mut longer = whole.as_bytes().to_vec();
            longer.extend_from_slice(b"[]");
            assert!(Codec::decode::<String>(&longer).is_err(), "{codec:?}");
            assert!(Codec::decode::<String>(&whole.as_bytes()[..3]).is_err(), "{codec:?}");
        }
        assert!(Codec::decode::<String>(b"").is_err());
    }

    #[test]
    fn errors_of_json_contain_the_path_of_the_value() {
        let json = Codec::Json.encode(&("ann", ["a", "b"])).unwrap();
        let error = json.decode::<(String, [u32; 2])>().unwrap_err();
        let text = crate::error_chain(&error).to_string();
        assert!(text.contains("[1][0]: invalid type: string \"a\", expected u32"), "{text}");
    }

    #[cfg(not(feature = "codec-bincode"))]
    #[test]
    fn decoding_bincode_without_its_feature_reports_the_feature() {
        let error = Codec::decode::<String>(&[BINCODE_MARK, 1, b'a']).unwrap_err();
        assert!(error.to_string().contains("codec-bincode"), "{error}");
    }
}
