//! Explanations of fire times: deviations from the schedule, and warnings.

mod display;
mod ext;
mod fires;
mod warning;

use chrono::{DateTime, NaiveDateTime};
use punctual_core::{CivilOffset, FireTimeAnomaly, Jitter, Timestamp, Trigger, Zone};

pub use ext::TriggerExt;
pub use fires::FireTimes;
pub use warning::Warning;

/// The next fire times of a trigger and their deviations from the schedule; see [`TriggerExt::explain`]. The `Display`
/// form has a heading and one line per step and per warning.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The `Display` form of the trigger.
    pub trigger: String,
    /// The zone in which all times are given.
    pub zone: Zone,
    /// The fire times and the suppressed times between them, in order.
    pub steps: Vec<Step>,
    /// Behavior that the user may not expect, now or in the following year.
    pub warnings: Vec<Warning>,
}

/// A time at which the trigger fires, or at which a fire time is suppressed.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The time.
    pub time: DateTime<Zone>,
    /// Whether the trigger fires at this time. If not, `reasons` contains the cause.
    pub fires: bool,
    /// The remarks on this time, such as its deviation from the schedule.
    pub reasons: Vec<Reason>,
    /// The range of possible start times of the run, if the trigger has jitter. The scheduler limits it to times
    /// before the following fire time.
    pub window: Option<(DateTime<Zone>, DateTime<Zone>)>,
}

/// A remark on a time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The time is shifted: the scheduled local time does not exist (DST gap).
    Shifted(NaiveDateTime),
    /// The scheduled local times from the first to the second do not exist (DST gap) and are dropped.
    Skipped(NaiveDateTime, NaiveDateTime),
    /// The local time is ambiguous (DST fold), and this is its first occurrence.
    FirstPass,
    /// The local time is ambiguous (DST fold), and this is its second occurrence.
    SecondPass,
    /// The day or the instant is excluded.
    Excluded,
    /// The fire time was postponed from this time, which is on an excluded day.
    Moved(DateTime<Zone>),
    /// The UTC offset changed after the previous fire time. The interval is elapsed time, so the local time of day
    /// differs from that of the previous fire time.
    WallTimeMoved,
}

impl Explanation {
    fn new<T: Trigger + ?Sized>(trigger: &T, from: Timestamp, count: usize) -> Self {
        let zone = trigger.zone().cloned().unwrap_or_else(Zone::utc);
        let mut steps = Vec::new();
        let mut since = from;
        let mut fires = trigger.fires(from);
        for fire in fires.by_ref().take(count) {
            let anomalies = trigger.anomalies(since, fire);
            let (own, others): (Vec<_>, Vec<_>) =
                anomalies.into_iter().partition(|anomaly| match anomaly {
                    FireTimeAnomaly::Shifted { .. } | FireTimeAnomaly::Moved { .. } => {
                        anomaly.instant() == fire
                    }
                    FireTimeAnomaly::WallTimeMoves { .. } => true,
                    _ => false,
                });
            steps.extend(others.iter().filter_map(|anomaly| suppressed_step(anomaly, &zone)));
            let reasons = own.iter().filter_map(|anomaly| reason(anomaly, &zone));
            steps.push(Step {
                time: fire.in_zone(&zone),
                fires: true,
                reasons: reasons.chain(fold_reason(fire, &zone)).collect(),
                window: trigger.jitter().map(|jitter| window(fire, jitter, &zone)),
            });
            since = fire.saturating_add_micros(1);
        }
        Self {
            trigger: trigger.to_string(),
            warnings: warning::warnings(trigger, from, count, &zone),
            zone,
            steps,
        }
    }

    /// Returns the times at which the trigger fires.
    pub fn fires(&self) -> impl Iterator<Item = &DateTime<Zone>> {
        self.steps.iter().filter(|step| step.fires).map(|step| &step.time)
    }
}

/// Returns the step for an anomaly that is not at a fire time.
fn suppressed_step(anomaly: &FireTimeAnomaly, zone: &Zone) -> Option<Step> {
    Some(Step {
        time: anomaly.instant().in_zone(zone),
        fires: false,
        reasons: vec![reason(anomaly, zone)?],
        window: None,
    })
}

fn reason(anomaly: &FireTimeAnomaly, zone: &Zone) -> Option<Reason> {
    Some(match anomaly {
        FireTimeAnomaly::Shifted { wall, .. } => Reason::Shifted(*wall),
        FireTimeAnomaly::Skipped { first, last, .. } => Reason::Skipped(*first, *last),
        FireTimeAnomaly::Excluded { .. } => Reason::Excluded,
        FireTimeAnomaly::Moved { from, .. } => Reason::Moved(from.in_zone(zone)),
        FireTimeAnomaly::WallTimeMoves { .. } => Reason::WallTimeMoved,
        _ => return None,
    })
}

/// Returns which occurrence of an ambiguous local time an instant is, or `None` if its local time is not ambiguous.
fn fold_reason(instant: Timestamp, zone: &Zone) -> Option<Reason> {
    let utc = instant.as_micros().div_euclid(1_000_000);
    match zone.resolve_civil(utc + i64::from(zone.span_at(utc).offset)) {
        CivilOffset::Fold { at, .. } if utc < at => Some(Reason::FirstPass),
        CivilOffset::Fold { .. } => Some(Reason::SecondPass),
        _ => None,
    }
}

fn window(fire: Timestamp, jitter: Jitter, zone: &Zone) -> (DateTime<Zone>, DateTime<Zone>) {
    let (first, last) = match jitter {
        Jitter::OneSided(delay) => (fire, fire.saturating_add(delay)),
        Jitter::Symmetric(delay) => (fire.saturating_sub(delay), fire.saturating_add(delay)),
        _ => (fire, fire),
    };
    (first.in_zone(zone), last.in_zone(zone))
}
