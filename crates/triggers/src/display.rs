//! The display formats of times and durations, which are those of APScheduler.

use std::fmt;

use punctual_core::{Timestamp, Zone};

/// Displays an instant as `2026-03-02 14:00:00 EET`, without fractions of a second.
pub(crate) struct DisplayInZone<'z>(pub(crate) Timestamp, pub(crate) &'z Zone);

impl fmt::Display for DisplayInZone<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.in_zone(self.1).format("%Y-%m-%d %H:%M:%S %Z"))
    }
}

/// Displays a number of microseconds as `1 day, 2:00:00` or `0:00:00.500000`.
pub(crate) struct DisplayDuration(pub(crate) i64);

impl fmt::Display for DisplayDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        match days {
            0 => {}
            1 => f.write_str("1 day, ")?,
            _ => write!(f, "{days} days, ")?,
        }
        write!(f, "{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)?;
        if micros != 0 {
            write!(f, ".{micros:06}")?;
        }
        Ok(())
    }
}
