//! Triggers: the [`Trigger`] trait, its stored form and the registry of kinds.

mod anomaly;
mod jitter;
mod registry;
mod spec;

use std::any::Any;
use std::fmt::{Debug, Display};
use std::sync::Arc;

pub use anomaly::FireTimeAnomaly;
pub use jitter::Jitter;
pub use registry::TriggerRegistry;
pub use spec::TriggerSpec;

use crate::time::{Timestamp, Zone};

/// Computes each fire time as a pure function of the previous fire time and the current time.
///
/// # The contract
///
/// - `next_fire_time(None, now)` is the first fire time at or after `now` (a date trigger returns its date regardless
///   of `now`).
/// - `next_fire_time(Some(previous), now)` is the first fire time strictly after `previous`, regardless of `now`.
///   `previous` need not be a fire time.
/// - Results strictly increase, never correspond to a nonexistent local time, and are computed in a bounded number of
///   steps; `None` means that there is no further fire time.
/// - A trigger is stateless: equal arguments give equal results in every process.
///
/// `Display` formats the trigger for listings, such as `interval[0:00:10]`.
///
/// # Custom triggers
///
/// ```
/// use punctual_core::{Timestamp, Trigger, TriggerSpec};
///
/// /// Fires at the powers of two, in seconds since the epoch.
/// #[derive(Debug)]
/// struct Powers;
///
/// impl std::fmt::Display for Powers {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         f.write_str("powers")
///     }
/// }
///
/// impl Trigger for Powers {
///     fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
///         let from = previous.map_or(now.as_micros(), |p| p.as_micros() + 1);
///         let seconds = (from.max(1) as u64).div_ceil(1_000_000).checked_next_power_of_two()?;
///         let fire = Timestamp::from_seconds(i64::try_from(seconds).ok()?);
///         (fire < Timestamp::MAX).then_some(fire)
///     }
///
///     fn spec(&self) -> TriggerSpec {
///         TriggerSpec::new("powers", 1, &()).expect("nothing to encode")
///     }
/// }
/// ```
pub trait Trigger: Any + Debug + Display + Send + Sync {
    /// Returns the next fire time; see the contract above.
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp>;

    /// Returns the latest fire time between `from` and `until` (inclusive), if any.
    ///
    /// The scheduler calls this method to coalesce missed runs. All built-in triggers compute the result in constant
    /// time. The default implementation iterates over the fire times, so that its time grows with their number.
    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let mut latest = None;
        let mut next = self.next_fire_time(None, from);
        while let Some(fire) = next.filter(|&fire| fire <= until) {
            if fire >= from {
                latest = Some(fire);
            }
            next = self.next_fire_time(Some(fire), until);
        }
        latest
    }

    /// Returns the time zone in which fire times are displayed; `None` for triggers without one.
    fn zone(&self) -> Option<&Zone> {
        None
    }

    /// Returns the range of random offsets of its runs; see [`Jitter`].
    fn jitter(&self) -> Option<Jitter> {
        None
    }

    /// Returns the number of runs after which a job with this trigger is finished; `None` means no limit.
    fn max_runs(&self) -> Option<u64> {
        None
    }

    /// Returns the start and the end of the time in which the trigger fires, if it is limited. For diagnostics only. The
    /// default implementation returns no limits.
    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (None, None)
    }

    /// Returns the anomalies of the fire times between `from` and `until` (inclusive), such as shifted, skipped or
    /// excluded fire times. For diagnostics only; the scheduler does not use the result to compute run times.
    ///
    /// The result is ordered and may be truncated after some hundred entries. The default implementation returns
    /// none.
    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        let _ = (from, until);
        Vec::new()
    }

    /// Calls `visit` with every time zone whose rules affect the fire times: if one of them changes, next run times
    /// must be recomputed. The default implementation visits [`zone`](Self::zone). Triggers that count elapsed time
    /// visit none, and composite triggers visit those of their parts.
    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        if let Some(zone) = self.zone() {
            visit(zone);
        }
    }

    /// Returns the stored form, from which a [`TriggerRegistry`] restores the trigger.
    fn spec(&self) -> TriggerSpec;

    /// Returns whether `stored` describes the same trigger, so that a job that is added again at startup keeps its next
    /// run time. Triggers whose start defaults to the current time override this method to ignore the start.
    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        self.spec() == *stored
    }

    /// Returns whether `other` is known to have the same fire times and the same stored form, so that jobs in memory
    /// can share one of them. A fast check: the default implementation returns false.
    fn is_same(&self, other: &dyn Trigger) -> bool {
        let _ = other;
        false
    }
}

