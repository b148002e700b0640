//! Lengths of time.

/// In seconds.
pub(crate) const DAY: i64 = 86_400;
/// In microseconds.
pub(crate) const SECOND: i64 = 1_000_000;
