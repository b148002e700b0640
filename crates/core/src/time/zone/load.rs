//! From jiff's zone data to a table.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::table::{Entry, TABLE_END, Table};

/// Tables everything that `zone` says about its offsets.
pub(super) fn table(zone: &TimeZone) -> Table {
    let mut builder = Builder::default();
    let first = zone.to_offset_info(Timestamp::MIN);
    builder.push(i64::MIN, first.offset(), first.abbreviation());
    for transition in zone.following(Timestamp::MIN) {
        let start = transition.timestamp().as_second();
        if start > TABLE_END {
            break;
        }
        builder.push(start, transition.offset(), transition.abbreviation());
    }
    Table::new(builder.entries, builder.abbreviations)
}

#[derive(Default)]
struct Builder {
    entries: Vec<Entry>,
    abbreviations: Vec<Box<str>>,
}

impl Builder {
    fn push(&mut self, start: i64, offset: Offset, abbreviation: &str) {
        // chrono knows offsets of less than a day only; no zone has ever had more than 16 hours.
        let offset = offset.seconds().clamp(-86_399, 86_399);
        let abbreviation = self.abbreviation(abbreviation);
        let unchanged = |last: &Entry| last.offset == offset && last.abbreviation == abbreviation;
        if !self.entries.last().is_some_and(unchanged) {
            self.entries.push(Entry { start, offset, abbreviation });
        }
    }

    fn abbreviation(&mut self, text: &str) -> u16 {
        let known = self.abbreviations.iter().position(|known| **known == *text);
        let position = known.unwrap_or_else(|| {
            self.abbreviations.push(text.into());
            self.abbreviations.len() - 1
        });
        // Zone files address abbreviations by one byte, so there are never more than 256.
        u16::try_from(position).unwrap_or(0)
    }
}
