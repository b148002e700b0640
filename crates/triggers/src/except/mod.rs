//! The Except trigger: fires when another trigger fires, except on excluded days.

mod anomalies;
mod builder;
mod calendar;
mod days;
#[cfg(feature = "ical")]
mod ical;
mod postponed;
mod range;
mod stored;

use std::fmt;
use std::sync::Arc;

use punctual_core::{FireTimeAnomaly, Jitter, Timestamp, Trigger, TriggerSpec, Zone};

use crate::builder::first_fire_at_or_after;
use crate::civil::{Fold, Gap, LocalTimeResolver, day_at, day_bounds};
use crate::cron::weekday_names;
use crate::search_budget::SearchBudget;
pub use builder::{ExceptExt, ExceptTriggerBuilder};
pub use calendar::Calendar;
use days::ExcludedDays;
use postponed::PostponedTimes;

/// Fires when another trigger fires, except on excluded days and at excluded instants. With
/// [`next_business_day`](ExceptTriggerBuilder::next_business_day), a fire on an excluded day is postponed to the next
/// day that is not excluded. The trigger is constructed with [`ExceptExt::except`].
///
/// ```
/// use punctual_core::{Timestamp, Trigger};
/// use punctual_triggers::{Calendar, CronTrigger, ExceptExt};
///
/// // Salaries are paid on the 15th, or on the next business day.
/// let trigger = CronTrigger::builder().day(15).hour(8)
///     .except(Calendar::new().weekdays("sat,sun").date("2026-08-17"))
///     .next_business_day()
///     .timezone("Europe/Helsinki")
///     .build()?;
/// let august = Timestamp::from_seconds(1_785_542_400); // 15 August 2026 is a Saturday
/// let fire = trigger.next_fire_time(None, august).unwrap();
/// assert_eq!(fire.to_string(), "2026-08-18T05:00:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
///
/// A search examines at most [`MAX_SEARCH_STEPS`](Self::MAX_SEARCH_STEPS) excluded days and fire times. If the limit is reached,
/// `next_fire_time` returns `None`.
/// If the inner trigger is a `DateTrigger` whose date is in the past, the trigger does not fire.
#[derive(Clone, Debug)]
pub struct ExceptTrigger {
    trigger: Arc<dyn Trigger>,
    days: ExcludedDays,
    /// Triggers whose fire times are excluded instants.
    instant_exclusions: Vec<Arc<dyn Trigger>>,
    next_business_day: bool,
    settings: crate::builder::StoredSettings,
}

impl ExceptTrigger {
    pub(crate) const KIND: &str = "except";

    /// The maximum number of excluded days and fire times that a search examines.
    pub const MAX_SEARCH_STEPS: u32 = 1_000_000;

    /// Returns the first fire time at or after `from`, without regard to excluded instants.
    fn first(&self, from: Timestamp, budget: &SearchBudget) -> Option<Timestamp> {
        if self.next_business_day {
            self.first_with_postponed(from, budget)
        } else {
            self.first_on_included_day(from, budget)
        }
    }

    /// Returns the last fire time from `from` to `until`, without regard to excluded instants.
    fn last(&self, from: Timestamp, until: Timestamp, budget: &SearchBudget) -> Option<Timestamp> {
        if self.next_business_day {
            self.last_with_postponed(until, budget).filter(|&fire| fire >= from)
        } else {
            self.last_on_included_day(from, until, budget)
        }
    }

    fn first_on_included_day(
        &self,
        mut from: Timestamp,
        budget: &SearchBudget,
    ) -> Option<Timestamp> {
        loop {
            let fire = first_fire_at_or_after(&*self.trigger, from)?;
            let day = day_at(&self.days.zone, fire);
            if !self.days.contains(day) {
                return Some(fire);
            }
            let (start, _) = day_bounds(&self.days.zone, self.days.next_included(day, budget)?);
            budget.consume()?;
            // If a backward transition crosses midnight, the next day may have started before this fire time.
            from = start.max(after(fire)?);
        }
    }

    fn last_on_included_day(
        &self,
        from: Timestamp,
        mut until: Timestamp,
        budget: &SearchBudget,
    ) -> Option<Timestamp> {
        loop {
            let fire = self.trigger.latest_fire_time(from, until)?;
            let day = day_at(&self.days.zone, fire);
            if !self.days.contains(day) {
                return Some(fire);
            }
            let (_, end) = day_bounds(&self.days.zone, self.days.previous_included(day, budget)?);
            budget.consume()?;
            until = end.min(before(fire)?);
        }
    }

    fn first_with_postponed(&self, from: Timestamp, budget: &SearchBudget) -> Option<Timestamp> {
        let today = day_at(&self.days.zone, from);
        let target_day = self.days.next_included(today, budget)?;
        let mut from = match target_day == today {
            true => from,
            false => day_bounds(&self.days.zone, target_day).0,
        };
        let mut postponed = self.first_postponed(target_day, from, budget);
        let mut regular = first_fire_at_or_after(&*self.trigger, from);
        // If the next fire time of the inner trigger is on an excluded day, it is postponed to a later target day. The
        // result is then `postponed`, or else the first fire time on that target day.
        let excluded = |fire: &Timestamp| self.days.contains(day_at(&self.days.zone, *fire));
        if let Some(fire) = regular.filter(excluded) {
            regular = None;
            if postponed.is_none() {
                let target_day = self.days.next_included(day_at(&self.days.zone, fire), budget)?;
                from = day_bounds(&self.days.zone, target_day).0;
                postponed = self.first_postponed(target_day, from, budget);
                regular =
                    first_fire_at_or_after(&*self.trigger, from).filter(|fire| !excluded(fire));
            }
        }
        postponed.into_iter().chain(regular).min()
    }

