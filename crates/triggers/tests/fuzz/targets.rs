//! What is fuzzed: the bodies of the targets in `fuzz/`, and of the plain test that replays their corpus.
//!
//! Any text may be refused, but nothing may panic, and whatever is accepted must keep the contract of triggers.

use std::sync::{Arc, LazyLock};

use punctual_core::{
    IntoTrigger, Timestamp, Trigger, TriggerDefaults, TriggerRegistry, TriggerSpec, Zone,
    ZoneDatabase,
};
use punctual_triggers::{
    CalendarIntervalTrigger, CronTrigger, CronTriggerBuilder, DateTrigger, IntervalTrigger,
    register_builtin,
};

/// A target by name.
pub(crate) type Target = (&'static str, fn(&str));

/// All targets; each has a corpus in `fuzz/corpus/`.
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

/// A day in 2026 on which the clock of Helsinki changes.
const NOW: Timestamp = Timestamp::from_seconds(1_774_743_000);

fn defaults() -> TriggerDefaults {
    // Reading its data takes longer than everything else here.
    static HELSINKI: LazyLock<Zone> =
        LazyLock::new(|| ZoneDatabase::bundled().get("Europe/Helsinki").expect("it is bundled"));
    TriggerDefaults { zone: HELSINKI.clone(), now: NOW }
}

/// Every line is the expression of a field, from the year to the second; empty ones are not given.
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

/// An expression of Quartz.
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

/// A zone's name.
pub(crate) fn zone(text: &str) {
    if let Ok(zone) = Zone::named(text) {
        assert_eq!(Zone::named(zone.name()).as_ref(), Ok(&zone));
        try_out(CronTrigger::builder().hour(2).timezone(zone));
    }
}

/// An iCalendar file of days to leave out.
#[cfg(feature = "ical")]
pub(crate) fn ical(text: &str) {
    use punctual_triggers::{Calendar, Except};
    if let Ok(calendar) = Calendar::from_ical(text) {
        try_out(CronTrigger::builder().hour(3).except(calendar));
    }
}

/// The stored form of a trigger, as JSON.
pub(crate) fn restore(text: &str) {
    let mut registry = TriggerRegistry::new();
    register_builtin(&mut registry);
    let Ok(spec) = serde_json::from_str::<TriggerSpec>(text) else { return };
    if let Ok(trigger) = registry.restore(&spec) {
        ask(&*trigger);
    }
}

/// Makes the trigger, if that is possible, and compares it with the one that comes back from its stored form.
fn try_out(builder: impl IntoTrigger) {
    let Ok(trigger) = builder.into_trigger(&defaults()) else { return };
    ask(&*trigger);
    let mut registry = TriggerRegistry::new();
    register_builtin(&mut registry);
    let again: Arc<dyn Trigger> = registry.restore(&trigger.spec()).expect("it was just stored");
    assert_eq!(again.spec(), trigger.spec());
    assert_eq!(again.to_string(), trigger.to_string());
}

/// Asks everything that a scheduler asks, at odd times too.
fn ask(trigger: &dyn Trigger) {
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
    let _ =
        (trigger.to_string(), trigger.spec(), trigger.zone(), trigger.is_same_as(&trigger.spec()));
}
