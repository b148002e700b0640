//! The Or trigger: fires when at least one of its members fires.

use std::fmt;

use punctual_core::{
    FireTimeAnomaly, IntoTrigger, Jitter, Timestamp, Trigger, TriggerError, TriggerRegistry,
    TriggerSpec, Zone,
};

use super::members::{DeferredTriggers, Members};
use crate::builder::{
    CommonSettings, DefaultsSource, builder_is_into_trigger, builder_methods,
    first_fire_at_or_after,
};

/// Fires when at least one of its members fires. If several members fire at the same instant, the trigger fires once. A
/// `DateTrigger` member whose date is in the past does not fire.
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

    /// Returns a builder with a first member, which is a trigger or a builder.
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
        let from = self.0.settings.first_candidate(previous, now)?;
        let fires =
            self.0.triggers.iter().filter_map(|member| first_fire_at_or_after(member, from));
        fires.min().filter(|&fire| fire <= self.0.settings.end())
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let from = from.max(self.0.settings.start());
        let until = until.min(self.0.settings.end());
        self.0.triggers.iter().filter_map(|member| member.latest_fire_time(from, until)).max()
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.0.settings.window()
    }

    fn zone(&self) -> Option<&Zone> {
        self.0.triggers.iter().find_map(|member| member.zone())
    }

    fn jitter(&self) -> Option<Jitter> {
        self.0.settings.run_settings.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.0.settings.run_settings.max_runs
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        self.0.anomalies(from, until)
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        self.0.visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        self.0.spec(Self::KIND)
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        self.0.are_same_as(Self::KIND, stored)
    }
}

impl fmt::Display for OrTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt("or", f)
    }
}

/// Builder for [`OrTrigger`]; see [`OrTrigger::of`].
///
/// The zone and the current time of this builder are the defaults for members that do not set their own.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it is built or added"]
pub struct OrTriggerBuilder {
    members: DeferredTriggers,
    settings: CommonSettings,
}

impl OrTriggerBuilder {
    /// Adds a member, which is a trigger or a builder.
    pub fn or(mut self, member: impl IntoTrigger + Send + 'static) -> Self {
        self.members.push(member);
        self
    }

    builder_methods!(OrTrigger: timezone, start_date, end_date, jitter, max_runs);

    fn build_with(self, defaults: DefaultsSource<'_>) -> Result<OrTrigger, TriggerError> {
        self.members.build_with(&self.settings, defaults).map(OrTrigger)
    }
}

builder_is_into_trigger!(OrTriggerBuilder);
