//! Settings and methods that all builders have in common.

use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Clock, IntoTrigger, Jitter, SystemClock, Timestamp, Trigger, TriggerDefaults, TriggerError,
    TriggerSpec, Zone, ZoneError,
};
use serde::{Deserialize, Serialize};

use crate::input::DateTimeInput;

/// The source of defaults for settings that were not given to a builder.
#[derive(Clone, Copy, Debug)]
pub(crate) enum DefaultsSource<'d> {
    /// The local time zone of the process (UTC if it cannot be determined) and the system clock.
    Process,
    /// The zone and the current time of the scheduler to which the trigger is added.
    Scheduler(&'d TriggerDefaults),
}

impl DefaultsSource<'_> {
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

/// The settings that all builders have in common, before defaults are applied.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommonSettings {
    pub(crate) zone: Option<Result<Zone, ZoneError>>,
    pub(crate) start: Option<DateTimeInput>,
    pub(crate) end: Option<DateTimeInput>,
    pub(crate) jitter: Option<Jitter>,
    pub(crate) max_runs: Option<u64>,
}

impl CommonSettings {
    pub(crate) fn zone(&self, defaults: DefaultsSource<'_>) -> Result<Zone, TriggerError> {
        Ok(self.zone.clone().unwrap_or_else(|| Ok(defaults.zone()))?)
    }

    /// Returns the settings to store. Local times are interpreted in `zone`.
    pub(crate) fn resolve(&self, zone: &Zone) -> Result<StoredSettings, TriggerError> {
        let instant = |field, when: &Option<DateTimeInput>| {
            when.as_ref().map(|when| when.instant(field, zone)).transpose()
        };
        Ok(StoredSettings {
            start_date: instant("start_date", &self.start)?,
            end_date: instant("end_date", &self.end)?,
            run_settings: self.run_settings()?,
        })
    }

    pub(crate) fn run_settings(&self) -> Result<RunSettings, TriggerError> {
        if self.max_runs == Some(0) {
            return Err(TriggerError::invalid_field("max_runs", "0", 1, "must be at least 1"));
        }
        Ok(RunSettings { jitter: self.jitter, max_runs: self.max_runs })
    }
}

/// The stored start date, end date and run settings of a trigger.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_date: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end_date: Option<Timestamp>,
    #[serde(flatten)]
    pub(crate) run_settings: RunSettings,
}

impl StoredSettings {
    pub(crate) fn start(&self) -> Timestamp {
        self.start_date.unwrap_or(Timestamp::MIN)
    }

    pub(crate) fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (self.start_date, self.end_date)
    }

    pub(crate) fn end(&self) -> Timestamp {
        self.end_date.unwrap_or(Timestamp::MAX)
    }

    /// The earliest instant that `next_fire_time(previous, now)` may return, or `None` if there is none up to
    /// `end_date`.
    pub(crate) fn first_candidate(
        &self,
        previous: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let from = search_start(previous, now).max(self.start());
        (from <= self.end() && previous != Some(Timestamp::MAX)).then_some(from)
    }
}

/// Stored settings that only the scheduler uses; they do not affect fire times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RunSettings {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) jitter: Option<Jitter>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) max_runs: Option<u64>,
}

/// The earliest instant that `next_fire_time(previous, now)` may return if there is no start date.
pub(crate) fn search_start(previous: Option<Timestamp>, now: Timestamp) -> Timestamp {
    previous.map_or(now, |previous| previous.saturating_add_micros(1))
}

/// Returns the first fire time at or after `from`.
///
/// Calls `next_fire_time` with the preceding microsecond as `previous`. A `DateTrigger` whose date is before `from`
/// therefore returns `None`.
pub(crate) fn first_fire_at_or_after<T: Trigger + ?Sized>(
    trigger: &T,
    from: Timestamp,
) -> Option<Timestamp> {
    if from == Timestamp::MIN {
        return trigger.next_fire_time(None, from);
    }
    trigger.next_fire_time(Some(from.saturating_add_micros(-1)), from)
}

