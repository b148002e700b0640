//! Whenever one of several triggers fires.

use std::fmt;

use punctual_core::{
    IntoTrigger, Jitter, Oddity, Timestamp, Trigger, TriggerError, TriggerRegistry, TriggerSpec,
    Zone,
};

use super::members::{Candidates, Members};
use crate::builder::{Defaults, Settings, builder_is_into_trigger, builder_methods, first_from};

/// Fires whenever one of its members does; every member keeps to its own grid, and instants that several share
/// come once. A date among them that has passed does not fire.
///
/// ```
/// use punctual_triggers::{CronTrigger, OrTrigger};
///
/// let trigger = OrTrigger::of(CronTrigger::builder().day_of_week("mon-fri").hour(6))
///     .or(CronTrigger::builder().day_of_week("sat,sun").hour(9))
///     .timezone("Europe/Helsinki")
///     .build()?;
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OrTrigger(Members);

impl OrTrigger {
    pub(crate) const KIND: &str = "or";

    /// Begins with one trigger or builder.
    pub fn of(member: impl IntoTrigger + Send + 'static) -> OrTriggerBuilder {
        OrTriggerBuilder::default().or(member)
    }

    pub(crate) fn restore(
        spec: &TriggerSpec,
        registry: &TriggerRegistry,
    ) -> Result<Self, TriggerError> {
        Members::restore(spec, registry).map(Self)
    }
}

impl Trigger for OrTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = self.0.limits.from(previous, now)?;
        let fires = self.0.triggers.iter().filter_map(|member| first_from(member, from));
        fires.min().filter(|&fire| fire <= self.0.limits.last())
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let from = from.max(self.0.limits.first());
        let until = until.min(self.0.limits.last());
        self.0.triggers.iter().filter_map(|member| member.latest_fire_time(from, until)).max()
    }

    fn zone(&self) -> Option<&Zone> {
        self.0.triggers.iter().find_map(|member| member.zone())
    }

    fn jitter(&self) -> Option<Jitter> {
        self.0.limits.extras.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.0.limits.extras.max_runs
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        self.0.oddities(from, until)
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        self.0.visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        self.0.spec(Self::KIND)
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        self.0.are_same_as(Self::KIND, stored)
    }
}

impl fmt::Display for OrTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("or", f)
    }
}

/// Makes an [`OrTrigger`]; see [`OrTrigger::of`].
///
/// Its zone and the current time are the defaults of members that have none of their own.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct OrTriggerBuilder {
    members: Candidates,
    settings: Settings,
}

impl OrTriggerBuilder {
    /// Adds a trigger or builder.
    pub fn or(mut self, member: impl IntoTrigger + Send + 'static) -> Self {
        self.members.push(member);
        self
    }

    builder_methods!(OrTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn finish(self, defaults: Defaults<'_>) -> Result<OrTrigger, TriggerError> {
        self.members.finish(&self.settings, defaults).map(OrTrigger)
    }
}

builder_is_into_trigger!(OrTriggerBuilder);
