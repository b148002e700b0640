//! The exact stored form of every kind. Stored triggers must remain readable, and an unchanged trigger must be
//! recognized as equal to its stored form.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    IntoTrigger, Jitter, Timestamp, Trigger, TriggerDefaults, TriggerError, TriggerRegistry, Zone,
    error_chain,
};
use punctual_triggers::{
    AndTrigger, Calendar, CalendarIntervalTrigger, CronTrigger, DateTrigger, ExceptExt, Fold, Gap,
    IntervalTrigger, OrTrigger, register_builtin_triggers,
};

fn registry() -> TriggerRegistry {
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    registry
}

/// 2026-03-02 10:00 in UTC.
const NOW: Timestamp = Timestamp::from_seconds(1_772_445_600);

fn built(builder: impl IntoTrigger) -> Arc<dyn Trigger> {
    let zone = Zone::utc();
    builder.into_trigger(&TriggerDefaults::new(zone, NOW)).unwrap()
}

#[track_caller]
fn check(builder: impl IntoTrigger, expected: &str) {
    let trigger = built(builder);
    let text = serde_json::to_string(&trigger.spec()).unwrap();
    assert_eq!(text, expected.replace("\n", "").replace("  ", ""));
    let restored = registry().restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(serde_json::to_string(&restored.spec()).unwrap(), text);
    assert_eq!(restored.to_string(), trigger.to_string());
    assert_eq!(restored.next_fire_time(None, NOW), trigger.next_fire_time(None, NOW));
}

#[test]
fn dates() {
    check(
        DateTrigger::at("2026-12-24 18:00:00").timezone("Europe/Helsinki"),
        r#"{"kind":"date","version":1,"data":{"run_date":1798128000000000,"timezone":"Europe/Helsinki"}}"#,
    );
    check(
        DateTrigger::now().jitter(Duration::from_millis(1500)),
        r#"{"kind":"date","version":1,"data":{"from_clock":true,
            "jitter":{"one_sided":{"nanos":500000000,"secs":1}},
            "run_date":1772445600000000,"timezone":"UTC"}}"#,
    );
}

#[test]
fn intervals() {
    check(
        IntervalTrigger::minutes(1.5),
        r#"{"kind":"interval","version":1,"data":{"from_clock":true,"interval_micros":90000000,
            "start_date":1772445690000000,"timezone":"UTC"}}"#,
    );
    check(
        IntervalTrigger::days(1)
            .start_date("2026-01-01")
            .end_date("2027-01-01")
            .max_runs(7)
            .timezone(chrono::FixedOffset::east_opt(19_800).unwrap()),
        r#"{"kind":"interval","version":1,"data":{"end_date":1798741800000000,"interval_micros":86400000000,
            "max_runs":7,"start_date":1767205800000000,"timezone":"UTC+05:30"}}"#,
    );
}

#[test]
fn cron() {
    check(
        CronTrigger::builder().day("2nd FRI, last").hour(3..=5),
        r#"{"kind":"cron","version":1,"data":{"fields":{"day":"2nd fri,last","hour":"3-5"},"timezone":"UTC"}}"#,
    );
    check(
        CronTrigger::from_crontab("*/5  0 * * mon-fri")
            .gap(Gap::NextValid)
            .fold(Fold::Second)
            .start_date(NOW)
            .jitter(Jitter::Symmetric(Duration::from_secs(3))),
        r#"{"kind":"cron","version":1,"data":{"crontab":"*/5 0 * * mon-fri","fold":"second","gap":"next_valid",
            "jitter":{"symmetric":{"nanos":0,"secs":3}},"start_date":1772445600000000,"timezone":"UTC"}}"#,
    );
    check(
        CronTrigger::from_quartz("0 0 12  ? * mon#1"),
        r#"{"kind":"cron","version":1,"data":{"quartz":"0 0 12 ? * MON#1","timezone":"UTC"}}"#,
    );
}

#[test]
fn calendar_intervals() {
    check(
        CalendarIntervalTrigger::months(1).days(3).hour(5),
        r#"{"kind":"calendarinterval","version":1,"data":{"days":3,"from_clock":true,"months":1,
            "start_day":20514,"time":18000,"timezone":"UTC"}}"#,
    );
    check(
        CalendarIntervalTrigger::years(1)
            .start_date("2026-01-01")
            .end_date("20300101")
            .gap(Gap::Skip),
        r#"{"kind":"calendarinterval","version":1,"data":{"days":0,"end_day":21915,"gap":"skip","months":12,
            "start_day":20454,"time":0,"timezone":"UTC"}}"#,
    );
}

