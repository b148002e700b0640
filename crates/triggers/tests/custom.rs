//! A custom trigger: it can be stored, restored by its kind, and be a member of built-in triggers.

use std::fmt;
use std::sync::Arc;

use punctual_core::{Timestamp, Trigger, TriggerError, TriggerRegistry, TriggerSpec};
use punctual_triggers::{
    AndTrigger, Calendar, CronTrigger, ExceptExt, OrTrigger, TriggerExt, register_builtin_triggers,
};
use serde::{Deserialize, Serialize};

/// Fires at an approximation of each new moon.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct NewMoon {
    /// The instant of a new moon, in seconds since the Unix epoch.
    epoch: i64,
}

const MONTH: i64 = 2_551_443;

impl Trigger for NewMoon {
    fn next_fire_time(&self, previous: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        let from = previous.map_or(now, |previous| previous.saturating_add_micros(1));
        let elapsed = from.as_micros() - self.epoch * 1_000_000;
        let months = -(-elapsed).div_euclid(MONTH * 1_000_000);
        let fire = Timestamp::from_seconds(self.epoch + months * MONTH);
        (fire >= from && Some(fire) != previous).then_some(fire)
    }

    fn spec(&self) -> TriggerSpec {
        TriggerSpec::new("new_moon", 1, self).expect("a number")
    }
}

impl fmt::Display for NewMoon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("new moon")
    }
}

fn registry() -> TriggerRegistry {
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    registry.register("new_moon", |spec, _| Ok(Arc::new(spec.decode::<NewMoon>(1)?)));
    registry
}

const MOON: NewMoon = NewMoon { epoch: 947_182_440 };
const NOW: Timestamp = Timestamp::from_seconds(1_772_445_600);

#[test]
fn it_is_stored_and_restored_by_its_kind() {
    let text = serde_json::to_string(&MOON.spec()).unwrap();
    assert_eq!(text, r#"{"kind":"new_moon","version":1,"data":{"epoch":947182440}}"#);
    let restored = registry().restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert!(restored.matches_spec(&MOON.spec()));
    assert_eq!(restored.next_fire_time(None, NOW), MOON.next_fire_time(None, NOW));
}

#[test]
fn it_supports_the_queries_of_any_trigger() {
    let restored = registry().restore(&MOON.spec()).unwrap();
    let fires: Vec<_> = restored.fires(NOW).take(3).collect();
    assert_eq!(restored.between(fires[0], fires[2]).count(), 3);
    // The default implementation iterates over the fire times, which is slow but correct.
    assert_eq!(restored.latest_fire_time(NOW, fires[2]), Some(fires[2]));
    let text = restored.explain(NOW, 1).to_string();
    assert!(text.starts_with("new moon in UTC\n"), "{text}");
}

#[test]
fn it_can_be_a_member_of_other_triggers() {
    let either =
        OrTrigger::of(MOON).or(CronTrigger::builder().day(1).timezone("UTC")).build().unwrap();
    let both = AndTrigger::of(MOON).and(MOON).build().unwrap();
    let except = MOON.except(Calendar::new().weekdays("mon-fri")).timezone("UTC").build().unwrap();
    let without = CronTrigger::builder()
        .hour(9)
        .except(Calendar::new().days_of(MOON))
        .next_business_day()
        .timezone("UTC")
        .build()
        .unwrap();
    let triggers: [&dyn Trigger; 4] = [&either, &both, &except, &without];
    for trigger in triggers {
        let restored = registry().restore(&trigger.spec()).unwrap();
        assert_eq!(restored.to_string(), trigger.to_string());
        let fires: Vec<_> = trigger.fires(NOW).take(20).collect();
        assert_eq!(fires.len(), 20);
        assert_eq!(restored.fires(NOW).take(20).collect::<Vec<_>>(), fires);
    }
}

#[test]
fn restoring_an_unregistered_kind_is_an_error() {
    let mut builtin_only = TriggerRegistry::new();
    register_builtin_triggers(&mut builtin_only);
    let either = OrTrigger::of(MOON).build().unwrap();
    for spec in [MOON.spec(), either.spec()] {
        let error = builtin_only.restore(&spec).unwrap_err();
        assert!(matches!(error, TriggerError::UnknownKind { kind, .. } if kind == "new_moon"));
    }
}
