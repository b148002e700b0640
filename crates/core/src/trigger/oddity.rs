//! What people ask about when a job runs at an odd time, or does not run.

use chrono::NaiveDateTime;

use crate::time::Timestamp;

/// Something about a trigger's fires that its description alone does not tell; see
/// [`Trigger::oddities`](super::Trigger::oddities).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// The clock skips the local time `wall`, and the trigger fires at `fire` instead.
    #[non_exhaustive]
    Shifted {
        /// The local time that does not exist.
        wall: NaiveDateTime,
        /// When the trigger fires for it.
        fire: Timestamp,
    },
    /// The clock goes forward at `at`, and the trigger leaves out what the clock skips: the local times from `first`
    /// to `last`.
    #[non_exhaustive]
    Skipped {
        /// When the clock goes forward.
        at: Timestamp,
        /// The first local time that is left out.
        first: NaiveDateTime,
        /// The last local time that is left out.
        last: NaiveDateTime,
    },
    /// The trigger does not fire at `fire`, nor on the rest of that day, because the day is excluded, or does not
    /// because that instant is.
    #[non_exhaustive]
    Excluded {
        /// When it would have fired.
        fire: Timestamp,
    },
    /// The trigger fires at `fire` instead of on an excluded day, at `from`.
    #[non_exhaustive]
    Moved {
        /// When it would have fired.
        from: Timestamp,
        /// When it fires.
        fire: Timestamp,
    },
    /// The clock changes at `at`, and from then on the trigger fires at another local time, because it counts
    /// elapsed days of 24 hours.
    #[non_exhaustive]
    WallTimeMoves {
        /// When the clock changes.
        at: Timestamp,
    },
}

impl Oddity {
    /// The local time `wall` is skipped; `fire` stands in for it.
    #[must_use]
    pub fn shifted(wall: NaiveDateTime, fire: Timestamp) -> Self {
        Self::Shifted { wall, fire }
    }

    /// The local times from `first` to `last` are left out, where the clock goes forward at `at`.
    #[must_use]
    pub fn skipped(at: Timestamp, first: NaiveDateTime, last: NaiveDateTime) -> Self {
        Self::Skipped { at, first, last }
    }

    /// The fire at `fire` is left out.
    #[must_use]
    pub fn excluded(fire: Timestamp) -> Self {
        Self::Excluded { fire }
    }

    /// The fire at `from` comes at `fire`.
    #[must_use]
    pub fn moved(from: Timestamp, fire: Timestamp) -> Self {
        Self::Moved { from, fire }
    }

    /// From `at` on it is another local time.
    #[must_use]
    pub fn wall_time_moves(at: Timestamp) -> Self {
        Self::WallTimeMoves { at }
    }

    /// The instant that it is about: that of the fire, if there is one.
    #[must_use]
    pub fn instant(&self) -> Timestamp {
        match *self {
            Self::Shifted { fire, .. } | Self::Excluded { fire } | Self::Moved { fire, .. } => fire,
            Self::Skipped { at, .. } | Self::WallTimeMoves { at } => at,
        }
    }
}
