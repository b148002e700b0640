//! What And and Or have in common: their members and how they are kept.

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    IntoTrigger, Oddity, Timestamp, Trigger, TriggerDefaults, TriggerError, TriggerRegistry,
    TriggerSpec, Zone,
};
use serde::{Deserialize, Serialize};

use crate::builder::{Candidate, Defaults, Limits, Settings, stored};

/// The triggers inside, and the limits of the whole.
#[derive(Clone, Debug)]
pub(super) struct Members {
    pub(super) triggers: Vec<Arc<dyn Trigger>>,
    pub(super) limits: Limits,
}

/// The stored form.
#[derive(Serialize, Deserialize)]
struct Stored {
    triggers: Vec<TriggerSpec>,
    #[serde(flatten)]
    limits: Limits,
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
        Ok(Self { triggers: triggers.collect::<Result<_, _>>()?, limits: stored.limits })
    }

    pub(super) fn spec(&self, kind: &str) -> TriggerSpec {
        let triggers = self.triggers.iter().map(|trigger| trigger.spec()).collect();
        stored(kind, VERSION, &Stored { triggers, limits: self.limits.clone() })
    }

    /// Whether `stored` has the same limits, and the same members in the same order.
    pub(super) fn are_same_as(&self, kind: &str, stored: &TriggerSpec) -> bool {
        let Ok(stored_data) = stored.decode::<Stored>(VERSION) else {
            return false;
        };
        let mut members = self.triggers.iter().zip(&stored_data.triggers);
        kind == stored.kind()
            && self.limits == stored_data.limits
            && self.triggers.len() == stored_data.triggers.len()
            && members.all(|(own, stored)| own.is_same_as(stored))
    }

    /// What is odd about any of them, in order.
    pub(super) fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        let (from, until) = (from.max(self.limits.first()), until.min(self.limits.last()));
        let members = self.triggers.iter();
        let mut all: Vec<_> = members.flat_map(|member| member.oddities(from, until)).collect();
        all.sort_by_key(Oddity::instant);
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

/// Of no triggers at all there is nothing to say, neither that one fires nor that all do.
fn check_count(count: usize) -> Result<(), TriggerError> {
    if count > 0 {
        return Ok(());
    }
    Err(TriggerError::invalid_field("triggers", "", 1, "at least one trigger is needed"))
}

/// Members that are still to be made, with the defaults of the whole.
#[derive(Debug, Default)]
pub(super) struct Candidates(Vec<Candidate>);

impl Candidates {
    pub(super) fn push(&mut self, member: impl IntoTrigger + Send + 'static) {
        self.0.push(Candidate::new(member));
    }

    pub(super) fn finish(
        self,
        settings: &Settings,
        defaults: Defaults<'_>,
    ) -> Result<Members, TriggerError> {
        check_count(self.0.len())?;
        let zone = settings.zone(defaults)?;
        let limits = settings.limits(&zone)?;
        let defaults = TriggerDefaults { zone, now: defaults.now() };
        let triggers = self.0.into_iter().map(|candidate| candidate.make(&defaults));
        Ok(Members { triggers: triggers.collect::<Result<_, _>>()?, limits })
    }
}
