//! Why there is no such zone.

/// A time zone could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// No zone has that name.
    #[error("unknown time zone {name:?}{}", hint(.suggestion))]
    #[non_exhaustive]
    Unknown {
        /// The name that was asked for.
        name: String,
        /// The name that was probably meant, where only the case differs.
        suggestion: Option<String>,
    },
    /// There are no zone files in a directory.
    #[error("there are no time zone files in {path:?}")]
    #[non_exhaustive]
    NoDirectory {
        /// The directory.
        path: std::path::PathBuf,
    },
    /// The machine's own zone can't be told by name.
    #[error("the machine does not tell its time zone by an IANA name; set TZ or name the zone")]
    NoLocal,
}

fn hint(suggestion: &Option<String>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean {name:?}?)")).unwrap_or_default()
}
