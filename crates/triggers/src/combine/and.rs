//! When several triggers all fire.

use std::fmt;

use punctual_core::{
    IntoTrigger, Jitter, Oddity, Timestamp, Trigger, TriggerError, TriggerRegistry, TriggerSpec,
    Zone,
};

use super::common::Common;
use super::members::{Candidates, Members};
use crate::builder::{Defaults, Settings, builder_is_into_trigger, builder_methods, first_from};
use crate::steps::Steps;

/// Fires at the instants at which all of its members do, to the microsecond.
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
/// The search for a common instant is bounded: after [`ROUNDS`](Self::ROUNDS) instants at which some member
/// fires and another does not, counted together with those of And triggers among the members, the trigger is
/// finished. Where intervals meet is computed, not searched for.
#[derive(Clone, Debug)]
pub struct AndTrigger {
    members: Members,
    common: Common,
}

impl AndTrigger {
    pub(crate) const KIND: &str = "and";

    /// How many times in a row the members may disagree.
    pub const ROUNDS: u32 = 1_000_000;

    /// Begins with one trigger or builder.
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
        Self { common: Common::of(&members.triggers), members }
    }

    /// Goes from `candidate` to an instant that no member moves on from.
    fn agree(
        &self,
        mut candidate: Timestamp,
        common: impl Fn(Timestamp) -> Option<Timestamp>,
        next: impl Fn(&dyn Trigger, Timestamp) -> Option<Timestamp>,
    ) -> Option<Timestamp> {
        let rounds = Steps::new(Self::ROUNDS);
        loop {
            rounds.take()?;
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
        let last = self.members.limits.last();
        let from = self.members.limits.from(previous, now)?;
        let common = |from| self.common.at_or_after(from);
        self.agree(from, common, |member, from| {
            first_from(member, from).filter(|&fire| fire <= last)
        })
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let from = from.max(self.members.limits.first());
        let until = until.min(self.members.limits.last());
        let common = |until| self.common.at_or_before(until);
        self.agree(until, common, |member, until| member.latest_fire_time(from, until))
    }

    fn zone(&self) -> Option<&Zone> {
        self.members.triggers.iter().find_map(|member| member.zone())
    }

    fn jitter(&self) -> Option<Jitter> {
        self.members.limits.extras.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.members.limits.extras.max_runs
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        let oddities = self.members.oddities(from, until);
        // What is left out by one of them may not be left out by all; what comes, comes from all.
        let all = oddities.into_iter().filter(|oddity| match oddity {
            Oddity::Shifted { fire, .. } | Oddity::Moved { fire, .. } => {
                first_from(self, *fire) == Some(*fire)
            }
            Oddity::WallTimeMoves { .. } => true,
            _ => false,
        });
        all.collect()
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        self.members.visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        self.members.spec(Self::KIND)
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        self.members.are_same_as(Self::KIND, stored)
    }
}

impl fmt::Display for AndTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.members.fmt("and", f)
    }
}

/// Makes an [`AndTrigger`]; see [`AndTrigger::of`].
///
/// Its zone and the current time are the defaults of members that have none of their own.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct AndTriggerBuilder {
    members: Candidates,
    settings: Settings,
}

impl AndTriggerBuilder {
    /// Adds a trigger or builder.
    pub fn and(mut self, member: impl IntoTrigger + Send + 'static) -> Self {
        self.members.push(member);
        self
    }

    builder_methods!(AndTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn finish(self, defaults: Defaults<'_>) -> Result<AndTrigger, TriggerError> {
        self.members.finish(&self.settings, defaults).map(AndTrigger::new)
    }
}

builder_is_into_trigger!(AndTriggerBuilder);
