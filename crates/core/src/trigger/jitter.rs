//! Random offsets of runs.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The range of random offsets that are added to the start times of the runs of a job, so that many jobs with the same
/// schedule do not start simultaneously.
///
/// Jitter affects only the start of a run; the scheduled time remains the time computed by the trigger and does not
/// drift. The scheduler chooses a random offset for each run such that the run starts before the next fire time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Jitter {
    /// Delays runs by up to this duration, like `jitter` in APScheduler.
    OneSided(Duration),
    /// Moves runs by up to this duration, earlier or later.
    Symmetric(Duration),
}

impl From<Duration> for Jitter {
    fn from(delay: Duration) -> Self {
        Self::OneSided(delay)
    }
}
