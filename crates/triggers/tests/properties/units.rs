//! Units of time.

/// A day in seconds.
pub(crate) const DAY: i64 = 86_400;
/// A second in microseconds.
pub(crate) const SECOND: i64 = 1_000_000;
