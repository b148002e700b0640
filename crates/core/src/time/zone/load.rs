//! Conversion of jiff's time zone data into transition tables.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::table::{TABLE_END, Transition, TransitionTable};

/// Builds the transition table of a zone.
pub(super) fn build_table(zone: &TimeZone) -> TransitionTable {
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
    TransitionTable::new(builder.entries, builder.abbreviations)
}

#[derive(Default)]
struct Builder {
    entries: Vec<Transition>,
    abbreviations: Vec<Box<str>>,
}

impl Builder {
    fn push(&mut self, start: i64, offset: Offset, abbreviation: &str) {
        // chrono supports only offsets of less than a day. No zone has ever had an offset of more than 16 hours.
        let offset = offset.seconds().clamp(-86_399, 86_399);
        let abbreviation = self.abbreviation(abbreviation);
        let unchanged =
            |last: &Transition| last.offset == offset && last.abbreviation == abbreviation;
        if !self.entries.last().is_some_and(unchanged) {
            self.entries.push(Transition { start, offset, abbreviation });
        }
    }

    fn abbreviation(&mut self, text: &str) -> u16 {
        let known = self.abbreviations.iter().position(|known| **known == *text);
        let position = known.unwrap_or_else(|| {
            self.abbreviations.push(text.into());
            self.abbreviations.len() - 1
        });
        // Zone files index abbreviations with one byte, so there are at most 256.
        u16::try_from(position).unwrap_or(0)
    }
}
