//! The time zones of the command line.

use punctual::Zone;

/// Returns the system's time zone. If it can't be determined, calls `warn` and returns UTC.
pub(crate) fn local_or_utc(warn: impl FnOnce(String)) -> Zone {
    Zone::local().unwrap_or_else(|error| {
        warn(format!(
            "times are in UTC because the system's time zone can't be determined: {error}"
        ));
        Zone::utc()
    })
}

/// Looks up a time zone by name.
pub(crate) fn parse(name: &str) -> Result<Zone, String> {
    Zone::named(name).map_err(|error| error.to_string())
}
