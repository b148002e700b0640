//! Errors that more than one part reports, and how errors are shown with their causes.

use std::error::Error;
use std::fmt::{self, Write};
use std::iter::successors;

/// The maximum number of errors of a chain that are shown. Limits the output for an error that is its own source.
const MAX_CHAIN_LENGTH: usize = 32;

/// Shows an error together with its sources, as `what failed: why: why that`.
///
/// The text of an error of these crates describes only what failed; the cause is its
/// [`source`](std::error::Error::source). Error reporters that iterate over the sources therefore show each cause
/// once. This function produces the same text for logs, events and messages. A source whose text is contained in the
/// preceding text is omitted. At most 32 errors are shown.
///
/// ```
/// use punctual_core::{StoreError, StoreErrorKind, error_chain};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, "the store can't be reached")
///     .with_source("connection refused");
/// assert_eq!(error.to_string(), "the store can't be reached");
/// assert_eq!(error_chain(&error).to_string(), "the store can't be reached: connection refused");
/// ```
pub fn error_chain<'e>(error: &'e (dyn Error + 'e)) -> impl fmt::Display + 'e {
    ErrorChain(error)
}

/// Implements `Debug` for an error as its text with its causes. This is what the standard library prints if `main`
/// returns the error, or if `unwrap` is called on it.
#[doc(hidden)]
#[macro_export]
macro_rules! error_debug {
    ($($error:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&$crate::error_chain(self), f)
            }
        }
    )+};
}

struct ErrorChain<'e>(&'e (dyn Error + 'e));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = format_error(self.0)?;
        f.write_str(&before)?;
        let sources = successors(self.0.source(), |&error| error.source());
        for source in sources.take(MAX_CHAIN_LENGTH - 1) {
            let text = format_error(source)?;
            if !contains_phrase(&before, &text) {
                write!(f, ": {text}")?;
            }
            before = text;
        }
        Ok(())
    }
}

/// Returns whether `text` contains the text of its source, delimited by word boundaries.
fn contains_phrase(text: &str, source: &str) -> bool {
    source.is_empty()
        || text.match_indices(source).any(|(start, found)| {
            let before = text[..start].chars().next_back();
            let after = text[start + found.len()..].chars().next();
            !before.into_iter().chain(after).any(char::is_alphanumeric)
        })
}

/// Formats an error. Returns an error of its `Display` implementation, on which `to_string` would panic.
fn format_error(error: &dyn Error) -> Result<String, fmt::Error> {
    let mut text = String::new();
    write!(text, "{error}")?;
    Ok(text)
}

/// An invalid name of a job, a task, a store, an executor or a node.
///
/// Names have 1 to 191 characters and contain no control characters, so that every store can represent them.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {value:?} is not valid: {reason}")]
#[non_exhaustive]
pub struct NameError {
    /// The kind of name, such as `job id`.
    pub what: &'static str,
    /// The rejected name, truncated to 200 characters.
    pub value: String,
    /// The violated rule.
    pub reason: &'static str,
}

crate::error_debug!(NameError);

/// The maximum length of a name in characters: APScheduler's limit, which fits into an index of every supported
/// database.
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

/// Declares a validated name: an `Arc<str>` that is cheap to clone.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Creates a name from a text.
            ///
            /// # Errors
            ///
            /// Returns [`NameError`](crate::NameError) if the text is empty, longer than 191 characters or contains
            /// a control character.
            pub fn new(text: impl AsRef<str>) -> Result<Self, $crate::error::NameError> {
                let text = text.as_ref();
                $crate::error::check_name($what, text)?;
                Ok(Self(text.into()))
            }

            /// Returns the name as text.
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A text, and the source that follows it.
    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Link {
        text: &'static str,
        source: Option<Box<Link>>,
    }

    fn shown(texts: &[&'static str]) -> String {
        let link = |source: Option<Link>, &text: &&'static str| {
            Some(Link { text, source: source.map(Box::new) })
        };
        error_chain(&texts.iter().rev().fold(None, link).unwrap()).to_string()
    }

    #[test]
    fn each_cause_is_shown_once() {
        assert_eq!(shown(&["a store failed"]), "a store failed");
        assert_eq!(shown(&["no jobs", "no store", "no file"]), "no jobs: no store: no file");
    }

    #[test]
    fn causes_that_are_shown_already_are_not_shown_again() {
        assert_eq!(shown(&["no store: no file", "no file"]), "no store: no file");
        assert_eq!(shown(&["a: b: c", "b: c", "c", "d"]), "a: b: c: d");
        assert_eq!(shown(&["no store", "", "no file"]), "no store: no file");
        assert_eq!(shown(&["no store (no file)", "no file"]), "no store (no file)");
        assert_eq!(shown(&["exit", "x"]), "exit: x");
        assert_eq!(shown(&["über x", "ber x"]), "über x: ber x");
    }

    #[test]
    fn an_error_that_is_its_own_source_has_an_end() {
        #[derive(Debug)]
        struct Round(std::sync::atomic::AtomicU32);

        impl fmt::Display for Round {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.", self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
            }
        }

        impl Error for Round {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                Some(self)
            }
        }

        let shown = error_chain(&Round(100.into())).to_string();
        assert!(shown.starts_with("100.: 101.: 102.") && shown.ends_with(": 131."), "{shown}");
    }
}
