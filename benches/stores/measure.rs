//! A stopwatch, and the median of measurements.

use std::cmp::Ordering;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures durations")]
pub(crate) fn stopwatch() -> Instant {
    Instant::now()
}

/// Returns the median.
///
/// # Panics
///
/// Panics if there are no measurements.
pub(crate) fn median<T: PartialOrd + Copy>(mut measured: Vec<T>) -> T {
    measured.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    measured[measured.len() / 2]
}
