//! Sets of event kinds.

use std::fmt;
use std::ops::BitOr;

/// A set of event kinds. The first seventeen bits have the values of APScheduler's event codes.
///
/// ```
/// use punctual_core::EventMask;
///
/// let finished = EventMask::JOB_EXECUTED | EventMask::JOB_ERROR;
/// assert!(finished.contains(EventMask::JOB_ERROR));
/// assert!(!finished.contains(EventMask::JOB_ADDED));
/// assert_eq!(finished.to_string(), "JOB_EXECUTED | JOB_ERROR");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventMask(u32);

impl EventMask {
    /// The empty set.
    pub const NONE: Self = Self(0);
    /// All events, including those added in later versions.
    pub const ALL: Self = Self(u32::MAX);
    /// The scheduler has started.
    pub const SCHEDULER_STARTED: Self = Self(1 << 0);
    /// The scheduler has shut down.
    pub const SCHEDULER_SHUTDOWN: Self = Self(1 << 1);
    /// The scheduler was paused.
    pub const SCHEDULER_PAUSED: Self = Self(1 << 2);
    /// The scheduler was resumed.
    pub const SCHEDULER_RESUMED: Self = Self(1 << 3);
    /// An executor was added.
    pub const EXECUTOR_ADDED: Self = Self(1 << 4);
    /// An executor was removed.
    pub const EXECUTOR_REMOVED: Self = Self(1 << 5);
    /// A job store was added.
    pub const JOBSTORE_ADDED: Self = Self(1 << 6);
    /// A job store was removed.
    pub const JOBSTORE_REMOVED: Self = Self(1 << 7);
    /// All jobs were removed.
    pub const ALL_JOBS_REMOVED: Self = Self(1 << 8);
    /// A job was added or replaced.
    pub const JOB_ADDED: Self = Self(1 << 9);
    /// A job was removed.
    pub const JOB_REMOVED: Self = Self(1 << 10);
    /// A job was modified.
    pub const JOB_MODIFIED: Self = Self(1 << 11);
    /// A run completed successfully.
    pub const JOB_EXECUTED: Self = Self(1 << 12);
    /// A run failed.
    pub const JOB_ERROR: Self = Self(1 << 13);
    /// Run times were skipped because of `misfire_grace_time`.
    pub const JOB_MISSED: Self = Self(1 << 14);
    /// A run was submitted to its executor.
    pub const JOB_SUBMITTED: Self = Self(1 << 15);
    /// Run times were skipped because of `max_instances`.
    pub const JOB_MAX_INSTANCES: Self = Self(1 << 16);
    /// Several due run times were coalesced into one run.
    pub const JOB_COALESCED: Self = Self(1 << 17);
    /// A run of a terminated process was taken over.
    pub const JOB_RECOVERED: Self = Self(1 << 18);
    /// This process can't run a stored job.
    pub const JOB_UNRESOLVED: Self = Self(1 << 19);
    /// An operation of a store failed.
    pub const JOBSTORE_FAILED: Self = Self(1 << 20);
    /// A store recovered from a failure.
    pub const JOBSTORE_RECOVERED: Self = Self(1 << 21);
    /// The lease of this process expired.
    pub const LEASE_LOST: Self = Self(1 << 22);
    /// An event stream was read too slowly, and events were dropped.
    pub const LAGGED: Self = Self(1 << 23);
    /// The next run time of a job was recomputed because the rules of its time zone changed.
    pub const JOB_REPLANNED: Self = Self(1 << 24);

    /// A stored record can't be decoded.
    pub const RECORD_CORRUPT: Self = Self(1 << 25);

    /// A failed run is retried later.
    pub const JOB_RETRY_SCHEDULED: Self = Self(1 << 26);

    /// A failed run is not retried any more.
    pub const JOB_DEAD_LETTERED: Self = Self(1 << 27);

