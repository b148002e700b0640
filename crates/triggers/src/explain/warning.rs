//! What people may not expect.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use punctual_core::{Oddity, Timestamp, Trigger, Zone};

use super::TriggerExt;
use crate::builder::first_from;
use crate::civil::{local, spans};

/// Something about a trigger that people may not expect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// It does not fire at all.
    NeverFires,
    /// After the fires that are shown there is no other.
    Ends,
    /// A job is finished after so many runs, however many fires there are.
    MaxRuns(u64),
    /// The clock shows these local times twice on that day, and it fires both times.
    Twice {
        /// The first of the local times at which it fires twice.
        wall: NaiveDateTime,
    },
    /// The clock skips a local time, and it fires later.
    Shifted {
        /// The local time.
        wall: NaiveDateTime,
        /// When it fires.
        fire: DateTime<Zone>,
    },
    /// The clock skips local times, and it does not fire.
    Skipped {
        /// The first of them.
        first: NaiveDateTime,
        /// The last of them.
        last: NaiveDateTime,
    },
    /// It counts elapsed days of 24 hours: from that day on it fires at another local time.
    WallTimeMoves {
        /// When the clock changes next.
        date: NaiveDate,
    },
}

/// How far warnings look ahead.
const YEAR: i64 = 366 * 86_400 * 1_000_000;

/// How many warnings of one kind there are at most.
const EACH: usize = 4;

pub(super) fn warnings<T: Trigger + ?Sized>(
    trigger: &T,
    from: Timestamp,
    count: usize,
    zone: &Zone,
) -> Vec<Warning> {
    let Some(first) = first_from(trigger, from) else {
        return vec![Warning::NeverFires];
    };
    let mut warnings = Vec::new();
    if trigger.fires(from).nth(count).is_none() {
        warnings.push(Warning::Ends);
    }
    warnings.extend(trigger.max_runs().map(Warning::MaxRuns));
    let until = first.saturating_add_micros(YEAR);
    warnings.extend(twice(trigger, first, until, zone).take(EACH));
    let oddities = trigger.oddities(first.saturating_add_micros(1), until);
    let told = oddities.iter().filter_map(|oddity| {
        Some(match oddity {
            Oddity::Shifted { wall, fire, .. } => {
                Warning::Shifted { wall: *wall, fire: fire.in_zone(zone) }
            }
            Oddity::Skipped { first, last, .. } => Warning::Skipped { first: *first, last: *last },
            _ => return None,
        })
    });
    warnings.extend(told.take(EACH));
    let moves = oddities.iter().find_map(|oddity| match oddity {
        Oddity::WallTimeMoves { at, .. } => Some(at.in_zone(zone).date_naive()),
        _ => None,
    });
    warnings.extend(moves.map(|date| Warning::WallTimeMoves { date }));
    warnings
}

/// The folds in which it fires at the same local time in both passes.
fn twice<T: Trigger + ?Sized>(
    trigger: &T,
    from: Timestamp,
    until: Timestamp,
    zone: &Zone,
) -> impl Iterator<Item = Warning> {
    spans(zone, from, until).filter_map(move |span| {
        let length = i64::from(span.offset_before - span.offset);
        let start = Timestamp::from_seconds(span.start.checked_sub(length)?);
        let fire = first_from(trigger, start.max(from))
            .filter(|&fire| length > 0 && fire < Timestamp::from_seconds(span.start))?;
        let again = fire.saturating_add_micros(length * 1_000_000);
        let civil = fire.as_micros().div_euclid(1_000_000) + i64::from(span.offset_before);
        (first_from(trigger, again) == Some(again)).then(|| Warning::Twice { wall: local(civil) })
    })
}
