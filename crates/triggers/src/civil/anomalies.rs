//! Anomalies at DST gaps: local times that are shifted or dropped.

use chrono::{DateTime, NaiveDateTime};
use punctual_core::{FireTimeAnomaly, Timestamp, Zone, ZoneSpan};

use super::{Gap, LocalTimeResolver, LocalTimeSet};

/// The maximum number of anomalies of one gap. After this number in total, no further gaps are examined.
const MAX_ANOMALIES: usize = 100;

impl LocalTimeResolver {
    /// Returns the anomalies from `from` to `until`: local times in DST gaps, which the gap policy shifts or drops.
    pub(crate) fn anomalies(
        &self,
        local_times: &impl LocalTimeSet,
        from: Timestamp,
        until: Timestamp,
    ) -> Vec<FireTimeAnomaly> {
        let mut found = Vec::new();
        for span in zone_spans(&self.zone, from, until) {
            if span.offset_before < span.offset && found.len() < MAX_ANOMALIES {
                self.push_gap_anomalies(local_times, &span, &mut found);
            }
        }
        found.retain(|anomaly| (from..=until).contains(&anomaly.instant()));
        found
    }

    /// Appends the anomalies of the gap before `span`.
    fn push_gap_anomalies(
        &self,
        local_times: &impl LocalTimeSet,
        span: &ZoneSpan,
        found: &mut Vec<FireTimeAnomaly>,
    ) {
        let at = Timestamp::from_seconds(span.start);
        let before = i64::from(span.offset_before);
        let (low, high) = (span.start + before, span.start + i64::from(span.offset));
        let after = |local| local_times.at_or_after(local).filter(|&local| local < high);
        let (Some(first), Some(last)) = (after(low), local_times.at_or_before(high - 1)) else {
            return;
        };
        match self.gap {
            Gap::Skip => found.push(FireTimeAnomaly::skipped(at, to_naive(first), to_naive(last))),
            Gap::NextValid => found.push(FireTimeAnomaly::shifted(to_naive(first), at)),
            Gap::Shift => {
                let all = std::iter::successors(Some(first), |&local| after(local + 1));
                found.extend(all.take(MAX_ANOMALIES).map(|local| {
                    FireTimeAnomaly::shifted(
                        to_naive(local),
                        Timestamp::from_seconds(local - before),
                    )
                }));
            }
        }
    }
}

/// Iterates over the spans of constant offset from `from` to `until`.
pub(crate) fn zone_spans(
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

/// Converts civil seconds to chrono's local time.
pub(crate) fn to_naive(civil: i64) -> NaiveDateTime {
    DateTime::from_timestamp(civil, 0).unwrap_or_default().naive_utc()
}
