//! Warnings about behavior that the user may not expect.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use punctual_core::{FireTimeAnomaly, Timestamp, Trigger, Zone};

use super::TriggerExt;
use crate::builder::first_fire_at_or_after;
use crate::civil::{to_naive, zone_spans};

/// Behavior of a trigger that the user may not expect.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// The trigger does not fire at all.
    NeverFires,
    /// There are no fire times after the listed ones.
    Ends,
    /// The job is finished after this number of runs, even if there are further fire times.
    MaxRuns(u64),
    /// The local time is ambiguous (DST fold), and the trigger fires at both occurrences.
    #[non_exhaustive]
    Twice {
        /// The first local time of the fold at which the trigger fires twice.
        wall: NaiveDateTime,
    },
    /// The scheduled local time does not exist (DST gap), and the trigger fires at another time.
    #[non_exhaustive]
    Shifted {
        /// The scheduled local time.
        wall: NaiveDateTime,
        /// The time at which the trigger fires.
        fire: DateTime<Zone>,
    },
    /// The scheduled local times do not exist (DST gap), and the trigger does not fire.
    #[non_exhaustive]
    Skipped {
        /// The first of these local times.
        first: NaiveDateTime,
        /// The last of these local times.
        last: NaiveDateTime,
    },
    /// The interval counts elapsed days of 24 hours. From this date on, the trigger fires at another local time.
    #[non_exhaustive]
    WallTimeMoves {
        /// The date of the next zone transition.
        date: NaiveDate,
    },
}

/// The period for which warnings are computed, in microseconds from the first fire time on.
const LOOKAHEAD_MICROS: i64 = 366 * 86_400 * 1_000_000;

/// The maximum number of warnings of one kind.
const MAX_WARNINGS_PER_KIND: usize = 4;

pub(super) fn warnings<T: Trigger + ?Sized>(
    trigger: &T,
    from: Timestamp,
    count: usize,
    zone: &Zone,
) -> Vec<Warning> {
    let Some(first) = first_fire_at_or_after(trigger, from) else {
        return vec![Warning::NeverFires];
    };
    let mut warnings = Vec::new();
    if trigger.fires(from).nth(count).is_none() {
        warnings.push(Warning::Ends);
    }
    warnings.extend(trigger.max_runs().map(Warning::MaxRuns));
    let until = first.saturating_add_micros(LOOKAHEAD_MICROS);
    warnings.extend(fold_warnings(trigger, first, until, zone).take(MAX_WARNINGS_PER_KIND));
    let anomalies = trigger.anomalies(first.saturating_add_micros(1), until);
    let gap_warnings = anomalies.iter().filter_map(|anomaly| {
        Some(match anomaly {
            FireTimeAnomaly::Shifted { wall, fire, .. } => {
                Warning::Shifted { wall: *wall, fire: fire.in_zone(zone) }
            }
            FireTimeAnomaly::Skipped { first, last, .. } => {
                Warning::Skipped { first: *first, last: *last }
            }
            _ => return None,
        })
    });
    warnings.extend(gap_warnings.take(MAX_WARNINGS_PER_KIND));
    let moves = anomalies.iter().find_map(|anomaly| match anomaly {
        FireTimeAnomaly::WallTimeMoves { at, .. } => Some(at.in_zone(zone).date_naive()),
        _ => None,
    });
    warnings.extend(moves.map(|date| Warning::WallTimeMoves { date }));
    warnings
}

/// Returns a warning for each fold in which the trigger fires at both occurrences of a local time.
fn fold_warnings<T: Trigger + ?Sized>(
    trigger: &T,
    from: Timestamp,
    until: Timestamp,
    zone: &Zone,
) -> impl Iterator<Item = Warning> {
    zone_spans(zone, from, until).filter_map(move |span| {
        let length = i64::from(span.offset_before - span.offset);
        let start = Timestamp::from_seconds(span.start.checked_sub(length)?);
        let fire = first_fire_at_or_after(trigger, start.max(from))
            .filter(|&fire| length > 0 && fire < Timestamp::from_seconds(span.start))?;
        let again = fire.saturating_add_micros(length * 1_000_000);
        let civil = fire.as_micros().div_euclid(1_000_000) + i64::from(span.offset_before);
        (first_fire_at_or_after(trigger, again) == Some(again))
            .then(|| Warning::Twice { wall: to_naive(civil) })
    })
}