    /// A run blocked the thread of a program's loop for too long.
    pub const LOOP_BLOCKED: Self = Self(1 << 28);

    const NAMES: &[(Self, &str)] = &[
        (Self::SCHEDULER_STARTED, "SCHEDULER_STARTED"),
        (Self::SCHEDULER_SHUTDOWN, "SCHEDULER_SHUTDOWN"),
        (Self::SCHEDULER_PAUSED, "SCHEDULER_PAUSED"),
        (Self::SCHEDULER_RESUMED, "SCHEDULER_RESUMED"),
        (Self::EXECUTOR_ADDED, "EXECUTOR_ADDED"),
        (Self::EXECUTOR_REMOVED, "EXECUTOR_REMOVED"),
        (Self::JOBSTORE_ADDED, "JOBSTORE_ADDED"),
        (Self::JOBSTORE_REMOVED, "JOBSTORE_REMOVED"),
        (Self::ALL_JOBS_REMOVED, "ALL_JOBS_REMOVED"),
        (Self::JOB_ADDED, "JOB_ADDED"),
        (Self::JOB_REMOVED, "JOB_REMOVED"),
        (Self::JOB_MODIFIED, "JOB_MODIFIED"),
        (Self::JOB_EXECUTED, "JOB_EXECUTED"),
        (Self::JOB_ERROR, "JOB_ERROR"),
        (Self::JOB_MISSED, "JOB_MISSED"),
        (Self::JOB_SUBMITTED, "JOB_SUBMITTED"),
        (Self::JOB_MAX_INSTANCES, "JOB_MAX_INSTANCES"),
        (Self::JOB_COALESCED, "JOB_COALESCED"),
        (Self::JOB_RECOVERED, "JOB_RECOVERED"),
        (Self::JOB_UNRESOLVED, "JOB_UNRESOLVED"),
        (Self::JOBSTORE_FAILED, "JOBSTORE_FAILED"),
        (Self::JOBSTORE_RECOVERED, "JOBSTORE_RECOVERED"),
        (Self::LEASE_LOST, "LEASE_LOST"),
        (Self::LAGGED, "LAGGED"),
        (Self::JOB_REPLANNED, "JOB_REPLANNED"),
        (Self::RECORD_CORRUPT, "RECORD_CORRUPT"),
        (Self::JOB_RETRY_SCHEDULED, "JOB_RETRY_SCHEDULED"),
        (Self::JOB_DEAD_LETTERED, "JOB_DEAD_LETTERED"),
        (Self::LOOP_BLOCKED, "LOOP_BLOCKED"),
    ];

    /// Returns the bits. The first seventeen have the same meaning as in APScheduler.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Creates a set from its bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// Returns the kinds that are in this set or in `other`, as `|` does. Unlike `|`, it can be used in constants.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Returns whether this set contains every kind in `other`.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Returns whether this set contains any kind in `other`.
    #[must_use]
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for EventMask {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl fmt::Display for EventMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::ALL {
            return f.write_str("ALL");
        }
        let mut names = Self::NAMES.iter().filter(|(kind, _)| self.contains(*kind));
        match names.next() {
            None => f.write_str("NONE"),
            Some((_, first)) => {
                f.write_str(first)?;
                names.try_for_each(|(_, name)| write!(f, " | {name}"))
            }
        }
    }
}

impl fmt::Debug for EventMask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventMask({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::EventMask;

    #[test]
    fn the_codes_match_apscheduler() {
        assert_eq!(EventMask::SCHEDULER_STARTED.bits(), 1);
        assert_eq!(EventMask::JOB_ADDED.bits(), 512);
        assert_eq!(EventMask::JOB_EXECUTED.bits(), 4096);
        assert_eq!(EventMask::JOB_MAX_INSTANCES.bits(), 65536);
        assert_eq!(
            (EventMask::NONE.to_string(), EventMask::ALL.to_string()),
            ("NONE".into(), "ALL".into())
        );
    }
}
