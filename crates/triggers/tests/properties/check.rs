//! The properties that every trigger must have.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use punctual_core::{Timestamp, Trigger, TriggerRegistry};
use punctual_triggers::register_builtin_triggers;

use super::schedule::Schedule;
use super::units::{DAY, SECOND};
use super::zones::Transition;

/// A trigger and the instants at which it is queried.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    schedule: Schedule,
    /// The positions in the window, as fractions of its length.
    probes: Vec<(f64, f64)>,
}

impl Case {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let probes = prop::collection::vec((0.0..1.0, 0.0..1.0), 6);
        (super::schedule::any(), probes).prop_map(|(schedule, probes)| Self { schedule, probes })
    }

    /// Compares the trigger with brute force around `transition`. The window is shorter if there are more fire times
    /// per day.
    pub(crate) fn check(&self, transition: &Transition) -> TestCaseResult {
        let half = match self.schedule.per_day() {
            0..=4 => 400 * DAY,
            5..=200 => 5 * DAY,
            201..=3000 => 30 * 3600,
            _ => 2 * 3600,
        };
        let (from, until) = ((transition.at - half) * SECOND, (transition.at + half) * SECOND);
        let window = Window {
            trigger: self.schedule.trigger(transition),
            fires: self.schedule.fires(transition, from, until),
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
        };
        // A `DateTrigger` also returns a date in the past, so these checks do not apply to it.
        if !matches!(self.schedule, Schedule::Date(_)) {
            window.first_fires(&self.probes)?;
            window.forward()?;
        }
        window.backward()?;
        window.latest_fires(&self.probes)?;
        window.is_restored()
    }
}

/// A time range in which all fire times are known.
struct Window {
    trigger: Arc<dyn Trigger>,
    fires: BTreeSet<i64>,
    from: Timestamp,
    until: Timestamp,
}

impl Window {
    fn expected(&self) -> Vec<Timestamp> {
        self.fires.iter().copied().map(Timestamp::from_micros).collect()
    }

    /// Iterates over the fire times, independently of the current time. After the window, fire times must increase
    /// strictly.
    fn forward(&self) -> TestCaseResult {
        let trigger = &self.trigger;
        let first = trigger.next_fire_time(None, self.from);
        let next = |fire: &Timestamp| trigger.next_fire_time(Some(*fire), self.until);
        let forward: Vec<_> =
            std::iter::successors(first, next).take_while(|&fire| fire <= self.until).collect();
        prop_assert_eq!(&forward, &self.expected(), "{} forward", trigger);
        let beyond =
            std::iter::successors(trigger.next_fire_time(Some(self.until), self.from), next);
        let beyond: Vec<_> = beyond.take(3).collect();
        prop_assert!(beyond.iter().all(|&fire| fire > self.until), "{} {:?}", trigger, beyond);
        prop_assert!(beyond.is_sorted_by(|a, b| a < b), "{} {:?}", trigger, beyond);
        Ok(())
    }

    /// Iterates backwards over the fire times with `latest_fire_time`.
    fn backward(&self) -> TestCaseResult {
        let latest = |until: Timestamp| self.trigger.latest_fire_time(self.from, until);
        let before = |fire: &Timestamp| latest(fire.saturating_add_micros(-1));
        let mut backward: Vec<_> = std::iter::successors(latest(self.until), before).collect();
        backward.reverse();
        prop_assert_eq!(backward, self.expected(), "{} backward", &self.trigger);
        Ok(())
    }

    fn probe(&self, fraction: f64) -> Timestamp {
        let length = (self.until.as_micros() - self.from.as_micros()) as f64;
        self.from.saturating_add_micros((length * fraction) as i64)
    }

    /// Checks the first fire time at or after an instant, for fire times and other instants.
    fn first_fires(&self, probes: &[(f64, f64)]) -> TestCaseResult {
        let on_fires = self.fires.iter().take(3).map(|&fire| Timestamp::from_micros(fire));
        for now in probes.iter().map(|&(a, _)| self.probe(a)).chain(on_fires) {
            let expected = self.fires.range(now.as_micros()..).next();
            let found = self.trigger.next_fire_time(None, now);
            let found = found.filter(|&fire| fire <= self.until);
            let expected = expected.map(|&fire| Timestamp::from_micros(fire));
            prop_assert_eq!(found, expected, "{} from {}", &self.trigger, now);
        }
        Ok(())
    }

    /// Checks the latest fire time between two instants.
    fn latest_fires(&self, probes: &[(f64, f64)]) -> TestCaseResult {
        for &(a, b) in probes {
            let (from, until) = (self.probe(a.min(b)), self.probe(a.max(b)));
            let expected = self.fires.range(from.as_micros()..=until.as_micros()).next_back();
            let expected = expected.map(|&fire| Timestamp::from_micros(fire));
            let found = self.trigger.latest_fire_time(from, until);
            prop_assert_eq!(found, expected, "{} in {} to {}", &self.trigger, from, until);
        }
        Ok(())
    }

    /// Checks that the trigger restored from the stored form has the same stored form and fire times.
    fn is_restored(&self) -> TestCaseResult {
        let mut registry = TriggerRegistry::new();
        register_builtin_triggers(&mut registry);
        let trigger = &self.trigger;
        let spec = trigger.spec();
        let text = serde_json::to_string(&spec).unwrap();
        let restored = registry.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        prop_assert_eq!(serde_json::to_string(&restored.spec()).unwrap(), text);
        prop_assert!(restored.matches_spec(&spec));
        prop_assert_eq!(restored.to_string(), trigger.to_string());
        let middle = self.probe(0.5);
        prop_assert_eq!(
            restored.next_fire_time(Some(middle), middle),
            trigger.next_fire_time(Some(middle), middle)
        );
        Ok(())
    }
}
