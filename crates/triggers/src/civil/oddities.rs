//! What a timeline does to wall times where the clock goes forward.

use chrono::{DateTime, NaiveDateTime};
use punctual_core::{Oddity, Timestamp, Zone, ZoneSpan};

use super::{Gap, Timeline, WallTimes};

/// How many oddities are told at most.
const LIMIT: usize = 100;

impl Timeline {
    /// The wall times from `from` to `until` that the clock skips, and what becomes of them.
    pub(crate) fn oddities(
        &self,
        walls: &impl WallTimes,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<Oddity> {
        let mut found = Vec::new();
        for span in spans(&self.zone, from, until) {
            if span.offset_before < span.offset && found.len() < LIMIT {
                self.in_gap(walls, &span, &mut found);
            }
        }
        found.retain(|oddity| (from..=until).contains(&oddity.instant()));
        found
    }

    /// What becomes of the wall times in the gap before `span`.
    fn in_gap(&self, walls: &impl WallTimes, span: &ZoneSpan, found: &mut Vec<Oddity>) {
        let at = Timestamp::from_seconds(span.start);
        let before = i64::from(span.offset_before);
        let (low, high) = (span.start + before, span.start + i64::from(span.offset));
        let after = |wall| walls.at_or_after(wall).filter(|&wall| wall < high);
        let (Some(first), Some(last)) = (after(low), walls.at_or_before(high - 1)) else {
            return;
        };
        match self.gap {
            Gap::Skip => found.push(Oddity::skipped(at, local(first), local(last))),
            Gap::NextValid => found.push(Oddity::shifted(local(first), at)),
            Gap::Shift => {
                let all = std::iter::successors(Some(first), |&wall| after(wall + 1));
                found.extend(all.take(LIMIT).map(|wall| {
                    Oddity::shifted(local(wall), Timestamp::from_seconds(wall - before))
                }));
            }
        }
    }
}

/// The stretches of constant offset from `from` to `until`.
pub(crate) fn spans(
    zone: &Zone,
    from: Timestamp,
    until: Timestamp,
) -> impl Iterator<Item = ZoneSpan> {
    let seconds = |instant: Timestamp| instant.as_micros().div_euclid(1_000_000);
    let first = (from <= until).then(|| zone.span_at(seconds(from)));
    std::iter::successors(first, move |span| {
        (span.end <= seconds(until)).then(|| zone.span_at(span.end))
    })
}

/// Civil seconds as chrono's local time.
pub(crate) fn local(civil: i64) -> NaiveDateTime {
    DateTime::from_timestamp(civil, 0).unwrap_or_default().naive_utc()
}
