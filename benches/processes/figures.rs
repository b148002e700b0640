//! The results.

use std::fmt;
use std::time::Duration;

/// A row of the table; durations in seconds.
#[derive(Debug, serde::Deserialize)]
pub(crate) struct Figures {
    /// The time from the submission of a run to its report.
    p50: f64,
    p99: f64,
    /// Runs per second with two children.
    rate: f64,
    /// The speed-up with two children relative to one.
    scaling: f64,
}

impl Figures {
    pub(crate) fn of(
        mut trips: Vec<Duration>,
        runs: usize,
        took: Duration,
        alone: Duration,
        together: Duration,
    ) -> Self {
        trips.sort_unstable();
        let at = |percent: usize| trips[trips.len() * percent / 100].as_secs_f64();
        Self {
            p50: at(50),
            p99: at(99),
            rate: runs as f64 / took.as_secs_f64(),
            scaling: alone.as_secs_f64() / together.as_secs_f64(),
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { p50, p99, rate, scaling } = self;
        write!(f, "{:.1} us | {:.1} us | {rate:.0} | {scaling:.2}", p50 * 1e6, p99 * 1e6)
    }
}