    fn last_with_postponed(
        &self,
        mut until: Timestamp,
        budget: &SearchBudget,
    ) -> Option<Timestamp> {
        loop {
            budget.consume()?;
            let last = self.trigger.latest_fire_time(Timestamp::MIN, until)?;
            let day = self.days.next_included(day_at(&self.days.zone, last), budget)?;
            let (start, end) = day_bounds(&self.days.zone, day);
            let postponed = self.last_postponed(day, until, budget);
            let regular = self.trigger.latest_fire_time(start, end.min(until));
            let found = postponed.into_iter().chain(regular).max();
            if found.is_some() {
                return found;
            }
            // All fire times that are postponed to this day are after `until`. Continue before the block of excluded
            // days.
            let (start, _) =
                day_bounds(&self.days.zone, self.days.excluded_block_start(day, budget));
            until = before(start)?;
        }
    }

    /// Returns the first fire time at or after `from` that is postponed to `target_day`.
    fn first_postponed(
        &self,
        target_day: i32,
        from: Timestamp,
        budget: &SearchBudget,
    ) -> Option<Timestamp> {
        let seconds = -(-from.as_micros()).div_euclid(1_000_000);
        let postponed = self.postponed_to(target_day, budget);
        let fire = self.resolver().at_or_after(&postponed, seconds)?;
        Some(Timestamp::from_seconds(fire))
    }

    /// Returns the last fire time at or before `until` that is postponed to `target_day`.
    fn last_postponed(
        &self,
        target_day: i32,
        until: Timestamp,
        budget: &SearchBudget,
    ) -> Option<Timestamp> {
        let seconds = until.as_micros().div_euclid(1_000_000);
        let postponed = self.postponed_to(target_day, budget);
        let fire = self.resolver().at_or_before(&postponed, seconds)?;
        Some(Timestamp::from_seconds(fire))
    }

    fn postponed_to<'t>(&'t self, target_day: i32, budget: &'t SearchBudget) -> PostponedTimes<'t> {
        PostponedTimes { trigger: &*self.trigger, days: &self.days, target_day, budget }
    }

    /// Returns the resolver for the local times to which fires are postponed.
    fn resolver(&self) -> LocalTimeResolver {
        LocalTimeResolver { zone: self.days.zone.clone(), gap: Gap::Shift, fold: Fold::First }
    }

    /// Returns whether the instant `fire` is excluded.
    fn excludes(&self, fire: Timestamp) -> bool {
        let mut triggers = self.instant_exclusions.iter();
        triggers.any(|trigger| first_fire_at_or_after(&**trigger, fire) == Some(fire))
    }
}

fn after(instant: Timestamp) -> Option<Timestamp> {
    (instant < Timestamp::MAX).then(|| instant.saturating_add_micros(1))
}

fn before(instant: Timestamp) -> Option<Timestamp> {
    (instant > Timestamp::MIN).then(|| instant.saturating_add_micros(-1))
}

impl Trigger for ExceptTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let budget = SearchBudget::new(Self::MAX_SEARCH_STEPS);
        let mut from = self.settings.first_candidate(previous, now)?;
        loop {
            let fire = self.first(from, &budget).filter(|&fire| fire <= self.settings.end())?;
            if !self.excludes(fire) {
                return Some(fire);
            }
            budget.consume()?;
            from = after(fire)?;
        }
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let budget = SearchBudget::new(Self::MAX_SEARCH_STEPS);
        let from = from.max(self.settings.start());
        let mut until = until.min(self.settings.end());
        loop {
            let fire = self.last(from, until, &budget)?;
            if !self.excludes(fire) {
                return Some(fire);
            }
            budget.consume()?;
            until = before(fire)?;
        }
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let ((start, end), inner) = (self.settings.window(), self.trigger.window());
        (start.or(inner.0), end.or(inner.1))
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.days.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.settings.run_settings.jitter.or_else(|| self.trigger.jitter())
    }

    fn max_runs(&self) -> Option<u64> {
        self.settings.run_settings.max_runs.or_else(|| self.trigger.max_runs())
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        self.find_anomalies(from, until)
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        visit(&self.days.zone);
        self.trigger.visit_zones(visit);
        let days = self.days.triggers.iter().map(|(trigger, _)| trigger);
        for trigger in days.chain(&self.instant_exclusions) {
            trigger.visit_zones(visit);
        }
    }

    fn spec(&self) -> TriggerSpec {
        self.to_spec()
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        self.matches(stored)
    }
}

impl fmt::Display for ExceptTrigger {
    /// For example `except[cron[hour='9'], sat,sun, 4 ranges of dates, next business day]`. Up to three ranges are
    /// listed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "except[{}", self.trigger)?;
        if self.days.weekdays != 0 {
            write!(f, ", {}", weekday_names(self.days.weekdays))?;
        }
        match self.days.ranges.as_slice() {
            few @ ([] | [_] | [_, _] | [_, _, _]) => {
                for range in few {
                    write!(f, ", {range}")?;
                }
            }
            many => write!(f, ", {} ranges of dates", many.len())?,
        }
        for (trigger, days) in &self.days.triggers {
            match days {
                1 => write!(f, ", days of {trigger}")?,
                _ => write!(f, ", {days} days from {trigger}")?,
            }
        }
        for trigger in &self.instant_exclusions {
            write!(f, ", fires of {trigger}")?;
        }
        if self.next_business_day {
            f.write_str(", next business day")?;
        }
        f.write_str("]")
    }
}