type BuildFn = dyn FnOnce(&TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> + Send;

/// The inner trigger of another trigger, not built yet. It is built with the zone and the current time of the outer
/// trigger as defaults.
pub(crate) struct DeferredTrigger(Box<BuildFn>);

impl DeferredTrigger {
    pub(crate) fn new(member: impl IntoTrigger + Send + 'static) -> Self {
        Self(Box::new(|defaults| member.into_trigger(defaults)))
    }

    pub(crate) fn build(
        self,
        defaults: &TriggerDefaults,
    ) -> Result<Arc<dyn Trigger>, TriggerError> {
        (self.0)(defaults)
    }
}

impl fmt::Debug for DeferredTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a trigger that is not built yet")
    }
}

/// Encodes a trigger of this crate in its stored form.
pub(crate) fn encode_spec<T: Serialize + ?Sized>(
    kind: &str,
    version: u32,
    data: &T,
) -> TriggerSpec {
    // The data consists of numbers, strings, lists and maps, so encoding it as JSON cannot fail.
    TriggerSpec::from_json(kind, version, serde_json::to_value(data).unwrap_or_default())
}

/// Returns whether two specs are equal. The field `start` is ignored if `from_clock` is set in both, that is, if both
/// start times defaulted to the time of creation.
pub(crate) fn equal_ignoring_default_start(
    own: &TriggerSpec,
    other: &TriggerSpec,
    start: &str,
) -> bool {
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

/// Defines `build` and the listed setters of a builder that has a field `settings` of type [`CommonSettings`] and a
/// method `build_with`.
macro_rules! builder_methods {
    ($trigger:ident: $($setter:ident),*) => {
        $(builder_methods!(@$setter);)*

        /// Validates the settings and builds the trigger. The zone and the current time default to the
        /// local zone (UTC if it cannot be determined) and the system clock of the process.
        ///
        /// # Errors
        ///
        /// Returns the first invalid setting, with its field and value.
        pub fn build(self) -> Result<$trigger, punctual_core::TriggerError> {
            self.build_with($crate::builder::DefaultsSource::Process)
        }
    };
    (@timezone) => {
        /// Sets the zone of local times: a name, a [`Zone`](punctual_core::Zone) or a `chrono_tz::Tz`.
        /// Default: the zone of the scheduler.
        pub fn timezone(mut self, zone: impl punctual_core::IntoZone) -> Self {
            self.settings.zone = Some(zone.into_zone());
            self
        }
    };
    (@start_date) => {
        /// Sets the earliest instant at which the trigger may fire.
        pub fn start_date(mut self, start: impl Into<$crate::DateTimeInput>) -> Self {
            self.settings.start = Some(start.into());
            self
        }
    };
    (@end_date) => {
        /// Sets the latest instant at which the trigger may fire.
        pub fn end_date(mut self, end: impl Into<$crate::DateTimeInput>) -> Self {
            self.settings.end = Some(end.into());
            self
        }
    };
    (@jitter) => {
        /// Sets the jitter, a random offset that the scheduler adds to each run time. A plain `Duration`
        /// only delays runs.
        pub fn jitter(mut self, jitter: impl Into<punctual_core::Jitter>) -> Self {
            self.settings.jitter = Some(jitter.into());
            self
        }
    };
    (@max_runs) => {
        /// Limits the number of runs, after which the job is finished; must be at least 1. Replacing or
        /// rescheduling the job resets the count.
        pub fn max_runs(mut self, runs: u64) -> Self {
            self.settings.max_runs = Some(runs);
            self
        }
    };
}
pub(crate) use builder_methods;

/// Implements `IntoTrigger` for a builder, with the scheduler as the source of defaults.
macro_rules! builder_is_into_trigger {
    ($builder:ident) => {
        impl punctual_core::IntoTrigger for $builder {
            fn into_trigger(
                self,
                defaults: &punctual_core::TriggerDefaults,
            ) -> Result<std::sync::Arc<dyn punctual_core::Trigger>, punctual_core::TriggerError>
            {
                let defaults = $crate::builder::DefaultsSource::Scheduler(defaults);
                Ok(std::sync::Arc::new(self.build_with(defaults)?))
            }
        }
    };
}
pub(crate) use builder_is_into_trigger;
