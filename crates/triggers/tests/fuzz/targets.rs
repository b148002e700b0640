//! The bodies of the fuzz targets in `fuzz/` and of the test that replays their corpus.
//!
//! Any text may be rejected with an error, but no input may cause a panic, and every accepted trigger must fulfil the
//! contract of `Trigger`.

use std::sync::{Arc, LazyLock};

use punctual_core::{
    IntoTrigger, Timestamp, Trigger, TriggerDefaults, TriggerRegistry, TriggerSpec, Zone,
    ZoneDatabase,
};
use punctual_triggers::{
    CalendarIntervalTrigger, CronTrigger, CronTriggerBuilder, DateTrigger, IntervalTrigger,
    register_builtin_triggers,
};

/// The name and the body of a target.
pub(crate) type Target = (&'static str, fn(&str));

/// All targets. Each has a corpus in `fuzz/corpus/`.
pub(crate) const TARGETS: &[Target] = &[
    ("fields", fields),
    ("crontab", crontab),
    ("quartz", quartz),
    ("date", date),
    ("zone", zone),
    #[cfg(feature = "ical")]
    ("ical", ical),
    ("restore", restore),
];

/// A day in 2026 with a zone transition in Helsinki.
const NOW: Timestamp = Timestamp::from_seconds(1_774_743_000);

fn defaults() -> TriggerDefaults {
    // Reading the data takes longer than the rest of a target.
    static HELSINKI: LazyLock<Zone> =
        LazyLock::new(|| ZoneDatabase::bundled().get("Europe/Helsinki").expect("it is bundled"));
    TriggerDefaults::new(HELSINKI.clone(), NOW)
}

/// Each line is the expression of a field, from the year to the second. Fields with an empty line are not set.
pub(crate) fn fields(text: &str) {
    let set: [fn(CronTriggerBuilder, &str) -> CronTriggerBuilder; 8] = [
        |builder, text| builder.year(text),
        |builder, text| builder.month(text),
        |builder, text| builder.day(text),
        |builder, text| builder.week(text),
        |builder, text| builder.day_of_week(text),
        |builder, text| builder.hour(text),
        |builder, text| builder.minute(text),
        |builder, text| builder.second(text),
    ];
    let mut builder = CronTrigger::builder();
    for (set, text) in set.iter().zip(text.split('\n')) {
        if !text.is_empty() {
            builder = set(builder, text);
        }
    }
    try_out(builder);
}

/// A crontab line, in both dialects.
pub(crate) fn crontab(text: &str) {
    try_out(CronTrigger::from_crontab(text));
    try_out(CronTrigger::from_apscheduler_crontab(text));
}

/// A Quartz expression.
pub(crate) fn quartz(text: &str) {
    try_out(CronTrigger::from_quartz(text));
}

/// A date or time.
pub(crate) fn date(text: &str) {
    try_out(DateTrigger::at(text));
    try_out(IntervalTrigger::hours(36).start_date(text));
    try_out(CalendarIntervalTrigger::months(1).start_date(text));
    try_out(CronTrigger::builder().hour(3).end_date(text));
}

/// The name of a zone.
pub(crate) fn zone(text: &str) {
    if let Ok(zone) = Zone::named(text) {
        assert_eq!(Zone::named(zone.name()).as_ref(), Ok(&zone));
        try_out(CronTrigger::builder().hour(2).timezone(zone));
    }
}

/// An iCalendar file of excluded days.
#[cfg(feature = "ical")]
pub(crate) fn ical(text: &str) {
    use punctual_triggers::{Calendar, ExceptExt};
    if let Ok(calendar) = Calendar::from_ical(text) {
        try_out(CronTrigger::builder().hour(3).except(calendar));
    }
}

/// The stored form of a trigger, as JSON.
pub(crate) fn restore(text: &str) {
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let Ok(spec) = serde_json::from_str::<TriggerSpec>(text) else { return };
    if let Ok(trigger) = registry.restore(&spec) {
        call_methods(&*trigger);
    }
}

/// Builds the trigger, if it is valid, and compares it with the one restored from its stored form.
fn try_out(builder: impl IntoTrigger) {
    let Ok(trigger) = builder.into_trigger(&defaults()) else { return };
    call_methods(&*trigger);
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let again: Arc<dyn Trigger> = registry.restore(&trigger.spec()).expect("it was just stored");
    assert_eq!(again.spec(), trigger.spec());
    assert_eq!(again.to_string(), trigger.to_string());
}

/// Calls all methods that a scheduler calls, also with unusual instants.
fn call_methods(trigger: &dyn Trigger) {
    for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, NOW, Timestamp::MAX] {
        let mut previous = trigger.next_fire_time(None, now);
        let first = previous;
        for _ in 0..3 {
            let Some(fire) = previous else { break };
            previous = trigger.next_fire_time(Some(fire), now);
            assert!(
                previous.is_none_or(|next| next > fire),
                "{trigger}: {previous:?} after {fire}"
            );
        }
        if let Some(fire) = first.filter(|&fire| fire >= now) {
            assert_eq!(trigger.latest_fire_time(now, fire), Some(fire), "{trigger}");
            let before = fire.saturating_add_micros(-1);
            let none = trigger.latest_fire_time(now, before).filter(|_| before >= now);
            assert_eq!(none.filter(|_| fire != Timestamp::MIN), None, "{trigger}");
        }
    }
    let _ = (
        trigger.to_string(),
        trigger.spec(),
        trigger.zone(),
        trigger.matches_spec(&trigger.spec()),
    );
}
