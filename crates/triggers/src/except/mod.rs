//! Triggers without their fires on excluded days.

mod builder;
mod calendar;
mod days;
#[cfg(feature = "ical")]
mod ical;
mod moved;
mod oddities;
mod range;
mod stored;

use std::fmt;
use std::sync::Arc;

use punctual_core::{Jitter, Oddity, Timestamp, Trigger, TriggerSpec, Zone};

use crate::builder::first_from;
use crate::civil::{Fold, Gap, Timeline, bounds, day_at};
use crate::cron::weekday_names;
use crate::steps::Steps;
pub use builder::{Except, ExceptTriggerBuilder};
pub use calendar::Calendar;
use days::ExcludedDays;
use moved::Moved;

/// Fires when another trigger does, but not on excluded days; or, instead of on an excluded day, on the next
/// that is not. It is made by [`Except::except`].
///
/// ```
/// use punctual_core::{Timestamp, Trigger};
/// use punctual_triggers::{Calendar, CronTrigger, Except};
///
/// // Salaries on the 15th, or on the next working day.
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
/// The search is bounded: a trigger that would have to leave more than [`STEPS`](Self::STEPS) days and fires
/// behind for one that is not excluded is finished. A date that has passed does not fire.
#[derive(Clone, Debug)]
pub struct ExceptTrigger {
    trigger: Arc<dyn Trigger>,
    days: ExcludedDays,
    /// Triggers whose very instants are excluded.
    fires: Vec<Arc<dyn Trigger>>,
    next_business_day: bool,
    limits: crate::builder::Limits,
}

impl ExceptTrigger {
    pub(crate) const KIND: &str = "except";

    /// How many excluded days and fires a search leaves behind before it gives up.
    pub const STEPS: u32 = 1_000_000;

    /// The first fire from `from` on, if no instants were excluded.
    fn first(&self, from: Timestamp, steps: &Steps) -> Option<Timestamp> {
        if self.next_business_day {
            self.first_with_moved(from, steps)
        } else {
            self.first_on_free_day(from, steps)
        }
    }

    /// The last fire from `from` to `until`, if no instants were excluded.
    fn last(&self, from: Timestamp, until: Timestamp, steps: &Steps) -> Option<Timestamp> {
        if self.next_business_day {
            self.last_with_moved(until, steps).filter(|&fire| fire >= from)
        } else {
            self.last_on_free_day(from, until, steps)
        }
    }

    fn first_on_free_day(&self, mut from: Timestamp, steps: &Steps) -> Option<Timestamp> {
        loop {
            let fire = first_from(&*self.trigger, from)?;
            let day = day_at(&self.days.zone, fire);
            if !self.days.contains(day) {
                return Some(fire);
            }
            let (start, _) = bounds(&self.days.zone, self.days.next_free(day, steps)?);
            steps.take()?;
            // Where the clock goes back over midnight, the next day has begun before.
            from = start.max(after(fire)?);
        }
    }

    fn last_on_free_day(
        &self,
        from: Timestamp,
        mut until: Timestamp,
        steps: &Steps,
    ) -> Option<Timestamp> {
        loop {
            let fire = self.trigger.latest_fire_time(from, until)?;
            let day = day_at(&self.days.zone, fire);
            if !self.days.contains(day) {
                return Some(fire);
            }
            let (_, end) = bounds(&self.days.zone, self.days.previous_free(day, steps)?);
            steps.take()?;
            until = end.min(before(fire)?);
        }
    }

    fn first_with_moved(&self, from: Timestamp, steps: &Steps) -> Option<Timestamp> {
        let today = day_at(&self.days.zone, from);
        let landing = self.days.next_free(today, steps)?;
        let mut from = match landing == today {
            true => from,
            false => bounds(&self.days.zone, landing).0,
        };
        let mut moved = self.first_moved(landing, from, steps);
        let mut regular = first_from(&*self.trigger, from);
        // Before the next regular fire, no other moves; if it is one that moves itself, it and the others that land
        // with it come next.
        let excluded = |fire: &Timestamp| self.days.contains(day_at(&self.days.zone, *fire));
        if let Some(fire) = regular.filter(excluded) {
            regular = None;
            if moved.is_none() {
                let landing = self.days.next_free(day_at(&self.days.zone, fire), steps)?;
                from = bounds(&self.days.zone, landing).0;
                moved = self.first_moved(landing, from, steps);
                regular = first_from(&*self.trigger, from).filter(|fire| !excluded(fire));
            }
        }
        moved.into_iter().chain(regular).min()
    }

