//! Random delay of runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// By how much the runs of a job may be moved at random, so that many jobs of one schedule don't all
/// start at once.
///
/// Jitter belongs to the run: the scheduled time stays on the trigger's grid and never drifts. The scheduler
/// draws an offset for each run and keeps the run before the fire that follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Jitter {
    /// Up to that much later, never earlier: APScheduler's `jitter`.
    OneSided(Duration),
    /// Up to that much earlier or later.
    Symmetric(Duration),
}

impl From<Duration> for Jitter {
    fn from(delay: Duration) -> Self {
        Self::OneSided(delay)
    }
}
