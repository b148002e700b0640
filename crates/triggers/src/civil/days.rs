//! Conversion between local days and instants.

use punctual_core::{CivilOffset, Timestamp, Zone};

use super::SECONDS_PER_DAY;

/// The local day of an instant.
pub(crate) fn day_at(zone: &Zone, instant: Timestamp) -> i32 {
    let utc = instant.as_micros().div_euclid(1_000_000);
    let civil = utc + i64::from(zone.span_at(utc).offset);
    // Timestamps are limited to the years 1 to 9999, so the day number fits.
    civil.div_euclid(SECONDS_PER_DAY) as i32
}

/// The first and the last instant of a local day.
///
/// If a backward transition crosses midnight, the interval also contains local times of the previous day. For a day
/// that the zone skips, the end is before the start.
pub(crate) fn day_bounds(zone: &Zone, day: i32) -> (Timestamp, Timestamp) {
    let first = i64::from(day) * SECONDS_PER_DAY;
    let last = first + SECONDS_PER_DAY - 1;
    let start = match zone.resolve_civil(first) {
        CivilOffset::Unique(offset) | CivilOffset::Fold { first: offset, .. } => {
            first - i64::from(offset)
        }
        CivilOffset::Gap { at, .. } => at,
    };
    let end = match zone.resolve_civil(last) {
        CivilOffset::Unique(offset) | CivilOffset::Fold { second: offset, .. } => {
            last - i64::from(offset)
        }
        CivilOffset::Gap { at, .. } => at - 1,
    };
    let end = Timestamp::from_seconds(end).saturating_add_micros(999_999);
    (Timestamp::from_seconds(start), end)
}

#[cfg(test)]
mod tests {
    use punctual_core::ZoneDatabase;

    use super::*;
    use crate::civil::day_number;

    #[test]
    fn bounds_are_the_first_and_last_instants_of_a_day() {
        for (name, (year, month, day), hours) in [
            ("UTC", (2026, 3, 29), 24),
            ("Europe/Helsinki", (2026, 3, 29), 23),
            ("Europe/Helsinki", (2026, 10, 25), 25),
            // Forward transition from 00:00 to 01:00.
            ("America/Sao_Paulo", (2018, 11, 4), 23),
            // The day does not exist.
            ("Pacific/Apia", (2011, 12, 30), 0),
        ] {
            let zone = ZoneDatabase::bundled().get(name).unwrap();
            let day = day_number(year, month, day);
            let (start, end) = day_bounds(&zone, day);
            let length = end.as_micros() + 1 - start.as_micros();
            assert_eq!(length, hours * 3_600_000_000, "{name}");
            if hours > 0 {
                assert_eq!(day_at(&zone, start), day);
                assert_eq!(day_at(&zone, end), day);
            }
            assert!(day_at(&zone, start.saturating_add_micros(-1)) < day);
            assert!(day_at(&zone, end.saturating_add_micros(1)) > day);
        }
    }
}
