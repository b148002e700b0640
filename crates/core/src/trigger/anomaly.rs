//! Anomalies in a trigger's fire times, such as times skipped by a DST transition.

use chrono::NaiveDateTime;

use crate::time::Timestamp;

/// A deviation of the fire times of a trigger from its nominal schedule; see
/// [`Trigger::anomalies`](super::Trigger::anomalies).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FireTimeAnomaly {
    /// The local time `wall` is skipped by a clock change, and the trigger fires at `fire` instead.
    #[non_exhaustive]
    Shifted {
        /// The nonexistent local time.
        wall: NaiveDateTime,
        /// The fire time.
        fire: Timestamp,
    },
    /// The clock is set forward at `at`, and the trigger omits its fire times in the skipped local times from `first`
    /// to `last`.
    #[non_exhaustive]
    Skipped {
        /// The instant of the clock change.
        at: Timestamp,
        /// The first omitted local time.
        first: NaiveDateTime,
        /// The last omitted local time.
        last: NaiveDateTime,
    },
    /// The trigger does not fire at `fire`, because that instant is excluded, or at `fire` and during the rest of its
    /// day, because the day is excluded.
    #[non_exhaustive]
    Excluded {
        /// The original fire time.
        fire: Timestamp,
    },
    /// The trigger fires at `fire` instead of at `from`, which is on an excluded day.
    #[non_exhaustive]
    Moved {
        /// The original fire time.
        from: Timestamp,
        /// The actual fire time.
        fire: Timestamp,
    },
    /// The clock changes at `at`. From then on the trigger fires at another local time, because it counts elapsed
    /// days of 24 hours.
    #[non_exhaustive]
    WallTimeMoves {
        /// The instant of the clock change.
        at: Timestamp,
    },
}

impl FireTimeAnomaly {
    /// Creates [`Shifted`](Self::Shifted).
    #[must_use]
    pub fn shifted(wall: NaiveDateTime, fire: Timestamp) -> Self {
        Self::Shifted { wall, fire }
    }

    /// Creates [`Skipped`](Self::Skipped).
    #[must_use]
    pub fn skipped(at: Timestamp, first: NaiveDateTime, last: NaiveDateTime) -> Self {
        Self::Skipped { at, first, last }
    }

    /// Creates [`Excluded`](Self::Excluded).
    #[must_use]
    pub fn excluded(fire: Timestamp) -> Self {
        Self::Excluded { fire }
    }

    /// Creates [`Moved`](Self::Moved).
    #[must_use]
    pub fn moved(from: Timestamp, fire: Timestamp) -> Self {
        Self::Moved { from, fire }
    }

    /// Creates [`WallTimeMoves`](Self::WallTimeMoves).
    #[must_use]
    pub fn wall_time_moves(at: Timestamp) -> Self {
        Self::WallTimeMoves { at }
    }

    /// Returns the instant of the anomaly: the fire time, or else the clock change.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        match *self {
            Self::Shifted { fire, .. } | Self::Excluded { fire } | Self::Moved { fire, .. } => fire,
            Self::Skipped { at, .. } | Self::WallTimeMoves { at } => at,
        }
    }
}
