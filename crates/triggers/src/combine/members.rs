//! The members and the stored form that And and Or triggers have in common.

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    FireTimeAnomaly, IntoTrigger, Timestamp, Trigger, TriggerError, TriggerRegistry, TriggerSpec,
    Zone,
};
use serde::{Deserialize, Serialize};

use crate::builder::{
    CommonSettings, DefaultsSource, DeferredTrigger, StoredSettings, encode_spec,
};
use crate::trigger_defaults;

/// The members and the settings of an And or Or trigger.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) triggers: Vec<Arc<dyn Trigger>>,
    pub(super) settings: StoredSettings,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    triggers: Vec<TriggerSpec>,
    #[serde(flatten)]
    settings: StoredSettings,
}

const VERSION: u32 = 1;

impl Members {
    pub(super) fn restore(
        spec: &TriggerSpec,
        registry: &TriggerRegistry,
    ) -> Result<Self, TriggerError> {
        let stored: Stored = spec.decode(VERSION)?;
        check_count(stored.triggers.len())?;
        let triggers = stored.triggers.iter().map(|spec| registry.restore(spec));
        Ok(Self { triggers: triggers.collect::<Result<_, _>>()?, settings: stored.settings })
    }

    pub(super) fn spec(&self, kind: &str) -> TriggerSpec {
        let triggers = self.triggers.iter().map(|trigger| trigger.spec()).collect();
        encode_spec(kind, VERSION, &Stored { triggers, settings: self.settings.clone() })
    }

    /// Returns whether `stored` has the same settings and the same members in the same order.
    pub(super) fn are_same_as(&self, kind: &str, stored: &TriggerSpec) -> bool {
        let Ok(stored_data) = stored.decode::<Stored>(VERSION) else {
            return false;
        };
        let mut members = self.triggers.iter().zip(&stored_data.triggers);
        kind == stored.kind()
            && self.settings == stored_data.settings
            && self.triggers.len() == stored_data.triggers.len()
            && members.all(|(own, stored)| own.matches_spec(stored))
    }

    /// Returns the anomalies of all members, in order of time.
    pub(super) fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        let (from, until) = (from.max(self.settings.start()), until.min(self.settings.end()));
        let members = self.triggers.iter();
        let mut all: Vec<_> = members.flat_map(|member| member.anomalies(from, until)).collect();
        all.sort_by_key(FireTimeAnomaly::instant);
        all.dedup();
        all
    }

    pub(super) fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        for member in &self.triggers {
            member.visit_zones(visit);
        }
    }

    pub(super) fn fmt(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{name}[")?;
        for (index, trigger) in self.triggers.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{trigger}")?;
        }
        f.write_str("]")
    }
}

/// Returns an error if there are no members, because the fire times of the trigger would be undefined.
fn check_count(count: usize) -> Result<(), TriggerError> {
    if count > 0 {
        return Ok(());
    }
    Err(TriggerError::invalid_field("triggers", "", 1, "at least one trigger is required"))
}

/// Members that are not built yet. They are built with the zone and the current time of the And or Or trigger as
/// defaults.
#[derive(Debug, Default)]
pub(super) struct DeferredTriggers(Vec<DeferredTrigger>);

impl DeferredTriggers {
    pub(super) fn push(&mut self, member: impl IntoTrigger + Send + 'static) {
        self.0.push(DeferredTrigger::new(member));
    }

    pub(super) fn build_with(
        self,
        settings: &CommonSettings,
        defaults: DefaultsSource<'_>,
    ) -> Result<Members, TriggerError> {
        check_count(self.0.len())?;
        let zone = settings.zone(defaults)?;
        let settings = settings.resolve(&zone)?;
        let defaults = trigger_defaults(zone, defaults.now());
        let triggers = self.0.into_iter().map(|member| member.build(&defaults));
        Ok(Members { triggers: triggers.collect::<Result<_, _>>()?, settings })
    }
}
