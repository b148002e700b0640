//! Tests of the builders: accepted input, errors, and restoring of the stored form.

use std::sync::Arc;
use std::time::Duration;

use chrono::{NaiveDate, TimeZone, Utc};
use punctual_core::{
    IntoTrigger, Jitter, Timestamp, Trigger, TriggerDefaults, TriggerError, TriggerRegistry, Zone,
    ZoneDatabase,
};
use punctual_triggers::{
    AndTrigger, CalendarIntervalTrigger, CronTrigger, DateTrigger, Fold, Gap, IntervalTrigger,
    OrTrigger, register_builtin_triggers,
};

fn helsinki() -> Zone {
    ZoneDatabase::bundled().get("Europe/Helsinki").unwrap()
}

/// Noon of 2026-03-02 in Helsinki.
const NOW: Timestamp = Timestamp::from_seconds(1_772_445_600);

fn added(builder: impl IntoTrigger) -> Arc<dyn Trigger> {
    builder.into_trigger(&TriggerDefaults::new(helsinki(), NOW)).unwrap()
}

fn first(trigger: &dyn Trigger) -> String {
    trigger.next_fire_time(None, NOW).unwrap().in_zone(&helsinki()).to_rfc3339()
}

#[test]
fn numbers_ranges_and_text_are_equivalent() {
    let text = added(CronTrigger::builder().hour("0-3").minute("30"));
    let numbers = added(CronTrigger::builder().hour(0..=3).minute(30));
    assert_eq!(text.spec(), numbers.spec());
}

#[test]
fn settings_default_to_those_of_the_scheduler() {
    assert_eq!(first(&*added(CronTrigger::builder().hour(5))), "2026-03-03T05:00:00+02:00");
    assert_eq!(first(&*added(IntervalTrigger::seconds(90))), "2026-03-02T12:01:30+02:00");
    let daily = CalendarIntervalTrigger::days(1).hour(5);
    assert_eq!(first(&*added(daily)), "2026-03-03T05:00:00+02:00");
    let local = DateTrigger::at(NaiveDate::from_ymd_opt(2026, 6, 1).unwrap());
    assert_eq!(first(&*added(local)), "2026-06-01T00:00:00+03:00");
    let either = OrTrigger::of(CronTrigger::builder().hour(5)).or(CronTrigger::builder().hour(4));
    assert_eq!(first(&*added(either)), "2026-03-03T04:00:00+02:00");
}

#[test]
fn dates_are_chrono_values_or_text() {
    let utc = Utc.with_ymd_and_hms(2026, 5, 1, 0, 0, 0).unwrap();
    let hourly = || CronTrigger::builder().minute(0);
    for trigger in [
        added(hourly().start_date(utc)),
        added(hourly().start_date("2026-05-01T00:00:00Z")),
        added(hourly().start_date("2026-05-01 03:00:00")),
        added(hourly().start_date(Timestamp::from(utc))),
    ] {
        assert_eq!(first(&*trigger), "2026-05-01T03:00:00+03:00");
    }
}

#[test]
fn fractions_of_units_are_exact() {
    let trigger = added(IntervalTrigger::hours(0.1).start_date(NOW));
    assert_eq!(trigger.to_string(), "interval[0:06:00]");
    let trigger = added(IntervalTrigger::every(Duration::from_micros(1_500_000)).days(2));
    assert_eq!(trigger.to_string(), "interval[2 days, 0:00:01.500000]");
}

#[test]
fn errors_contain_field_value_and_allowed_values() {
    let error = |result: Result<_, TriggerError>| -> String {
        result.map(|_: Arc<dyn Trigger>| ()).unwrap_err().to_string()
    };
    let added = |builder: CronTrigger| -> Arc<dyn Trigger> { Arc::new(builder) };
    assert_eq!(
        error(CronTrigger::builder().hour(24).timezone(helsinki()).build().map(added)),
        r#"hour "24" (column 1): 24 is out of range; allowed: 0-23"#
    );
    assert_eq!(
        error(CronTrigger::builder().timezone("Europe/helsinki").build().map(added)),
        r#"unknown time zone "Europe/helsinki" (did you mean "Europe/Helsinki"?)"#
    );
    assert_eq!(
        error(CronTrigger::from_crontab("* * * *").build().map(added)),
        r#""* * * *": 4 fields; expected 5: minute, hour, day of month, month, day of week"#
    );
    assert!(error(CronTrigger::from_crontab("@reboot").build().map(added)).contains("@hourly"));
    assert!(CronTrigger::from_crontab("@daily").hour(3).build().is_err());
    assert_eq!(
        error(CronTrigger::builder().max_runs(0).build().map(added)),
        r#"max_runs "0" (column 1): must be at least 1"#
    );
    assert!(CalendarIntervalTrigger::days(1).max_runs(0).build().is_err());
    assert!(IntervalTrigger::seconds(0).build().is_err());
    assert!(IntervalTrigger::weeks(i64::MAX).build().is_err());
    assert!(CalendarIntervalTrigger::days(0).build().is_err());
    assert!(CalendarIntervalTrigger::days(1).hour(24).build().is_err());
}

