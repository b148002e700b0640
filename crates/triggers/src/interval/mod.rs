//! Every so many seconds of elapsed time.

mod builder;
mod grid;

use std::fmt;
use std::time::Duration;

use punctual_core::{Jitter, Oddity, Timestamp, Trigger, TriggerError, TriggerSpec, Zone};
use serde::{Deserialize, Serialize};

use crate::builder::{Limits, earliest, same_but_for_clock, stored};
use crate::civil::spans;
use crate::text::Elapsed;
pub use builder::{Amount, IntervalTriggerBuilder};
pub(crate) use grid::Grid;

/// Fires at `start_date`, and then again and again after an interval of elapsed time, whatever the clock on the
/// wall does: "1 day" is 24 hours.
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
    grid: Grid,
    stored: Stored,
}

/// The stored form.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stored {
    interval_micros: i64,
    timezone: Zone,
    /// Whether the start was one interval from the time of the clock: then it is no part of what was described.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    from_clock: bool,
    #[serde(flatten)]
    limits: Limits,
}

impl IntervalTrigger {
    pub(crate) const KIND: &str = "interval";
    const VERSION: u32 = 1;

    /// The time between two fires.
    #[must_use]
    pub fn interval(&self) -> Duration {
        Duration::from_micros(self.grid.interval.unsigned_abs())
    }

    /// When it fires, but for the end.
    pub(crate) fn grid(&self) -> Grid {
        self.grid
    }

    pub(crate) fn restore(spec: &TriggerSpec) -> Result<Self, TriggerError> {
        Self::of(spec.decode(Self::VERSION)?)
    }

    fn of(stored: Stored) -> Result<Self, TriggerError> {
        let interval = stored.interval_micros;
        if interval <= 0 {
            let value = format!("{} s", interval as f64 / 1e6);
            let reason = "an interval must be longer than nothing";
            return Err(TriggerError::invalid_field("interval", value, 1, reason));
        }
        let grid = Grid { start: stored.limits.first().as_micros(), interval };
        Ok(Self { grid, stored })
    }
}

impl Trigger for IntervalTrigger {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        if previous == Some(Timestamp::MAX) {
            return None;
        }
        self.grid
            .at_or_after(earliest(previous, now))
            .filter(|&fire| fire <= self.stored.limits.last())
    }

    fn latest_fire_time(&self, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        self.grid.at_or_before(until.min(self.stored.limits.last())).filter(|&fire| fire >= from)
    }

    fn zone(&self) -> Option<&Zone> {
        Some(&self.stored.timezone)
    }

    fn jitter(&self) -> Option<Jitter> {
        self.stored.limits.extras.jitter
    }

    fn max_runs(&self) -> Option<u64> {
        self.stored.limits.extras.max_runs
    }

    fn oddities(&self, from: Timestamp, until: Timestamp) -> Vec<Oddity> {
        const DAY: i64 = 86_400_000_000;
        if self.grid.interval % DAY != 0 {
            return Vec::new();
        }
        let from = from.max(Timestamp::from_micros(self.grid.start));
        let until = until.min(self.stored.limits.last());
        let changes = spans(&self.stored.timezone, from, until)
            .skip(1)
            .filter(|span| span.offset != span.offset_before);
        let moves =
            changes.map(|span| Oddity::wall_time_moves(Timestamp::from_seconds(span.start)));
        moves.take(100).collect()
    }

    /// The zone only says how fires are shown.
    fn visit_zones(&self, _: &mut dyn FnMut(&Zone)) {}

    fn spec(&self) -> TriggerSpec {
        stored(Self::KIND, Self::VERSION, &self.stored)
    }

    fn is_same_as(&self, stored: &TriggerSpec) -> bool {
        same_but_for_clock(&self.spec(), stored, "start_date")
    }
}

impl fmt::Display for IntervalTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "interval[{}]", Elapsed(self.grid.interval))
    }
}
