//! Comparison of a trigger with the expected results of a case.

use std::sync::Arc;

use chrono::{DateTime, FixedOffset, Offset};
use punctual_core::{Timestamp, Trigger, TriggerRegistry, Zone};

use crate::case::Case;
use crate::data::Kind;

pub(crate) enum Outcome {
    Passed,
    Undecided,
}

#[derive(Clone, Copy, Default)]
pub(crate) struct Count {
    pub(crate) passed: u32,
    pub(crate) undecided: u32,
    pub(crate) failed: u32,
}

impl Count {
    pub(crate) fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Passed => self.passed += 1,
            Outcome::Undecided => self.undecided += 1,
        }
    }

    pub(crate) fn all(&self) -> u32 {
        self.passed + self.undecided + self.failed
    }
}

/// Checks a line of a file. The error describes the difference.
pub(crate) fn line(kind: Kind, line: &str) -> Result<Outcome, String> {
    let case: Case = serde_json::from_str(line).map_err(|error| format!("{error}: {line}"))?;
    let described = |reason: String| format!("{}: {}\n    {reason}", case.id, case.trigger);
    check(kind, &case).map_err(described)
}

fn check(kind: Kind, case: &Case) -> Result<Outcome, String> {
    if case.undecided {
        return Ok(Outcome::Undecided);
    }
    let built = case.build();
    if kind == Kind::Errors || case.expect_error {
        return match built {
            Err(_) => Ok(Outcome::Passed),
            Ok(trigger) => Err(format!("expected an error, got {trigger}")),
        };
    }
    let trigger = match built {
        // APScheduler treats a zero interval as one second. Its text is not compared.
        Err(_) if kind == Kind::Texts && case.is_zero_interval() => {
            return Ok(Outcome::Undecided);
        }
        built => restored(&*built?)?,
    };
    match kind {
        Kind::Texts => check_text(case, &*trigger)?,
        _ => check_fires(case, &*trigger, kind == Kind::Fires)?,
    }
    Ok(Outcome::Passed)
}

/// Restores the trigger from its stored form.
fn restored(trigger: &dyn Trigger) -> Result<Arc<dyn Trigger>, String> {
    let mut registry = TriggerRegistry::new();
    punctual_triggers::register_builtin_triggers(&mut registry);
    let restored = registry.restore(&trigger.spec()).map_err(|error| error.to_string())?;
    if restored.to_string() != trigger.to_string() || restored.spec() != trigger.spec() {
        return Err(format!("{trigger} is restored from its stored form as {restored}"));
    }
    Ok(restored)
}

fn check_text(case: &Case, trigger: &dyn Trigger) -> Result<(), String> {
    // The display form of the calendar interval differs from APScheduler's.
    let own = case.trigger.to_string().contains("calendarinterval");
    match &case.text {
        Some(text) if !own && *text != trigger.to_string() => {
            Err(format!("expected {text}, got {trigger}"))
        }
        Some(_) => Ok(()),
        None => Err("there is no expected text".to_owned()),
    }
}

fn check_fires(case: &Case, trigger: &dyn Trigger, offsets: bool) -> Result<(), String> {
    let (expected, end) = case.expected().ok_or("there are no expected fire times")?;
    let now = Timestamp::from(instant(case.now.as_deref().unwrap_or_default())?);
    let late = (case.late_by_s * 1e6) as i64;
    let (mut previous, mut at) = (None, now);
    let mut fires = Vec::new();
    for text in expected {
        let expected = instant(text)?;
        let fire = trigger.next_fire_time(previous, at);
        if fire != Some(Timestamp::from(expected)) {
            return Err(format!(
                "fire time {}: expected {text}, got {}",
                fires.len() + 1,
                show(fire, trigger)
            ));
        }
        let fire = fire.ok_or("no fire time")?;
        let zone = trigger.zone().cloned().unwrap_or_else(Zone::utc);
        if offsets && fire.in_zone(&zone).offset().fix() != *expected.offset() {
            return Err(format!("expected {text}, got {}", fire.in_zone(&zone)));
        }
        fires.push(fire);
        (previous, at) = (Some(fire), fire.saturating_add_micros(late));
    }
    let further = trigger.next_fire_time(previous, at);
    if further.is_some() == end {
        let expected = if end { "the end" } else { "a further fire time" };
        return Err(format!("expected {expected}, got {}", show(further, trigger)));
    }
    check_latest(trigger, &fires, further)
}

/// Checks `latest_fire_time`: from a fire time until just before the next one, it returns the former.
fn check_latest(
    trigger: &dyn Trigger,
    fires: &[Timestamp],
    further: Option<Timestamp>,
) -> Result<(), String> {
    let Some(&first) = fires.first() else {
        return Ok(());
    };
    let followers = fires.iter().copied().skip(1).map(Some).chain([further]);
    for (&fire, next) in fires.iter().zip(followers) {
        let until = next.map_or(Timestamp::MAX, |next| next.saturating_add_micros(-1));
        for until in [fire, until] {
            let latest = trigger.latest_fire_time(first, until);
            if latest != Some(fire) {
                let (latest, fire) = (show(latest, trigger), show(Some(fire), trigger));
                return Err(format!(
                    "latest fire time up to {until}: expected {fire}, got {latest}"
                ));
            }
        }
    }
    Ok(())
}

fn show(fire: Option<Timestamp>, trigger: &dyn Trigger) -> String {
    let zone = trigger.zone().cloned().unwrap_or_else(Zone::utc);
    fire.map_or_else(|| "the end".to_owned(), |fire| fire.in_zone(&zone).to_rfc3339())
}

fn instant(text: &str) -> Result<DateTime<FixedOffset>, String> {
    DateTime::parse_from_rfc3339(text).map_err(|error| format!("{text:?}: {error}"))
}