#[test]
fn combinations() {
    let nightly = r#"{"data":{"fields":{"hour":"3"},"timezone":"UTC"},"kind":"cron","version":1}"#;
    check(
        OrTrigger::of(CronTrigger::builder().hour(3)).end_date("2030-01-01"),
        &format!(
            r#"{{"kind":"or","version":1,"data":{{"end_date":1893456000000000,"triggers":[{nightly}]}}}}"#
        ),
    );
    check(
        AndTrigger::of(CronTrigger::builder().hour(3)).and(CronTrigger::builder().hour(3)),
        &format!(r#"{{"kind":"and","version":1,"data":{{"triggers":[{nightly},{nightly}]}}}}"#),
    );
}

#[test]
fn exclusions() {
    let nightly = r#"{"data":{"fields":{"hour":"3"},"timezone":"UTC"},"kind":"cron","version":1}"#;
    check(
        CronTrigger::builder().hour(3).except(chrono::Weekday::Sun),
        &format!(
            r#"{{"kind":"except","version":1,"data":{{"timezone":"UTC","trigger":{nightly},"weekdays":"sun"}}}}"#
        ),
    );
    let closed = Calendar::new()
        .dates("2026-07-01", "2026-07-30")
        .date("2026-07-31")
        .date("2026-12-24")
        .days_from(CronTrigger::builder().hour(3), 2)
        .fires_of(CronTrigger::builder().hour(3));
    check(
        CronTrigger::builder().hour(3).except(closed).next_business_day().max_runs(5),
        &format!(
            r#"{{"kind":"except","version":1,"data":{{"dates":["2026-07-01/2026-07-31","2026-12-24"],
            "days_of":[{{"days":2,"trigger":{nightly}}}],"fires_of":[{nightly}],"max_runs":5,
            "next_business_day":true,"timezone":"UTC","trigger":{nightly}}}}}"#
        ),
    );
}

#[test]
fn unknown_kinds_newer_versions_and_invalid_data_are_errors() {
    let error = |text: &str| {
        let spec = serde_json::from_str(text).unwrap();
        registry().restore(&spec).unwrap_err()
    };
    let unknown = error(r#"{"kind":"lunar","version":1,"data":null}"#);
    assert!(matches!(unknown, TriggerError::UnknownKind { .. }));
    let inner = error(
        r#"{"kind":"or","version":1,"data":{"triggers":[{"kind":"lunar","version":1,"data":null}]}}"#,
    );
    assert!(matches!(inner, TriggerError::UnknownKind { .. }));
    for kind in ["date", "interval", "cron", "calendarinterval", "and", "or", "except"] {
        let newer = error(&format!(r#"{{"kind":"{kind}","version":2,"data":{{}}}}"#));
        assert!(matches!(newer, TriggerError::UnsupportedVersion { .. }), "{kind}");
        let empty = error(&format!(r#"{{"kind":"{kind}","version":1,"data":{{}}}}"#));
        assert!(matches!(empty, TriggerError::InvalidSpec { .. }), "{kind}");
        let invalid = error(&format!(r#"{{"kind":"{kind}","version":1,"data":[1,null,"x"]}}"#));
        assert!(matches!(invalid, TriggerError::InvalidSpec { .. }), "{kind}");
    }
    let zone =
        error(r#"{"kind":"date","version":1,"data":{"run_date":0,"timezone":"Mars/Phobos"}}"#);
    assert!(error_chain(&zone).to_string().contains("Mars/Phobos"), "{zone:?}");
}

#[test]
fn invalid_exclusions_are_errors() {
    let cron = r#"{"kind":"cron","version":1,"data":{"fields":{},"timezone":"UTC"}}"#;
    for data in [
        r#""weekdays":"sat-mon""#,
        r#""weekdays":"someday""#,
        r#""dates":["2026-02-30"]"#,
        r#""dates":["2026-02-03/2026-02-01"]"#,
        r#""dates":["2026-02-03/"]"#,
        r#""days_of":[{"trigger":null,"days":1}]"#,
        &format!(r#""days_of":[{{"trigger":{cron},"days":0}}]"#),
        &format!(r#""days_of":[{{"trigger":{cron},"days":4294967295}}]"#),
        r#""fires_of":[7]"#,
    ] {
        let text = format!(
            r#"{{"kind":"except","version":1,"data":{{"trigger":{cron},"timezone":"UTC",{data}}}}}"#
        );
        let restored = registry().restore(&serde_json::from_str(&text).unwrap());
        assert!(restored.is_err(), "{text}");
    }
}
