//! Tests of exclusions, also in comparison with a brute-force evaluation.

use std::sync::Arc;
use std::time::Duration;

use chrono::{Datelike, NaiveDate, TimeZone, Timelike, Weekday};
use punctual_core::{
    IntoTrigger, Timestamp, Trigger, TriggerDefaults, TriggerRegistry, Zone, ZoneDatabase,
};
use punctual_triggers::{
    AndTrigger, Calendar, CronTrigger, DateTrigger, ExceptExt, ExceptTrigger, IntervalTrigger,
    register_builtin_triggers,
};

fn helsinki() -> Zone {
    ZoneDatabase::bundled().get("Europe/Helsinki").unwrap()
}

/// Noon of 2026-03-02, a Monday, in Helsinki.
const NOW: Timestamp = Timestamp::from_seconds(1_772_445_600);

fn built(builder: impl IntoTrigger) -> Arc<dyn Trigger> {
    let defaults = TriggerDefaults::new(helsinki(), NOW);
    let trigger = builder.into_trigger(&defaults).unwrap();
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let text = serde_json::to_string(&trigger.spec()).unwrap();
    let restored = registry.restore(&serde_json::from_str(&text).unwrap()).unwrap();
    assert_eq!(restored.to_string(), trigger.to_string());
    assert_eq!(restored.spec(), trigger.spec());
    assert!(trigger.matches_spec(&restored.spec()));
    restored
}

/// Returns up to `count` fire times from `from` on, and checks `latest_fire_time` for each of them.
fn fires(trigger: &dyn Trigger, from: Timestamp, count: usize) -> Vec<String> {
    let mut fires = Vec::new();
    let mut next = trigger.next_fire_time(None, from);
    while let Some(fire) = next.filter(|_| fires.len() < count) {
        assert!(fires.last().is_none_or(|&last| last < fire));
        fires.push(fire);
        next = trigger.next_fire_time(Some(fire), fire);
    }
    for (index, &fire) in fires.iter().enumerate() {
        let next = fires.get(index + 1).copied().or(next);
        let until = next.map_or(Timestamp::MAX, |next| next.saturating_add_micros(-1));
        assert_eq!(trigger.latest_fire_time(from, until), Some(fire), "{trigger}");
        assert_eq!(trigger.latest_fire_time(from, fire), Some(fire), "{trigger}");
    }
    let show = |fire: &Timestamp| fire.in_zone(&helsinki()).format("%m-%d %H:%M").to_string();
    fires.iter().map(show).collect()
}

fn daily() -> impl IntoTrigger + Clone + Send + Sync + 'static {
    CronTrigger::builder().hour(9)
}

#[test]
fn days_are_excluded() {
    let date = |day| NaiveDate::from_ymd_opt(2026, 3, day).unwrap();
    for (calendar, expected) in [
        (
            Calendar::new().weekdays("sat,sun").date("2026-03-03"),
            ["03-04", "03-05", "03-06", "03-09", "03-10"],
        ),
        (Weekday::Wed.into(), ["03-03", "03-05", "03-06", "03-07", "03-08"]),
        (date(4).into(), ["03-03", "03-05", "03-06", "03-07", "03-08"]),
        ((date(3)..=date(6)).into(), ["03-07", "03-08", "03-09", "03-10", "03-11"]),
        (
            Calendar::new().dates("2026-03-04", "20260305").dates("2026-03-06", "2026-03-06"),
            ["03-03", "03-07", "03-08", "03-09", "03-10"],
        ),
        (
            Calendar::new().days_of(CronTrigger::builder().day("*/2").hour(23)).weekdays(5..=6),
            ["03-04", "03-06", "03-10", "03-12", "03-16"],
        ),
        (
            Calendar::new().days_from(DateTrigger::at("2026-03-04 12:00:00"), 4),
            ["03-03", "03-08", "03-09", "03-10", "03-11"],
        ),
    ] {
        let trigger = built(daily().except(calendar));
        let expected: Vec<_> = expected.iter().map(|day| format!("{day} 09:00")).collect();
        assert_eq!(fires(&*trigger, NOW, 5), expected, "{trigger}");
    }
}

#[test]
fn instants_are_excluded() {
    let lunch = CronTrigger::builder().hour(12).minute("*");
    let trigger =
        built(CronTrigger::builder().minute("*/30").except(Calendar::new().fires_of(lunch)));
    let expected = ["03-02 13:00", "03-02 13:30", "03-02 14:00"];
    assert_eq!(fires(&*trigger, NOW, 3), expected);
}

