//! Errors of time zones.

/// A time zone could not be determined or loaded.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ZoneError {
    /// No zone has this name.
    #[error("unknown time zone {name:?}{}", hint(.suggestions))]
    #[non_exhaustive]
    Unknown {
        /// The rejected name.
        name: String,
        /// Names that may have been meant, best first: of the same city, for the abbreviation or offset, or similar.
        suggestions: Vec<String>,
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

crate::error_debug!(ZoneError);

fn hint(suggestions: &[String]) -> String {
    if suggestions.is_empty() {
        return String::new();
    }
    let names: Vec<_> = suggestions.iter().map(|name| format!("{name:?}")).collect();
    format!(" (did you mean {}?)", names.join(" or "))
}
