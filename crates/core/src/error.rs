//! Errors that more than one part reports.

/// A name (a job id, a task, a store or an executor) that can't be used.
///
/// Names are 1 to 191 characters without control characters, so that every store can keep them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: {reason}")]
#[non_exhaustive]
pub struct NameError {
    /// What the name is for, such as `job id`.
    pub what: &'static str,
    /// The name that was given, cut to its first 200 characters.
    pub value: String,
    /// The rule that it breaks.
    pub reason: &'static str,
}

/// The longest name in characters (APScheduler's limit, and what an index of every database holds).
pub(crate) const MAX_NAME_CHARS: usize = 191;

pub(crate) fn check_name(what: &'static str, value: &str) -> Result<(), NameError> {
    let reason = if value.is_empty() {
        "it must not be empty"
    } else if value.chars().nth(MAX_NAME_CHARS).is_some() {
        "it must not be longer than 191 characters"
    } else if value.chars().any(char::is_control) {
        "it must not contain control characters"
    } else {
        return Ok(());
    };
    Err(NameError { what, value: value.chars().take(200).collect(), reason })
}

/// Declares a checked name: a cheap-to-clone `Arc<str>` that can only hold valid text.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks the text and keeps it.
            ///
            /// # Errors
            ///
            /// When it is empty, longer than 191 characters or contains a control character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, $crate::error::NameError> {
                let text = text.as_ref();
                $crate::error::check_name($what, text)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::error::NameError;
            fn try_from(text: &str) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::error::NameError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    };
}
pub(crate) use name_type;