impl<T: Trigger + ?Sized> Trigger for Arc<T> {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        (**self).next_fire_time(previous, now)
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        (**self).latest_fire_time(from, until)
    }

    fn zone(&self) -> Option<&Zone> {
        (**self).zone()
    }

    fn jitter(&self) -> Option<Jitter> {
        (**self).jitter()
    }

    fn max_runs(&self) -> Option<u64> {
        (**self).max_runs()
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        (**self).anomalies(from, until)
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        (**self).window()
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        (**self).visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        (**self).spec()
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        (**self).matches_spec(stored)
    }

    fn is_same(&self, other: &dyn Trigger) -> bool {
        (other as &dyn Any).downcast_ref::<Self>().is_some_and(|other| Self::ptr_eq(self, other))
    }
}

/// Defaults of a scheduler for triggers that do not specify these values.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TriggerDefaults {
    /// The time zone.
    pub zone: Zone,
    /// The current time, which is the start of interval triggers without one.
    pub now: Timestamp,
    crontab: Option<ParseCrontab>,
}

/// Creates a trigger from a line of a crontab.
type ParseCrontab = fn(&str, &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>;

impl TriggerDefaults {
    /// Creates the defaults of a scheduler with this time zone at this time.
    #[must_use]
    pub fn new(zone: Zone, now: Timestamp) -> Self {
        Self { zone, now, crontab: None }
    }

    /// Sets the function that creates a trigger from text, which is used where text is given instead of a trigger. A
    /// scheduler sets that of cron triggers.
    #[must_use]
    pub fn with_crontab(mut self, parse: ParseCrontab) -> Self {
        self.crontab = Some(parse);
        self
    }
}

/// Conversion into a trigger with the defaults of a scheduler: implemented for triggers and their builders, and for text
/// in the format of crontabs, such as `"*/5 * * * *"` or `"@daily"`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a trigger",
    note = "use a trigger or its builder, such as `IntervalTrigger::seconds(10)` or `CronTrigger::builder().hour(5)`, or crontab text, such as `\"*/5 * * * *\"`"
)]
pub trait IntoTrigger {
    /// Validates the description and creates the trigger.
    ///
    /// # Errors
    ///
    /// Returns [`TriggerError`] with the field and the value if the description is invalid.
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>;
}

impl<T: Trigger> IntoTrigger for T {
    fn into_trigger(self, _: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        Ok(Arc::new(self))
    }
}

impl IntoTrigger for &str {
    /// Parses the text as a line of a crontab, with the syntax and meaning of cron.
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        match defaults.crontab {
            Some(parse) => parse(self, defaults),
            None => Err(TriggerError::invalid_text(self, "there is no parser for text")),
        }
    }
}

impl IntoTrigger for String {
    /// Parses the text as a line of a crontab, with the syntax and meaning of cron.
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        self.as_str().into_trigger(defaults)
    }
}

/// An invalid trigger, from a builder, a text or its stored form.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// A field has an invalid value.
    #[error("{field} {value:?} (column {column}): {reason}")]
    #[non_exhaustive]
    InvalidField {
        /// The field, such as `day_of_week` or `start_date`.
        field: &'static str,
        /// The rejected text.
        value: String,
        /// The column of the error in `value`, counted in characters from 1.
        column: usize,
        /// The error and the allowed values.
        reason: String,
    },
    /// The text as a whole has the wrong format, such as a crontab line of four fields.
    #[error("{text:?}: {reason}")]
    #[non_exhaustive]
    InvalidText {
        /// The rejected text.
        text: String,
        /// The error.
        reason: String,
    },
    /// The time zone is unknown.
    #[error(transparent)]
    Zone(#[from] crate::time::ZoneError),
    /// The stored form has a kind that is not registered in this process.
    #[error("no trigger of the kind {kind:?} is registered")]
    #[non_exhaustive]
    UnknownKind {
        /// The stored kind.
        kind: String,
    },
    /// The stored form has a version that this build does not support.
    #[error(
        "trigger {kind:?} is stored in version {found}, this build supports versions up to {supported}"
    )]
    #[non_exhaustive]
    UnsupportedVersion {
        /// The stored kind.
        kind: String,
        /// The stored version.
        found: u32,
        /// The newest version that this build supports.
        supported: u32,
    },
    /// The stored form can't be decoded, or a trigger can't be encoded.
    #[error("the stored form of trigger {kind:?} is invalid")]
    #[non_exhaustive]
    InvalidSpec {
        /// The stored kind.
        kind: String,
        /// The error of the decoder.
        source: serde_json::Error,
    },
}

crate::error_debug!(TriggerError);

impl TriggerError {
    /// Creates an error for a field with an invalid value; `column` is counted in characters from 1.
    pub fn invalid_field(
        field: &'static str,
        value: impl Into<String>,
        column: usize,
        reason: impl Into<String>,
    ) -> Self {
        Self::InvalidField { field, value: value.into(), column, reason: reason.into() }
    }

    /// Creates an error for a text that has the wrong format as a whole.
    pub fn invalid_text(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidText { text: text.into(), reason: reason.into() }
    }
}
