//! What an exclusion does to the fires of its trigger.

use punctual_core::{Oddity, Timestamp};

use super::{ExceptTrigger, after};
use crate::builder::first_from;
use crate::civil::{DAY, bounds, day_at, resolve};
use crate::steps::Steps;

/// How many fires are looked at.
const LIMIT: u32 = 100;

impl ExceptTrigger {
    /// The fires that are left out or moved, and what is odd about the others.
    pub(super) fn find_oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        let from = from.max(self.limits.first());
        let until = until.min(self.limits.last());
        let mut found = self.trigger.oddities(from, until);
        found.retain(|oddity| !self.days.contains(day_at(&self.days.zone, oddity.instant())));
        if self.next_business_day {
            self.find_moved(from, until, &mut found);
        } else {
            self.find_left_out(from, until, &mut found);
        }
        self.find_excluded_instants(from, until, &mut found);
        found.sort_by_key(Oddity::instant);
        found.dedup();
        found
    }

    /// The first fire on each excluded day.
    fn find_left_out(&self, from: Timestamp, until: Timestamp, found: &mut Vec<Oddity>) {
        let mut next = first_from(&*self.trigger, from);
        for _ in 0..LIMIT {
            let Some(fire) = next.filter(|&fire| fire <= until) else {
                return;
            };
            let day = day_at(&self.days.zone, fire);
            let mut from = after(fire);
            if self.days.contains(day) {
                found.push(Oddity::excluded(fire));
                from = from.map(|from| from.max(bounds(&self.days.zone, day + 1).0));
            } else {
                // Nothing is left out before the next excluded day; days in between need no look.
                from = from.map(|from| from.max(bounds(&self.days.zone, self.end_of_free(day)).0));
            }
            next = from.and_then(|from| first_from(&*self.trigger, from));
        }
    }

    /// The next excluded day after `day`, if it comes within a year; else the day after that year.
    fn end_of_free(&self, day: i32) -> i32 {
        let mut days = day + 1..day + 366;
        days.find(|&day| self.days.contains(day)).unwrap_or(day + 366)
    }

    /// The fires on excluded days that come later.
    fn find_moved(&self, from: Timestamp, until: Timestamp, found: &mut Vec<Oddity>) {
        let steps = Steps::new(Self::STEPS);
        let today = day_at(&self.days.zone, from);
        let run = self.days.run_before(today, &steps);
        let mut next = first_from(&*self.trigger, bounds(&self.days.zone, run).0);
        for _ in 0..LIMIT {
            let Some(fire) = next.filter(|&fire| fire <= until) else {
                return;
            };
            let utc = fire.as_micros().div_euclid(1_000_000);
            let civil = utc + i64::from(self.days.zone.span_at(utc).offset);
            let day = day_at(&self.days.zone, fire);
            let Some(landing) = self.days.next_free(day, &steps) else {
                return;
            };
            if landing != day {
                let moved = i64::from(landing) * DAY + civil.rem_euclid(DAY);
                let comes = Timestamp::from_seconds(resolve(&self.days.zone, moved));
                if (from..=until).contains(&comes) {
                    found.push(Oddity::moved(fire, comes));
                }
            }
            next = after(fire).and_then(|from| first_from(&*self.trigger, from));
        }
    }

    /// The instants that are left out because another trigger fires then.
    fn find_excluded_instants(&self, from: Timestamp, until: Timestamp, found: &mut Vec<Oddity>) {
        let steps = Steps::new(Self::STEPS);
        let mut from = Some(from).filter(|_| !self.fires.is_empty());
        for _ in 0..LIMIT {
            let fire = from.and_then(|from| self.first(from, &steps));
            let Some(fire) = fire.filter(|&fire| fire <= until) else {
                return;
            };
            if self.excludes(fire) {
                found.push(Oddity::excluded(fire));
            }
            from = after(fire);
        }
    }
}
