//! Parsing of option values.

use std::time::Duration;

/// The type of an option's value.
#[allow(dead_code, reason = "depends on the enabled features")]
pub(crate) trait Value: Sized {
    /// A description of valid values, for errors.
    const EXPECTED: &'static str;

    /// Parses a value. Returns `None` if it is invalid.
    fn parse_option(text: &str) -> Option<Self>;
}

impl Value for String {
    const EXPECTED: &'static str = "a text";

    fn parse_option(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "\"true\" or \"false\"";

    fn parse_option(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for u64 {
    const EXPECTED: &'static str = "a whole number";

    fn parse_option(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a number of seconds";

    fn parse_option(text: &str) -> Option<Self> {
        Self::try_from_secs_f64(text.parse().ok()?).ok()
    }
}

#[cfg(feature = "store-sqlite")]
impl Value for crate::stores::SqliteSynchronous {
    const EXPECTED: &'static str = "\"full\" or \"normal\"";

    fn parse_option(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}
