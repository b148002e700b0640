//! Anomalies due to exclusions: suppressed and postponed fire times.

use punctual_core::{FireTimeAnomaly, Timestamp};

use super::{ExceptTrigger, after};
use crate::builder::first_fire_at_or_after;
use crate::civil::{SECONDS_PER_DAY, day_at, day_bounds, local_to_utc};
use crate::search_budget::SearchBudget;

/// The maximum number of fire times that are examined.
const MAX_EXAMINED_FIRE_TIMES: u32 = 100;

impl ExceptTrigger {
    /// Returns the suppressed and postponed fire times, and the anomalies of the inner trigger on included days.
    pub(super) fn find_anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        let from = from.max(self.settings.start());
        let until = until.min(self.settings.end());
        let mut found = self.trigger.anomalies(from, until);
        found.retain(|anomaly| !self.days.contains(day_at(&self.days.zone, anomaly.instant())));
        if self.next_business_day {
            self.find_postponed(from, until, &mut found);
        } else {
            self.find_suppressed(from, until, &mut found);
        }
        self.find_excluded_instants(from, until, &mut found);
        found.sort_by_key(FireTimeAnomaly::instant);
        found.dedup();
        found
    }

    /// Appends the first fire time on each excluded day.
    fn find_suppressed(&self, from: Timestamp, until: Timestamp, found: &mut Vec<FireTimeAnomaly>) {
        let mut next = first_fire_at_or_after(&*self.trigger, from);
        for _ in 0..MAX_EXAMINED_FIRE_TIMES {
            let Some(fire) = next.filter(|&fire| fire <= until) else {
                return;
            };
            let day = day_at(&self.days.zone, fire);
            let mut from = after(fire);
            if self.days.contains(day) {
                found.push(FireTimeAnomaly::excluded(fire));
                from = from.map(|from| from.max(day_bounds(&self.days.zone, day + 1).0));
            } else {
                // No fire time is suppressed before the next excluded day. Continue there.
                from = from.map(|from| {
                    from.max(day_bounds(&self.days.zone, self.next_excluded_within_year(day)).0)
                });
            }
            next = from.and_then(|from| first_fire_at_or_after(&*self.trigger, from));
        }
    }

    /// Returns the next excluded day after `day` within a year, or else the day after that year.
    fn next_excluded_within_year(&self, day: i32) -> i32 {
        let mut days = day + 1..day + 366;
        days.find(|&day| self.days.contains(day)).unwrap_or(day + 366)
    }

    /// Appends the fire times that are postponed from excluded days.
    fn find_postponed(&self, from: Timestamp, until: Timestamp, found: &mut Vec<FireTimeAnomaly>) {
        let budget = SearchBudget::new(Self::MAX_SEARCH_STEPS);
        let today = day_at(&self.days.zone, from);
        let block_start = self.days.excluded_block_start(today, &budget);
        let mut next =
            first_fire_at_or_after(&*self.trigger, day_bounds(&self.days.zone, block_start).0);
        for _ in 0..MAX_EXAMINED_FIRE_TIMES {
            let Some(fire) = next.filter(|&fire| fire <= until) else {
                return;
            };
            let utc = fire.as_micros().div_euclid(1_000_000);
            let civil = utc + i64::from(self.days.zone.span_at(utc).offset);
            let day = day_at(&self.days.zone, fire);
            let Some(target_day) = self.days.next_included(day, &budget) else {
                return;
            };
            if target_day != day {
                let postponed =
                    i64::from(target_day) * SECONDS_PER_DAY + civil.rem_euclid(SECONDS_PER_DAY);
                let postponed = Timestamp::from_seconds(local_to_utc(&self.days.zone, postponed));
                if (from..=until).contains(&postponed) {
                    found.push(FireTimeAnomaly::moved(fire, postponed));
                }
            }
            next = after(fire).and_then(|from| first_fire_at_or_after(&*self.trigger, from));
        }
    }

    /// Appends the fire times that are excluded instants.
    fn find_excluded_instants(
        &self,
        from: Timestamp,
        until: Timestamp,
        found: &mut Vec<FireTimeAnomaly>,
    ) {
        let budget = SearchBudget::new(Self::MAX_SEARCH_STEPS);
        let mut from = Some(from).filter(|_| !self.instant_exclusions.is_empty());
        for _ in 0..MAX_EXAMINED_FIRE_TIMES {
            let fire = from.and_then(|from| self.first(from, &budget));
            let Some(fire) = fire.filter(|&fire| fire <= until) else {
                return;
            };
            if self.excludes(fire) {
                found.push(FireTimeAnomaly::excluded(fire));
            }
            from = after(fire);
        }
    }
}
