//! Civil days on the line of instants.

use punctual_core::{CivilOffset, Timestamp, Zone};

use super::DAY;

/// The day that the calendar shows at an instant.
pub(crate) fn day_at(zone: &Zone, instant: Timestamp) -> i32 {
    let utc = instant.as_micros().div_euclid(1_000_000);
    let civil = utc + i64::from(zone.span_at(utc).offset);
    // Timestamps stay within the years 1 to 9999, so that a day number is never large.
    civil.div_euclid(DAY) as i32
}

/// The first and the last instant at which the calendar shows `day`. Where the clock goes back over a midnight
/// it shows the day before once more in between; a day that the clock skips ends before it begins.
pub(crate) fn bounds(zone: &Zone, day: i32) -> (Timestamp, Timestamp) {
    let first = i64::from(day) * DAY;
    let last = first + DAY - 1;
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
    use crate::civil::day_of;

    #[test]
    fn a_day_lasts_from_its_first_to_its_last_instant() {
        for (name, (year, month, day), hours) in [
            ("UTC", (2026, 3, 29), 24),
            ("Europe/Helsinki", (2026, 3, 29), 23),
            ("Europe/Helsinki", (2026, 10, 25), 25),
            // The clock goes from 00:00 to 01:00.
            ("America/Sao_Paulo", (2018, 11, 4), 23),
            // The day does not exist.
            ("Pacific/Apia", (2011, 12, 30), 0),
        ] {
            let zone = ZoneDatabase::bundled().get(name).unwrap();
            let day = day_of(year, month, day);
            let (start, end) = bounds(&zone, day);
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
