//! Values of options, which come as text.

use std::time::Duration;

/// What an option may be.
#[allow(dead_code, reason = "no backend of this build needs it")]
pub(crate) trait Value: Sized {
    /// What the text must be, for errors.
    const EXPECTED: &'static str;

    /// The value that the text says, if it says one.
    fn of_text(text: &str) -> Option<Self>;
}

impl Value for String {
    const EXPECTED: &'static str = "a text";

    fn of_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}

impl Value for bool {
    const EXPECTED: &'static str = "\"true\" or \"false\"";

    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Value for Duration {
    const EXPECTED: &'static str = "a number of seconds";

    fn of_text(text: &str) -> Option<Self> {
        Self::try_from_secs_f64(text.parse().ok()?).ok()
    }
}

#[cfg(feature = "store-sqlite")]
impl Value for crate::stores::Synchronous {
    const EXPECTED: &'static str = "\"full\" or \"normal\"";

    fn of_text(text: &str) -> Option<Self> {
        match text {
            "full" => Some(Self::Full),
            "normal" => Some(Self::Normal),
            _ => None,
        }
    }
}