#[test]
fn macros_and_vixie_rules() {
    for (line, equivalent) in [
        ("@yearly", "0 0 1 1 *"),
        ("@monthly", "0 0 1 * *"),
        ("@weekly", "0 0 * * sun"),
        ("@daily", "0 0 * * *"),
        ("@hourly", "0 * * * *"),
        ("0 5 * * 7", "0 5 * * 0"),
        ("0 5 * * 5-7", "0 5 * * fri,sat,sun"),
    ] {
        let (left, right) =
            (CronTrigger::from_crontab(line), CronTrigger::from_crontab(equivalent));
        assert_eq!(first(&*added(left)), first(&*added(right)), "{line}");
    }
    // The 13th or a Friday. If a day field begins with `*`, both must match.
    assert_eq!(
        first(&*added(CronTrigger::from_crontab("0 5 13 * 5"))),
        "2026-03-06T05:00:00+02:00"
    );
    assert_eq!(
        first(&*added(CronTrigger::from_crontab("0 5 */13 * 5"))),
        "2026-03-27T05:00:00+02:00"
    );
}

#[test]
fn every_kind_is_restored_from_its_stored_form() {
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let cron = || CronTrigger::builder().day("2nd fri,last").hour(3).gap(Gap::NextValid);
    for trigger in [
        added(DateTrigger::at("2026-12-24 18:00:00").jitter(Duration::from_secs(5))),
        added(IntervalTrigger::minutes(5).end_date("2030-01-01").max_runs(7)),
        added(cron().fold(Fold::Second).start_date(NOW)),
        added(CronTrigger::from_crontab("*/5  0 * * mon-fri")),
        added(
            CalendarIntervalTrigger::months(1)
                .days(3)
                .jitter(Jitter::Symmetric(Duration::from_secs(1))),
        ),
        added(AndTrigger::of(cron()).and(OrTrigger::of(cron()).or(IntervalTrigger::days(1)))),
    ] {
        let text = serde_json::to_string(&trigger.spec()).unwrap();
        let restored = registry.restore(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(restored.spec(), trigger.spec());
        assert_eq!(restored.to_string(), trigger.to_string());
        assert_eq!(restored.jitter(), trigger.jitter());
        assert_eq!(restored.max_runs(), trigger.max_runs());
        assert_eq!(restored.next_fire_time(None, NOW), trigger.next_fire_time(None, NOW));
    }
}

#[test]
fn an_invalid_stored_form_is_an_error() {
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    for text in [
        r#"{"kind":"cron","version":1,"data":{"crontab":"* * * * *","timezone":"Mars/Phobos"}}"#,
        r#"{"kind":"cron","version":1,"data":{"crontab":"* * * *","timezone":"UTC"}}"#,
        r#"{"kind":"cron","version":1,"data":{"fields":{"hours":"1"},"timezone":"UTC"}}"#,
        r#"{"kind":"cron","version":2,"data":{}}"#,
        r#"{"kind":"interval","version":1,"data":{"interval_micros":0,"timezone":"UTC"}}"#,
        r#"{"kind":"calendarinterval","version":1,"data":{"months":0,"days":0,"time":0,"start_day":0,"timezone":"UTC"}}"#,
        r#"{"kind":"and","version":1,"data":{"triggers":[]}}"#,
        r#"{"kind":"or","version":1,"data":{"triggers":[{"kind":"lunar","version":1,"data":null}]}}"#,
    ] {
        assert!(registry.restore(&serde_json::from_str(text).unwrap()).is_err(), "{text}");
    }
}
