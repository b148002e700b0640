//! When a job runs: the [`Trigger`] trait, its stored form and the registry of kinds.

mod jitter;
mod oddity;
mod registry;
mod spec;

use std::fmt::{Debug, Display};
use std::sync::Arc;

pub use jitter::Jitter;
pub use oddity::Oddity;
pub use registry::TriggerRegistry;
pub use spec::TriggerSpec;

use crate::time::{Timestamp, Zone};

/// A pure function from the past to the next fire time.
///
/// # The contract
///
/// - `next_fire_time(None, now)` is the first fire at or after `now` (a date trigger answers its date
///   whatever `now` is).
/// - `next_fire_time(Some(previous), now)` is the first fire strictly after `previous`, on the
///   trigger's own grid, whatever `now` is.
/// - Results strictly increase, never name a local time that does not exist, and always come within a
///   bounded number of steps; `None` means that there is no further fire.
/// - A trigger has no state: the same question has the same answer, in any process.
///
/// `Display` is the text that listings show, such as `interval[0:00:10]`.
///
/// # A trigger of your own
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
pub trait Trigger: Debug + Display + Send + Sync + 'static {
    /// The next fire; see the contract above.
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp>;

    /// The latest fire that is not before `from` and not after `until`, if there is one.
    ///
    /// The scheduler asks this to coalesce missed runs. Every built-in trigger answers in constant
    /// time, however many fires lie between; the default steps through them and gives the right answer
    /// for any trigger, in time that grows with their number.
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

    /// The zone in which people should be shown its fires; none for triggers without one.
    fn zone(&self) -> Option<&Zone> {
        None
    }

    /// By how much its runs may be moved at random; see [`Jitter`].
    fn jitter(&self) -> Option<Jitter> {
        None
    }

    /// After how many runs a job with this trigger is finished; none for no limit.
    fn max_runs(&self) -> Option<u64> {
        None
    }

    /// What is odd about its fires from `from` to `until`, both included: to tell people, never to run by.
    ///
    /// The answer is in order and may be cut short after some hundred; the default is that nothing is odd.
    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        let _ = (from, until);
        Vec::new()
    }

    /// Calls `visit` with every zone whose rules decide when it fires: when one of them changes, next run times
    /// must be computed anew. The default is [`zone`](Self::zone); triggers that count elapsed time have none,
    /// and those with others inside have theirs.
    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        if let Some(zone) = self.zone() {
            visit(zone);
        }
    }

    /// The stored form, from which a [`TriggerRegistry`] makes the trigger again.
    fn spec(&self) -> TriggerSpec;

    /// Whether `stored` describes this trigger too, so that a job which is added again at start-up keeps
    /// its next run time. Triggers that take a start from the clock override this to leave it out.
    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        self.spec() == *stored
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

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        (**self).oddities(from, until)
    }

    fn visit_zones(&self, visit: &mut dyn FnMut(&Zone)) {
        (**self).visit_zones(visit);
    }

    fn spec(&self) -> TriggerSpec {
        (**self).spec()
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        (**self).is_same_as(stored)
    }
}

/// What a trigger that leaves something open takes from the scheduler it is added to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TriggerDefaults {
    /// The zone of triggers that name none.
    pub zone: Zone,
    /// The current time: where an interval without a start begins to count.
    pub now: Timestamp,
}

impl TriggerDefaults {
    /// What a scheduler in that zone gives at that time.
    #[must_use]
    pub fn new(zone: Zone, now: Timestamp) -> Self {
        Self { zone, now }
    }
}

/// Anything that can become a trigger once the scheduler's defaults are known: triggers themselves and
/// their builders.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no trigger",
    note = "use a trigger or its builder, such as `IntervalTrigger::seconds(10)` or `CronTrigger::builder().hour(5)`; crontab text becomes one by `CronTrigger::from_crontab(text)`"
)]
pub trait IntoTrigger {
    /// Checks everything and makes the trigger.
    ///
    /// # Errors
    ///
    /// When the description is not a valid trigger; the error names the field and the value.
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError>;
}

impl<T: Trigger> IntoTrigger for T {
    fn into_trigger(self, _: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        Ok(Arc::new(self))
    }
}

/// Why a trigger could not be made, from a builder, a text or its stored form.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// A field has a value that it can't have.
    #[error("{field} {value:?} (column {column}): {reason}")]
    #[non_exhaustive]
    InvalidField {
        /// The field, such as `day_of_week` or `start_date`.
        field: &'static str,
        /// The text that was given.
        value: String,
        /// The column in `value`, counted in characters from 1, at which it went wrong.
        column: usize,
        /// What is wrong and what is allowed.
        reason: String,
    },
    /// The text as a whole has the wrong form, such as a crontab line of four fields.
    #[error("{text:?}: {reason}")]
    #[non_exhaustive]
    InvalidText {
        /// The text that was given.
        text: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The zone is not known here.
    #[error(transparent)]
    Zone(#[from] crate::time::ZoneError),
    /// The stored form is of a kind that is not registered here.
    #[error("no trigger of the kind {kind:?} is registered")]
    #[non_exhaustive]
    UnknownKind {
        /// The kind that was stored.
        kind: String,
    },
    /// The stored form is of a version that this build can't read.
    #[error("trigger {kind:?} is stored in version {found}, this build reads up to {supported}")]
    #[non_exhaustive]
    UnsupportedVersion {
        /// The kind that was stored.
        kind: String,
        /// The version that was stored.
        found: u32,
        /// The newest version that can be read here.
        supported: u32,
    },
    /// The stored form can't be read, or a trigger can't be written.
    #[error("the stored form of trigger {kind:?} is invalid")]
    #[non_exhaustive]
    InvalidSpec {
        /// The kind that was stored.
        kind: String,
        /// What the decoder said.
        source: serde_json::Error,
    },
}

impl TriggerError {
    /// A field has a value that it can't have; `column` counts characters from 1.
    pub fn invalid_field(
        field: &'static str,
        value: impl Into<String>,
        column: usize,
        reason: impl Into<String>,
    ) -> Self {
        Self::InvalidField { field, value: value.into(), column, reason: reason.into() }
    }

    /// A text as a whole has the wrong form.
    pub fn invalid_text(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidText { text: text.into(), reason: reason.into() }
    }
}
