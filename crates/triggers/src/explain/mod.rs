//! Why a trigger fires when it does.

mod ext;
mod fires;
mod show;
mod warning;

use chrono::{DateTime, NaiveDateTime};
use punctual_core::{CivilOffset, Jitter, Oddity, Timestamp, Trigger, Zone};

pub use ext::TriggerExt;
pub use fires::Fires;
pub use warning::Warning;

/// The next fires of a trigger and what is odd about them; see [`TriggerExt::explain`]. `Display` is a text of a
/// line for each.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Explanation {
    /// The trigger as it is shown.
    pub trigger: String,
    /// The zone of all times.
    pub zone: Zone,
    /// The fires, and what is left out between them, in order.
    pub steps: Vec<Step>,
    /// What people may not expect, now or in the year that follows.
    pub warnings: Vec<Warning>,
}

/// A time at which a trigger fires, or at which it would.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Step {
    /// The time.
    pub time: DateTime<Zone>,
    /// Whether it fires; if not, the reasons tell why.
    pub fires: bool,
    /// What is odd about it.
    pub reasons: Vec<Reason>,
    /// When the run may start, if it is jittered. The scheduler keeps it before the following fire.
    pub window: Option<(DateTime<Zone>, DateTime<Zone>)>,
}

/// What is odd about a time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It stands in for a local time that the clock skips.
    Shifted(NaiveDateTime),
    /// The local times from the first to the second are skipped by the clock and left out.
    Skipped(NaiveDateTime, NaiveDateTime),
    /// The clock shows this local time twice, and this is the first time.
    FirstPass,
    /// The clock shows this local time twice, and this is the second time.
    SecondPass,
    /// The day or the instant is excluded.
    Excluded,
    /// It stands in for a time on an excluded day.
    Moved(DateTime<Zone>),
    /// The clock has changed since the fire before, but elapsed time does not follow it.
    WallTimeMoved,
}

impl Explanation {
    fn new<T: Trigger + ?Sized>(trigger: &T, from: Timestamp, count: usize) -> Self {
        let zone = trigger.zone().cloned().unwrap_or_else(Zone::utc);
        let mut steps = Vec::new();
        let mut since = from;
        let mut fires = trigger.fires(from);
        for fire in fires.by_ref().take(count) {
            let oddities = trigger.oddities(since, fire);
            let (own, others): (Vec<_>, Vec<_>) =
                oddities.into_iter().partition(|oddity| match oddity {
                    Oddity::Shifted { .. } | Oddity::Moved { .. } => oddity.instant() == fire,
                    Oddity::WallTimeMoves { .. } => true,
                    _ => false,
                });
            steps.extend(others.iter().filter_map(|oddity| left_out(oddity, &zone)));
            let reasons = own.iter().filter_map(|oddity| reason(oddity, &zone));
            steps.push(Step {
                time: fire.in_zone(&zone),
                fires: true,
                reasons: reasons.chain(pass(fire, &zone)).collect(),
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

    /// The times at which the trigger fires.
    pub fn fires(&self) -> impl Iterator<Item = &DateTime<Zone>> {
        self.steps.iter().filter(|step| step.fires).map(|step| &step.time)
    }
}

/// The step for an oddity that is about no fire.
fn left_out(oddity: &Oddity, zone: &Zone) -> Option<Step> {
    Some(Step {
        time: oddity.instant().in_zone(zone),
        fires: false,
        reasons: vec![reason(oddity, zone)?],
        window: None,
    })
}

fn reason(oddity: &Oddity, zone: &Zone) -> Option<Reason> {
    Some(match oddity {
        Oddity::Shifted { wall, .. } => Reason::Shifted(*wall),
        Oddity::Skipped { first, last, .. } => Reason::Skipped(*first, *last),
        Oddity::Excluded { .. } => Reason::Excluded,
        Oddity::Moved { from, .. } => Reason::Moved(from.in_zone(zone)),
        Oddity::WallTimeMoves { .. } => Reason::WallTimeMoved,
        _ => return None,
    })
}

/// Whether the clock shows the local time of an instant twice.
fn pass(instant: Timestamp, zone: &Zone) -> Option<Reason> {
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
