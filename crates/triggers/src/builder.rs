//! What the builders have in common.

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Clock, IntoTrigger, Jitter, SystemClock, Timestamp, Trigger, TriggerDefaults, TriggerError,
    TriggerSpec, Zone, ZoneError,
};
use serde::{Deserialize, Serialize};

use crate::input::DateTimeInput;

/// Where a builder looks for what it was not told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Defaults<'d> {
    /// The process: its local zone, or UTC on machines that don't tell theirs, and the system clock.
    Process,
    /// The scheduler that the trigger is added to.
    Scheduler(&'d TriggerDefaults),
}

impl Defaults<'_> {
    pub(crate) fn zone(self) -> Zone {
        match self {
            Self::Process => Zone::local().unwrap_or_else(|_| Zone::utc()),
            Self::Scheduler(defaults) => defaults.zone.clone(),
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        match self {
            Self::Process => SystemClock.now(),
            Self::Scheduler(defaults) => defaults.now,
        }
    }
}

/// The settings that every trigger has, as they were given.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    pub(crate) zone: Option<Result<Zone, ZoneError>>,
    pub(crate) start: Option<DateTimeInput>,
    pub(crate) end: Option<DateTimeInput>,
    pub(crate) jitter: Option<Jitter>,
    pub(crate) max_runs: Option<u64>,
}

impl Settings {
    pub(crate) fn zone(&self, defaults: Defaults<'_>) -> Result<Zone, TriggerError> {
        Ok(self.zone.clone().unwrap_or_else(|| Ok(defaults.zone()))?)
    }

    /// The limits; local times in them are understood in `zone`.
    pub(crate) fn limits(&self, zone: &Zone) -> Result<Limits, TriggerError> {
        let resolve = |field, when: &Option<DateTimeInput>| {
            when.as_ref().map(|when| when.instant(field, zone)).transpose()
        };
        Ok(Limits {
            start_date: resolve("start_date", &self.start)?,
            end_date: resolve("end_date", &self.end)?,
            extras: self.extras()?,
        })
    }

    pub(crate) fn extras(&self) -> Result<Extras, TriggerError> {
        if self.max_runs == Some(0) {
            return Err(TriggerError::invalid_field("max_runs", "0", 1, "it must be at least 1"));
        }
        Ok(Extras { jitter: self.jitter, max_runs: self.max_runs })
    }
}

/// The first and last instants at which a trigger may fire, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end_date: Option<Timestamp>,
    #[serde(flatten)]
    pub(crate) extras: Extras,
}

impl Limits {
    pub(crate) fn first(&self) -> Timestamp {
        self.start_date.unwrap_or(Timestamp::MIN)
    }

    pub(crate) fn last(&self) -> Timestamp {
        self.end_date.unwrap_or(Timestamp::MAX)
    }

    /// The first instant that may be answered to `next_fire_time(previous, now)`, if the limits leave any.
    pub(crate) fn from(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = earliest(previous, now).max(self.first());
        (from <= self.last() && previous != Some(Timestamp::MAX)).then_some(from)
    }
}

/// What a trigger only carries for the scheduler, as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Extras {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<Jitter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_runs: Option<u64>,
}

/// The first instant that may be answered to `next_fire_time(previous, now)`.
pub(crate) fn earliest(previous: Option<Timestamp>, now: Timestamp) -> Timestamp {
    previous.map_or(now, |previous| previous.saturating_add_micros(1))
}

/// The first fire that is not before `from`.
///
/// Asked as "the first after the microsecond before", a date that has passed does not fire.
pub(crate) fn first_from<T: Trigger + ?Sized>(trigger: &T, from: Timestamp) -> Option<Timestamp> {
    if from == Timestamp::MIN {
        return trigger.next_fire_time(None, from);
    }
    trigger.next_fire_time(Some(from.saturating_add_micros(-1)), from)
}

type Make = dyn FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send;

/// A trigger inside another one, to be made with what the other one was told.
pub(crate) struct Candidate(Box<Make>);