#[test]
fn fires_are_postponed_to_the_next_business_day() {
    let closed = Calendar::new().weekdays("sat,sun").date("2026-03-09");
    // The 7th is a Saturday; its fire is postponed to the 10th.
    let trigger = built(
        CronTrigger::builder().day("7-11").hour(9).except(closed.clone()).next_business_day(),
    );
    assert_eq!(fires(&*trigger, NOW, 3), ["03-10 09:00", "03-11 09:00", "04-07 09:00"]);
    // A postponed fire and a regular fire at the same instant are merged.
    let trigger = built(
        CronTrigger::builder()
            .day("7/3")
            .hour("9")
            .except(closed.clone())
            .next_business_day()
            .end_date("2026-03-12"),
    );
    assert_eq!(fires(&*trigger, NOW, 3), ["03-10 09:00"]);
    let weekend = CronTrigger::builder().day_of_week("sat").hour(8);
    let trigger = built(weekend.except(closed.clone()).next_business_day());
    assert_eq!(fires(&*trigger, NOW, 2), ["03-10 08:00", "03-16 08:00"]);
    // No fire is ever postponed; the search must not look for one indefinitely.
    let workdays = CronTrigger::builder().day_of_week("mon-fri").hour(8);
    let trigger = built(workdays.except(Weekday::Sun).next_business_day());
    assert_eq!(fires(&*trigger, NOW, 4).last().unwrap(), "03-06 08:00");
}

#[test]
fn postponed_fires_keep_their_local_time() {
    // 2026-03-29 is a Sunday with a forward transition from 03:00 to 04:00.
    let eve = Timestamp::from_seconds(1_774_656_000); // Saturday, 02:00
    let saturdays = || CronTrigger::builder().day_of_week("sat").hour("3-4").minute(30);
    let trigger = built(saturdays().except(Weekday::Sat).next_business_day());
    assert_eq!(fires(&*trigger, eve, 2), ["03-29 04:30", "04-05 03:30"]);
    // On 2026-10-25, the hour from 03:00 is ambiguous; the first occurrence applies.
    let eve = Timestamp::from_seconds(1_792_800_000);
    assert_eq!(fires(&*trigger, eve, 2), ["10-25 03:30", "10-25 04:30"]);
    let zone = helsinki();
    let first = trigger.next_fire_time(None, eve).unwrap();
    assert_eq!(first.in_zone(&zone).to_rfc3339(), "2026-10-25T03:30:00+03:00");
}

#[test]
fn a_search_terminates_if_everything_is_excluded() {
    let every_day = [
        Calendar::new().weekdays("*"),
        Calendar::new().dates("0001-01-01", "9999-12-31"),
        Calendar::new().days_of(IntervalTrigger::hours(1).start_date("0001-01-01")),
        Calendar::new().weekdays("0-5").days_of(CronTrigger::builder().day_of_week("sun")),
        Calendar::new().fires_of(daily()),
    ];
    for calendar in every_day {
        for trigger in [
            built(daily().except(calendar.clone())),
            built(daily().except(calendar).next_business_day()),
        ] {
            assert_eq!(trigger.next_fire_time(None, NOW), None, "{trigger}");
            assert_eq!(trigger.latest_fire_time(Timestamp::MIN, NOW), None, "{trigger}");
        }
    }
}

#[test]
fn start_end_jitter_and_max_runs() {
    let builder = || CronTrigger::builder().hour(9).max_runs(3).jitter(Duration::from_secs(5));
    let trigger = built(builder().except(Weekday::Tue));
    assert_eq!(
        (trigger.max_runs(), trigger.jitter()),
        (Some(3), Some(Duration::from_secs(5).into()))
    );
    let trigger = built(
        builder()
            .except(Weekday::Tue)
            .max_runs(4)
            .start_date("2026-03-05 09:00:00")
            .end_date("2026-03-06"),
    );
    assert_eq!(trigger.max_runs(), Some(4));
    assert_eq!(fires(&*trigger, NOW, 9), ["03-05 09:00"]);
}

#[test]
fn build_returns_errors_of_the_calendar() {
    let error = |calendar: Calendar| daily().except(calendar).build().unwrap_err().to_string();
    assert!(error(Calendar::new().weekdays("sat-mon")).contains("day_of_week \"sat-mon\""));
    assert!(error(Calendar::new().date("2026-02-30")).contains("there is no such date"));
    assert!(error(Calendar::new().dates("2026-03-02", "2026-03-01")).contains("before its start"));
    assert!(error(Calendar::new().days_of(CronTrigger::builder().hour(24))).contains("0-23"));
    assert!(error(Calendar::new().days_from(daily(), 0)).contains("allowed: 1-"));
}

