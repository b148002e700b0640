//! The And trigger: fires when all of its members fire.

use std::fmt;

use punctual_core::{
    FireTimeAnomaly, IntoTrigger, Jitter, Timestamp, Trigger, TriggerError, TriggerRegistry,
    TriggerSpec, Zone,
};

use super::interval_intersection::IntervalIntersection;
use super::members::{DeferredTriggers, Members};
use crate::builder::{
    CommonSettings, DefaultsSource, builder_is_into_trigger, builder_methods,
    first_fire_at_or_after,
};
use crate::search_budget::SearchBudget;

/// Fires at the instants at which all of its members fire, compared to the microsecond.
///
/// ```
/// use punctual_core::{Timestamp, Trigger};
/// use punctual_triggers::{AndTrigger, CalendarIntervalTrigger, CronTrigger};
///
/// // Every third day, but only on weekends.
/// let trigger = AndTrigger::of(CalendarIntervalTrigger::days(3).start_date("2026-01-01"))
///     .and(CronTrigger::builder().day_of_week("sat,sun"))
///     .timezone("UTC")
///     .build()?;
/// let fire = trigger.next_fire_time(None, Timestamp::from_seconds(1_767_225_600)).unwrap();
/// assert_eq!(fire.to_string(), "2026-01-04T00:00:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
///
/// The search for a common instant is limited to [`MAX_SEARCH_STEPS`](Self::MAX_SEARCH_STEPS) candidates, including the search steps of
/// nested And and Except triggers. If the limit is reached, `next_fire_time` returns `None`. The common instants of
/// interval members are computed without a search.
#[derive(Clone, Debug)]
pub struct AndTrigger {
    members: Members,
    common: IntervalIntersection,
}

impl AndTrigger {
    pub(crate) const KIND: &str = "and";

    /// The maximum number of candidate instants that a search examines.
    pub const MAX_SEARCH_STEPS: u32 = 1_000_000;

    /// Returns a builder with a first member, which is a trigger or a builder.
    pub fn of(member: impl IntoTrigger + Send + 'static) -> AndTriggerBuilder {
        AndTriggerBuilder::default().and(member)
    }

    pub(crate) fn restore(
        spec: &TriggerSpec,
        registry: &TriggerRegistry,
    ) -> Result<Self, TriggerError> {
        Members::restore(spec, registry).map(Self::new)
    }

    fn new(members: Members) -> Self {
        Self { common: IntervalIntersection::of(&members.triggers), members }
    }

    /// Searches from `candidate` for an instant at which all members fire. `common` returns the next element of the
    /// interval intersection, and `next` the next fire time of a member, each in the direction of the search.
    fn find_common_fire(
        &self,
        mut candidate: Timestamp,
        common: impl Fn(Timestamp) -> Option<Timestamp>,
        next: impl Fn(&dyn Trigger, Timestamp) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let budget = SearchBudget::new(Self::MAX_SEARCH_STEPS);
        loop {
            budget.consume()?;
            candidate = common(candidate)?;
            let before = candidate;
            for member in &self.members.triggers {
                candidate = next(member, candidate)?;
            }
            if candidate == before {
                return Some(candidate);
            }
        }
    }
}

impl Trigger for AndTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let last = self.members.settings.end();
        let from = self.members.settings.first_candidate(previous, now)?;
        let common = |from| self.common.at_or_after(from);
        self.find_common_fire(from, common, |member, from| {
            first_fire_at_or_after(member, from).filter(|&fire| fire <= last)
        })
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let from = from.max(self.members.settings.start());
        let until = until.min(self.members.settings.end());
        let common = |until| self.common.at_or_before(until);
        self.find_common_fire(until, common, |member, until| member.latest_fire_time(from, until))
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.members.settings.window()
    }

    fn zone(&self) -> Option<&Zone> {
        self.members.triggers.iter().find_map(|member| member.zone())
    }

    fn jitter(&self) -> Option<Jitter> {
        self.members.settings.run_settings.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.members.settings.run_settings.max_runs
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        let anomalies = self.members.anomalies(from, until);
        // Times that a member suppresses are usually not fire times of the other members, so only anomalies at fire
        // times of the And trigger are kept.
        let kept = anomalies.into_iter().filter(|anomaly| match anomaly {
            FireTimeAnomaly::Shifted { fire, .. } | FireTimeAnomaly::Moved { fire, .. } => {
                first_fire_at_or_after(self, *fire) == Some(*fire)
            }
            FireTimeAnomaly::WallTimeMoves { .. } => true,
            _ => false,
        });
        kept.collect()
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        self.members.visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        self.members.spec(Self::KIND)
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        self.members.are_same_as(Self::KIND, stored)
    }
}

impl fmt::Display for AndTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.fmt("and", f)
    }
}

/// Builder for [`AndTrigger`]; see [`AndTrigger::of`].
///
/// The zone and the current time of this builder are the defaults for members that do not set their own.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct AndTriggerBuilder {
    members: DeferredTriggers,
    settings: CommonSettings,
}

impl AndTriggerBuilder {
    /// Adds a member, which is a trigger or a builder.
    pub fn and(mut self, member: impl IntoTrigger + Send + 'static) -> Self {
        self.members.push(member);
        self
    }

    builder_methods!(AndTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<AndTrigger, TriggerError> {
        self.members.build_with(&self.settings, defaults).map(AndTrigger::new)
    }
}

builder_is_into_trigger!(AndTriggerBuilder);
