//! The zones of the command line: one that is named, and that of those who name none.

use punctual::Zone;

/// The machine's own zone; if it is not known UTC, and `warn` is told.
pub(crate) fn machines_own(warn: impl FnOnce(String)) -> Zone {
    Zone::local().unwrap_or_else(|error| {
        warn(format!("times are in UTC, as the machine's own zone is not known: {error}"));
        Zone::utc()
    })
}

/// The zone of this name.
pub(crate) fn parse(name: &str) -> Result<Zone, String> {
    Zone::named(name).map_err(|error| error.to_string())
}