#[test]
fn display_lists_the_exclusions() {
    let calendar = Calendar::new()
        .weekdays("6,5")
        .date("2026-12-24")
        .dates("2026-07-01", "2026-07-31")
        .days_of(CronTrigger::builder().day("last"))
        .fires_of(CronTrigger::builder().hour(8));
    let trigger = built(daily().except(calendar).next_business_day());
    assert_eq!(
        trigger.to_string(),
        "except[cron[hour='9'], sat,sun, 2026-07-01/2026-07-31, 2026-12-24, days of cron[day='last'], \
         fires of cron[hour='8'], next business day]"
    );
}

/// Evaluates the inner fire times one by one, with chrono, and postpones them day by day.
fn brute_force(
    inner: &dyn Trigger,
    excluded: impl Fn(NaiveDate) -> bool,
    postpones: bool,
) -> Vec<Timestamp> {
    let zone = helsinki();
    let mut fires = Vec::new();
    let from = NOW.saturating_sub(Duration::from_secs(40 * 86_400));
    let until = NOW.saturating_add(Duration::from_secs(400 * 86_400));
    let mut next = inner.next_fire_time(None, from);
    while let Some(fire) = next.filter(|&fire| fire <= until) {
        next = inner.next_fire_time(Some(fire), fire);
        let local = fire.in_zone(&zone).naive_local();
        if !excluded(local.date()) {
            fires.push(fire);
        } else if postpones {
            let target_day = local.date().iter_days().find(|&day| !excluded(day)).unwrap();
            let postponed = target_day.and_time(local.time().with_nanosecond(0).unwrap());
            let instant = match zone.from_local_datetime(&postponed) {
                chrono::MappedLocalTime::None => {
                    zone.from_local_datetime(&(postponed - chrono::TimeDelta::hours(1))).unwrap()
                        + chrono::TimeDelta::hours(1)
                }
                found => found.earliest().unwrap(),
            };
            fires.push(instant.into());
        }
    }
    fires.sort();
    fires.dedup();
    fires.retain(|&fire| {
        fire >= NOW && fire <= until.saturating_sub(Duration::from_secs(40 * 86_400))
    });
    fires
}

#[test]
fn fire_times_equal_a_brute_force_evaluation() {
    let inner = [
        built(CronTrigger::builder().hour("1,3,23").minute("*/30")),
        built(CronTrigger::builder().day("1-7,20,last").hour(3).minute(15)),
        built(IntervalTrigger::minutes(97).start_date("2025-12-01")),
        built(IntervalTrigger::days(5).start_date("2025-12-01 03:10:00")),
        built(AndTrigger::of(CronTrigger::builder().day_of_week("fri-sun").hour("*/3"))),
    ];
    let weekend = |day: NaiveDate| day.weekday().num_days_from_monday() >= 5;
    let march = |day: NaiveDate| day.month() == 3 && day.day() >= 20;
    for inner in inner {
        for postpones in [false, true] {
            let calendar = Calendar::new()
                .weekdays("sat,sun")
                .dates("2026-03-20", "2026-03-31")
                .dates("2027-03-20", "2027-03-31")
                .days_of(CronTrigger::builder().month("*/3").day("*/2"))
                .days_from(CronTrigger::builder().month("3/3").day(7), 3);
            let months = |day: NaiveDate| match day.month() % 3 {
                0 => (7..=9).contains(&day.day()),
                1 => day.day() % 2 == 1,
                _ => false,
            };
            let excluded = |day: NaiveDate| weekend(day) || march(day) || months(day);
            let mut trigger = inner.clone().except(calendar);
            if postpones {
                trigger = trigger.next_business_day();
            }
            let trigger = built(trigger);
            let expected = brute_force(&*inner, excluded, postpones);
            assert!(expected.len() > 10);
            let mut previous = None;
            for &fire in &expected {
                let found = trigger.next_fire_time(previous, NOW);
                assert_eq!(found, Some(fire), "{trigger} after {previous:?}");
                let just_before = fire.saturating_add_micros(-1);
                let latest = trigger.latest_fire_time(NOW, just_before);
                assert_eq!(latest, previous, "{trigger} up to {just_before}");
                previous = found;
            }
        }
    }
    assert_eq!(ExceptTrigger::MAX_SEARCH_STEPS, 1_000_000);
}
