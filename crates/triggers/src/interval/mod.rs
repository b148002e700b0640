//! The interval trigger: fires at a fixed interval of elapsed time.

mod builder;
mod sequence;

use std::any::Any;
use std::fmt;
use std::time::Duration;

use punctual_core::{FireTimeAnomaly, Jitter, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{StoredSettings, encode_spec, equal_ignoring_default_start, search_start};
use crate::civil::zone_spans;
use crate::display::DisplayDuration;
pub use builder::{IntervalAmount, IntervalTriggerBuilder};
pub(crate) use sequence::ArithmeticSequence;

/// Fires at `start_date` and then repeatedly at a fixed interval of elapsed time. Time zone transitions have no effect:
/// "1 day" is 24 hours.
///
/// ```
/// use punctual_core::{Timestamp, Trigger};
/// use punctual_triggers::IntervalTrigger;
///
/// let trigger = IntervalTrigger::hours(1).minutes(30).start_date("2026-01-01T00:00:00Z").build()?;
/// assert_eq!(trigger.to_string(), "interval[1:30:00]");
/// let now = Timestamp::from_seconds(1_767_225_601); // a second after the start
/// let fire = trigger.next_fire_time(None, now).unwrap();
/// assert_eq!(fire.to_string(), "2026-01-01T01:30:00Z");
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[derive(Clone, Debug)]
pub struct IntervalTrigger {
    sequence: ArithmeticSequence,
    stored: Stored,
}

/// The stored form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Stored {
    interval_micros: i64,
    timezone: Zone,
    /// Whether the start defaulted to one interval after the time of creation. If so, it is ignored when specs are
    /// compared.
    #[serde(rename = "from_clock", default, skip_serializing_if = "std::ops::Not::not")]
    start_is_default: bool,
    #[serde(flatten)]
    settings: StoredSettings,
}

impl IntervalTrigger {
    pub(crate) const KIND: &str = "interval";
    const VERSION: u32 = 1;

    /// Returns the time between two fire times.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_micros(self.sequence.interval.unsigned_abs())
    }

    /// The fire times without regard to the end date.
    pub(crate) fn sequence(&self) -> ArithmeticSequence {
        self.sequence
    }

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::from_stored(spec.decode(Self::VERSION)?)
    }

    fn from_stored(stored: Stored) -> Result<Self, TriggerError> {
        let interval = stored.interval_micros;
        if interval <= 0 {
            let value = format!("{} s", interval as f64 / 1e6);
            let reason = "must be positive";
            return Err(TriggerError::invalid_field("interval", value, 1, reason));
        }
        let sequence = ArithmeticSequence { start: stored.settings.start().as_micros(), interval };
        Ok(Self { sequence, stored })
    }
}

impl Trigger for IntervalTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        if previous == Some(Timestamp::MAX) {
            return None;
        }
        self.sequence
            .at_or_after(search_start(previous, now))
            .filter(|&fire| fire <= self.stored.settings.end())
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        self.sequence
            .at_or_before(until.min(self.stored.settings.end()))
            .filter(|&fire| fire >= from)
    }

    fn window(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        self.stored.settings.window()
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.stored.timezone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.stored.settings.run_settings.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.stored.settings.run_settings.max_runs
    }

    fn anomalies(&self, from: Timestamp, until: Timestamp) -> Vec<FireTimeAnomaly> {
        const MICROS_PER_DAY: i64 = 86_400_000_000;
        if self.sequence.interval % MICROS_PER_DAY != 0 {
            return Vec::new();
        }
        let from = from.max(Timestamp::from_micros(self.sequence.start));
        let until = until.min(self.stored.settings.end());
        let changes = zone_spans(&self.stored.timezone, from, until)
            .skip(1)
            .filter(|span| span.offset != span.offset_before);
        let moves = changes
            .map(|span| FireTimeAnomaly::wall_time_moves(Timestamp::from_seconds(span.start)));
        moves.take(100).collect()
    }

    /// Visits no zone: the zone affects only the display of fire times.
    fn visit_zones(&self, _: &mut dyn FnMut(&Zone)) {}

    fn is_same(&self, other: &dyn Trigger) -> bool {
        let other = (other as &dyn Any).downcast_ref::<Self>();
        other.is_some_and(|other| self.stored == other.stored)
    }

    fn spec(&self) -> TriggerSpec {
        encode_spec(Self::KIND, Self::VERSION, &self.stored)
    }

    fn matches_spec(&self, stored: &TriggerSpec) -> bool {
        equal_ignoring_default_start(&self.spec(), stored, "start_date")
    }
}

impl fmt::Display for IntervalTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interval[{}]", DisplayDuration(self.sequence.interval))
    }
}
