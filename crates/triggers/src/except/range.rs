//! Ranges of dates.

use std::fmt;

use punctual_core::{TriggerError, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::input::{DateTimeInput, day_text};

/// A range of days, both ends inclusive. The text format is `2026-12-24` for a single day and `2026-07-01/2026-07-31`
/// for several days, as in ISO 8601.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DateRange {
    pub(super) first: i32,
    pub(super) last: i32,
}

impl DateRange {
    /// The range from `first` to `last`. Instants are converted to `zone`.
    pub(super) fn new(
        first: &DateTimeInput,
        last: &DateTimeInput,
        zone: &Zone,
    ) -> Result<Self, TriggerError> {
        let range = Self { first: first.day("dates", zone)?, last: last.day("dates", zone)? };
        if range.last < range.first {
            let reason = "the end of a range must not be before its start";
            return Err(TriggerError::invalid_field("dates", range.to_string(), 1, reason));
        }
        Ok(range)
    }

    /// Sorts the ranges and joins overlapping and adjacent ones.
    pub(super) fn join(mut ranges: Vec<Self>) -> Vec<Self> {
        ranges.sort_unstable();
        let mut joined: Vec<Self> = Vec::with_capacity(ranges.len());
        for range in ranges {
            match joined.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                _ => joined.push(range),
            }
        }
        joined
    }
}

impl fmt::Display for DateRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&day_text(self.first))?;
        if self.last != self.first {
            write!(f, "/{}", day_text(self.last))?;
        }
        Ok(())
    }
}

impl Serialize for DateRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DateRange {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (first, last) = text.split_once('/').unwrap_or((&text, &text));
        Self::new(&first.into(), &last.into(), &Zone::utc()).map_err(D::Error::custom)
    }
}