    fn last_with_moved(&self, mut until: Timestamp, steps: &Steps) -> Option<Timestamp> {
        loop {
            steps.take()?;
            let last = self.trigger.latest_fire_time(Timestamp::MIN, until)?;
            let day = self.days.next_free(day_at(&self.days.zone, last), steps)?;
            let (start, end) = bounds(&self.days.zone, day);
            let moved = self.last_moved(day, until, steps);
            let regular = self.trigger.latest_fire_time(start, end.min(until));
            let found = moved.into_iter().chain(regular).max();
            if found.is_some() {
                return found;
            }
            // What moves to that day comes after `until`: the last fire is one before all of these.
            let (start, _) = bounds(&self.days.zone, self.days.run_before(day, steps));
            until = before(start)?;
        }
    }

    /// The first fire from `from` on that moves to the day `landing`.
    fn first_moved(&self, landing: i32, from: Timestamp, steps: &Steps) -> Option<Timestamp> {
        let seconds = -(-from.as_micros()).div_euclid(1_000_000);
        let moved = self.moved_to(landing, steps);
        let fire = self.timeline().at_or_after(&moved, seconds)?;
        Some(Timestamp::from_seconds(fire))
    }

    /// The last fire up to `until` that moves to the day `landing`.
    fn last_moved(&self, landing: i32, until: Timestamp, steps: &Steps) -> Option<Timestamp> {
        let seconds = until.as_micros().div_euclid(1_000_000);
        let moved = self.moved_to(landing, steps);
        let fire = self.timeline().at_or_before(&moved, seconds)?;
        Some(Timestamp::from_seconds(fire))
    }

    fn moved_to<'t>(&'t self, landing: i32, steps: &'t Steps) -> Moved<'t> {
        Moved { trigger: &*self.trigger, days: &self.days, landing, steps }
    }

    /// How the wall times to which fires move become instants.
    fn timeline(&self) -> Timeline {
        Timeline { zone: self.days.zone.clone(), gap: Gap::Shift, fold: Fold::First }
    }

    /// Whether that very instant is excluded.
    fn excludes(&self, fire: Timestamp) -> bool {
        let mut triggers = self.fires.iter();
        triggers.any(|trigger| first_from(&**trigger, fire) == Some(fire))
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
        let steps = Steps::new(Self::STEPS);
        let mut from = self.limits.from(previous, now)?;
        loop {
            let fire = self.first(from, &steps).filter(|&fire| fire <= self.limits.last())?;
            if !self.excludes(fire) {
                return Some(fire);
            }
            steps.take()?;
            from = after(fire)?;
        }
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let steps = Steps::new(Self::STEPS);
        let from = from.max(self.limits.first());
        let mut until = until.min(self.limits.last());
        loop {
            let fire = self.last(from, until, &steps)?;
            if !self.excludes(fire) {
                return Some(fire);
            }
            steps.take()?;
            until = before(fire)?;
        }
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.days.zone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.limits.extras.jitter.or_else(|| self.trigger.jitter())
    }

    fn max_runs(&self) -> Option<u64> {
        self.limits.extras.max_runs.or_else(|| self.trigger.max_runs())
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        self.find_oddities(from, until)
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        visit(&self.days.zone);
        self.trigger.visit_zones(visit);
        let days = self.days.triggers.iter().map(|(trigger, _)| trigger);
        for trigger in days.chain(&self.fires) {
            trigger.visit_zones(visit);
        }
    }

    fn spec(&self) -> TriggerSpec {
        self.to_spec()
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        self.matches(stored)
    }
}

impl fmt::Display for ExceptTrigger {
    /// Such as `except[cron[hour='9'], sat,sun, 2026-12-24, 3 ranges of dates, next business day]`.
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
        for trigger in &self.fires {
            write!(f, ", fires of {trigger}")?;
        }
        if self.next_business_day {
            f.write_str(", next business day")?;
        }
        f.write_str("]")
    }
}
