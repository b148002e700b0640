//! The definition of a job in a record.

use std::fmt;
use std::sync::{Arc, OnceLock};

use super::JobDefinition;
use crate::codec::{CodecError, Encoded};

/// The definition of a job in a record of a store: the bytes that a store has read, or a definition of this process
/// that is encoded when its bytes are needed. Cheap to clone.
///
/// A store that writes its records calls [`as_bytes`](Self::as_bytes). A store in the memory of this process keeps the
/// value: its jobs are neither encoded nor decoded.
///
/// `Debug` shows no content, because arguments may be confidential.
#[derive(Clone)]
pub struct StoredDefinition(Form);

#[derive(Clone)]
enum Form {
    Encoded(Encoded),
    Decoded(Arc<Decoded>),
}

struct Decoded {
    definition: Arc<JobDefinition>,
    encoded: OnceLock<Encoded>,
}

impl StoredDefinition {
    /// Creates the form that is encoded when its bytes are needed.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the definition can't be encoded, because its arguments are not a value of a codec of
    /// this build.
    pub fn decoded(definition: Arc<JobDefinition>) -> Result<Self, CodecError> {
        definition.args.check()?;
        Ok(Self(Form::Decoded(Arc::new(Decoded { definition, encoded: OnceLock::new() }))))
    }

    /// Returns the encoded form.
    #[must_use]
    pub fn encoded(&self) -> &Encoded {
        match &self.0 {
            Form::Encoded(encoded) => encoded,
            Form::Decoded(form) => {
                // The arguments, the only part that may fail, were checked by the constructor.
                form.encoded.get_or_init(|| form.definition.encode().unwrap_or_default())
            }
        }
    }

    /// Returns the encoded bytes, as stored.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.encoded().as_bytes()
    }

    /// Returns the definition if it is decoded; `None` if it was read from a store that keeps bytes.
    #[must_use]
    pub fn get(&self) -> Option<&Arc<JobDefinition>> {
        match &self.0 {
            Form::Encoded(_) => None,
            Form::Decoded(form) => Some(&form.definition),
        }
    }

    /// Returns the definition, decoding it if necessary.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the bytes are not a definition, or a definition of a newer version.
    pub fn decode(&self) -> Result<Arc<JobDefinition>, CodecError> {
        match &self.0 {
            Form::Encoded(encoded) => JobDefinition::decode(encoded.as_bytes()).map(Arc::new),
            Form::Decoded(form) => Ok(Arc::clone(&form.definition)),
        }
    }
}

impl Default for StoredDefinition {
    /// Returns a value without bytes.
    fn default() -> Self {
        Self::from(Encoded::default())
    }
}

impl From<Encoded> for StoredDefinition {
    fn from(encoded: Encoded) -> Self {
        Self(Form::Encoded(encoded))
    }
}

impl From<Vec<u8>> for StoredDefinition {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from(Encoded::from(bytes))
    }
}

impl From<&[u8]> for StoredDefinition {
    fn from(bytes: &[u8]) -> Self {
        Self::from(Encoded::from(bytes))
    }
}

impl PartialEq for StoredDefinition {
    /// Compares the encoded bytes.
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Decoded(one), Form::Decoded(other)) if Arc::ptr_eq(one, other) => true,
            _ => self.encoded() == other.encoded(),
        }
    }
}

impl Eq for StoredDefinition {}

impl fmt::Debug for StoredDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Encoded(encoded) => {
                write!(f, "StoredDefinition({} bytes)", encoded.as_bytes().len())
            }
            Form::Decoded(_) => f.write_str("StoredDefinition(decoded)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::Alias;
    use crate::codec::Codec;
    use crate::job::JobOptions;
    use crate::task::TaskName;
    use crate::trigger::TriggerSpec;

    fn definition(args: Encoded) -> Arc<JobDefinition> {
        Arc::new(JobDefinition::new(
            TaskName::new("send_mail").unwrap(),
            args,
            TriggerSpec::new("date", 1, &"2026-01-01T00:00:00Z").unwrap(),
            "mail".into(),
            Alias::default(),
            JobOptions::default(),
        ))
    }

    #[test]
    fn both_forms_are_equal_and_have_the_same_bytes() {
        let definition = definition(Codec::Json.encode(&("ann", 3)).unwrap());
        let decoded = StoredDefinition::decoded(Arc::clone(&definition)).unwrap();
        let encoded = StoredDefinition::from(definition.encode().unwrap());
        assert_eq!(decoded, encoded);
        assert_eq!(decoded.as_bytes(), definition.encode().unwrap().as_bytes());
        assert!(Arc::ptr_eq(&decoded.decode().unwrap(), &definition), "nothing is decoded");
        assert_eq!(encoded.decode().unwrap(), definition);
        assert!(encoded.get().is_none());
    }

    #[test]
    fn arguments_that_cant_be_encoded_are_rejected() {
        for bytes in [&b""[..], b"[1", b"1 2"] {
            let error = StoredDefinition::decoded(definition(Encoded::from(bytes))).unwrap_err();
            assert!(matches!(error, CodecError::Decode(_)), "{bytes:?}: {error}");
        }
    }
}
