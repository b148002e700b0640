//! Errors of time zones.

/// A time zone could not be determined or loaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// No zone has this name.
    #[error("unknown time zone {name:?}{}", hint(.suggestion))]
    #[non_exhaustive]
    Unknown {
        /// The rejected name.
        name: String,
        /// A name that differs only in case, if there is one.
        suggestion: Option<String>,
    },
    /// A directory contains no zone files.
    #[error("there are no time zone files in {path:?}")]
    #[non_exhaustive]
    NoDirectory {
        /// The directory.
        path: std::path::PathBuf,
    },
    /// The system time zone can't be determined, or has no IANA name.
    #[error(
        "the system time zone can't be determined or has no IANA name; set TZ or configure the zone explicitly"
    )]
    NoLocal,
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}