impl Candidate {
    pub(crate) fn new(member: impl IntoTrigger + Send + 'static) -> Self {
        Self(Box::new(|defaults| member.into_trigger(defaults)))
    }

    pub(crate) fn make(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        (self.0)(defaults)
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trigger to be made")
    }
}

/// The stored form of one of this crate's triggers.
pub(crate) fn stored<T: Serialize + ?Sized>(kind: &str, version: u32, data: &T) -> TriggerSpec {
    // They are numbers, text and lists and maps of these, which JSON can always tell.
    TriggerSpec::from_json(kind, version, serde_json::to_value(data).unwrap_or_default())
}

/// Whether two stored forms are the same but for a `start` that both have taken from the clock, as their
/// `from_clock` records.
pub(crate) fn same_but_for_clock(own: &TriggerSpec, other: &TriggerSpec, start: &str) -> bool {
    let without_start = |spec: &TriggerSpec| {
        let mut data: serde_json::Map<String, serde_json::Value> =
            spec.decode(spec.version()).ok()?;
        data.remove(start).filter(|_| data.get("from_clock") == Some(&true.into()))?;
        Some(data)
    };
    let same_format = own.kind() == other.kind() && own.version() == other.version();
    let (own_data, other_data) = (without_start(own), without_start(other));
    own == other || (same_format && own_data.is_some() && own_data == other_data)
}

/// Writes the setters of a builder that keeps [`Settings`] in its field `settings`, and the two ways to make
/// the trigger, from its method `finish`.
macro_rules! builder_methods {
    ($trigger:ident: $($setter:ident),*) => {
        $(builder_methods!(@$setter);)*

        /// Checks everything and makes the trigger. What was not told is taken from this process: its
        /// local zone (UTC on machines that don't tell theirs) and its clock.
        ///
        /// # Errors
        ///
        /// The first thing that is wrong, with the field and the value.
        pub fn build(self) -> Result<$trigger, punctual_core::TriggerError> {
            self.finish($crate::builder::Defaults::Process)
        }
    };
    (@timezone) => {
        /// The zone of local times: a name, a [`Zone`](punctual_core::Zone) or a `chrono_tz::Tz`.
        /// Default: the scheduler's.
        pub fn timezone(mut self, zone: impl punctual_core::IntoZone) -> Self {
            self.settings.zone = Some(zone.into_zone());
            self
        }
    };
    (@start_date) => {
        /// The first instant at which it may fire.
        pub fn start_date(mut self, start: impl Into<$crate::DateTimeInput>) -> Self {
            self.settings.start = Some(start.into());
            self
        }
    };
    (@end_date) => {
        /// The last instant at which it may fire.
        pub fn end_date(mut self, end: impl Into<$crate::DateTimeInput>) -> Self {
            self.settings.end = Some(end.into());
            self
        }
    };
    (@jitter) => {
        /// Lets the scheduler move every run at random; a plain `Duration` means later, never earlier.
        pub fn jitter(mut self, jitter: impl Into<punctual_core::Jitter>) -> Self {
            self.settings.jitter = Some(jitter.into());
            self
        }
    };
    (@max_runs) => {
        /// Finishes the job after so many runs, at least 1. Replacing or rescheduling the job counts anew.
        pub fn max_runs(mut self, runs: u64) -> Self {
            self.settings.max_runs = Some(runs);
            self
        }
    };
}
pub(crate) use builder_methods;

/// Lets a builder stand wherever a trigger is wanted.
macro_rules! builder_is_into_trigger {
    ($builder:ident) => {
        impl punctual_core::IntoTrigger for $builder {
            fn into_trigger(
                self,
                defaults: &punctual_core::TriggerDefaults,
            ) -> Result<std::sync::Arc<dyn punctual_core::Trigger>, punctual_core::TriggerError>
            {
                let defaults = $crate::builder::Defaults::Scheduler(defaults);
                Ok(std::sync::Arc::new(self.finish(defaults)?))
            }
        }
    };
}
pub(crate) use builder_is_into_trigger;
