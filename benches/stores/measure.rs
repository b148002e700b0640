//! How long something takes, and what is typical of several times.

use std::cmp::Ordering;
use std::time::Instant;

#[expect(clippy::disallowed_methods, reason = "what is measured here is time")]
pub(crate) fn stopwatch() -> Instant {
    Instant::now()
}

/// The middle of some measurements, of which there must be one.
pub(crate) fn median<T: PartialOrd + Copy>(mut measured: Vec<T>) -> T {
    measured.sort_by(|a, b| a.partial_cmp(b).unwrap_or(Ordering::Equal));
    measured[measured.len() / 2]
}
