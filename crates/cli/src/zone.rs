//! The zone of those who name none.

use punctual::Zone;

/// The machine's own zone; if it is not known UTC, and `warn` is told.
pub(crate) fn machines_own(warn: impl FnOnce(String)) -> Zone {
    Zone::local().unwrap_or_else(|error| {
        warn(format!("times are in UTC, as the machine's own zone is not known: {error}"));
        Zone::utc()
    })
}
