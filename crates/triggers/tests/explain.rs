//! Tests of `TriggerExt`: fire times, explanations and fingerprints.

use std::time::Duration;

use chrono::{NaiveDate, NaiveDateTime};
use punctual_core::{IntoTrigger, Jitter, Timestamp, TriggerDefaults, ZoneDatabase};
use punctual_triggers::explain::{Reason, Warning};
use punctual_triggers::{
    AndTrigger, Calendar, CalendarIntervalTrigger, CronTrigger, DateTrigger, ExceptExt, Gap,
    IntervalTrigger, OrTrigger, TriggerExt,
};

/// 2026-03-27 00:00, a Friday, in Helsinki. Two days later there is a forward transition from 03:00 to 04:00.
const MARCH: Timestamp = Timestamp::from_seconds(1_774_562_400);
/// 2026-10-24 00:00, a Saturday, in Helsinki. On the next day there is a backward transition from 04:00 to 03:00.
const OCTOBER: Timestamp = Timestamp::from_seconds(1_792_789_200);

fn explained(builder: impl IntoTrigger, from: Timestamp, count: usize) -> String {
    let zone = ZoneDatabase::bundled().get("Europe/Helsinki").unwrap();
    let trigger = builder.into_trigger(&TriggerDefaults::new(zone, from)).unwrap();
    let text = trigger.explain(from, count).to_string();
    let (head, rest) = text.split_once('\n').unwrap();
    assert_eq!(head, format!("{trigger} in Europe/Helsinki"));
    rest.to_owned()
}

fn local(month: u32, day: u32, hour: u32, minute: u32) -> NaiveDateTime {
    NaiveDate::from_ymd_opt(2026, month, day).unwrap().and_hms_opt(hour, minute, 0).unwrap()
}

#[test]
fn gaps() {
    let at = || CronTrigger::builder().hour(3).minute("0,30");
    assert_eq!(
        explained(at(), MARCH, 6),
        "\
Fri 2026-03-27 03:00:00 +02:00
Fri 2026-03-27 03:30:00 +02:00
Sat 2026-03-28 03:00:00 +02:00
Sat 2026-03-28 03:30:00 +02:00
Sun 2026-03-29 04:00:00 +03:00  03:00:00 does not exist (clock set forward)
Sun 2026-03-29 04:30:00 +03:00  03:30:00 does not exist (clock set forward)
warning: on 2026-03-29, 03:00:00 does not exist (clock set forward); the trigger fires at 04:00:00
warning: on 2026-03-29, 03:30:00 does not exist (clock set forward); the trigger fires at 04:30:00
warning: on 2027-03-28, 03:00:00 does not exist (clock set forward); the trigger fires at 04:00:00
"
    );
    let skips = explained(at().gap(Gap::Skip), MARCH, 5);
    assert!(skips.contains(
        "\n(Sun 2026-03-29 04:00:00 +03:00)  03:00:00 to 03:30:00 do not exist (clock set forward)\nMon 2026-03-30 03:00"
    ));
    assert!(skips.contains(
        "03:00:00 to 03:30:00 do not exist (clock set forward); the trigger does not fire"
    ));
    let next = explained(at().gap(Gap::NextValid), MARCH, 5);
    assert!(
        next.contains(
            "Sun 2026-03-29 04:00:00 +03:00  03:00:00 does not exist (clock set forward)\n"
        )
    );
    let monthly = CalendarIntervalTrigger::days(1).hour(3).start_date("2026-03-01");
    assert!(explained(monthly, MARCH, 3).contains("04:00:00 +03:00  03:00:00 does not exist"));
    // Twelve local times are one warning: in two gaps and one fold.
    let often = explained(CronTrigger::builder().minute("*/5").hour("3"), MARCH, 1);
    assert_eq!(often.matches("warning: ").count(), 3);
}

#[test]
fn folds() {
    assert_eq!(
        explained(CronTrigger::builder().hour("2-4"), OCTOBER, 7),
        "\
Sat 2026-10-24 02:00:00 +03:00
Sat 2026-10-24 03:00:00 +03:00
Sat 2026-10-24 04:00:00 +03:00
Sun 2026-10-25 02:00:00 +03:00
Sun 2026-10-25 03:00:00 +03:00  first occurrence of an ambiguous time
Sun 2026-10-25 04:00:00 +02:00
Mon 2026-10-26 02:00:00 +02:00
warning: on 2027-03-28, 03:00:00 does not exist (clock set forward); the trigger fires at 04:00:00
"
    );
    let every_hour = explained(CronTrigger::builder().minute(30), OCTOBER, 30);
    assert!(every_hour.contains(
        "03:30:00 +03:00  first occurrence of an ambiguous time\nSun 2026-10-25 03:30:00 +02:00  second occurrence"
    ));
    assert!(
        every_hour.contains("warning: on 2026-10-25, 03:30:00 is ambiguous (clock set back); the trigger fires at both occurrences\n")
    );
}

#[test]
fn elapsed_days() {
    let daily =
        IntervalTrigger::days(1).start_date("2026-10-24 12:00:00").jitter(Duration::from_secs(90));
    assert_eq!(
        explained(daily, OCTOBER, 2),
        "\
Sat 2026-10-24 12:00:00 +03:00  the run starts between 12:00:00 and 12:01:30
Sun 2026-10-25 11:00:00 +02:00  UTC offset changed; the interval is elapsed time; the run starts between 11:00:00 and 11:01:30
warning: the interval counts days of 24 hours; the local time of day changes on 2026-10-25. Use \
         CalendarIntervalTrigger for a constant local time
"
    );
    assert!(
        !explained(IntervalTrigger::hours(5), OCTOBER, 2).contains("warning: the interval counts")
    );
}

#[test]
fn exclusions() {
    let daily = || CronTrigger::builder().hour(9);
    let closed = || Calendar::new().weekdays("sat,sun");
    assert_eq!(
        explained(daily().except(closed()), MARCH, 2),
        "\
Fri 2026-03-27 09:00:00 +02:00
(Sat 2026-03-28 09:00:00 +02:00)  excluded
(Sun 2026-03-29 09:00:00 +03:00)  excluded
Mon 2026-03-30 09:00:00 +03:00
"
    );
    let saturdays = CronTrigger::builder().day_of_week("sat").hour(9);
    assert_eq!(
        explained(saturdays.except(closed()).next_business_day(), MARCH, 1),
        "Mon 2026-03-30 09:00:00 +03:00  postponed from Sat 2026-03-28\n"
    );
    let hourly = CronTrigger::builder()
        .hour("*")
        .except(Calendar::new().fires_of(CronTrigger::builder().hour(1)));
    assert!(explained(hourly, MARCH, 2).starts_with(
        "Fri 2026-03-27 00:00:00 +02:00\n(Fri 2026-03-27 01:00:00 +02:00)  excluded\nFri 2026-03-27 02:00"
    ));
}

#[test]
fn combinations() {
    let night = || CronTrigger::builder().hour(3);
    let either = OrTrigger::of(night()).or(CronTrigger::builder().hour(5));
    assert!(
        explained(either, MARCH, 5)
            .contains("04:00:00 +03:00  03:00:00 does not exist (clock set forward)\n")
    );
    let both = AndTrigger::of(night()).and(CronTrigger::builder().hour("*").gap(Gap::Shift));
    assert!(
        explained(both, MARCH, 3)
            .contains("04:00:00 +03:00  03:00:00 does not exist (clock set forward)\n")
    );
}

#[test]
fn ends() {
    assert_eq!(
        explained(CronTrigger::builder().month(2).day(30), MARCH, 3),
        "warning: the trigger never fires\n"
    );
    assert_eq!(
        explained(DateTrigger::at("2026-03-27 08:00:00"), MARCH, 3),
        "Fri 2026-03-27 08:00:00 +02:00\nwarning: there are no further fire times\n"
    );
    assert_eq!(
        explained(DateTrigger::at("2026-03-26"), MARCH, 3),
        "warning: the trigger never fires\n"
    );
    let thrice = CronTrigger::builder().hour(12).max_runs(3);
    assert!(
        explained(thrice, MARCH, 0)
            .contains("warning: the job is finished after 3 runs (max_runs)")
    );
}

#[test]
fn explanations_are_data() {
    let zone = ZoneDatabase::bundled().get("Europe/Helsinki").unwrap();
    let jitter = Jitter::Symmetric(Duration::from_secs(60));
    let trigger = CronTrigger::builder().hour(3).timezone(&zone).jitter(jitter).build().unwrap();
    let explanation = trigger.explain(MARCH, 3);
    let days: Vec<_> = explanation.fires().map(|time| time.date_naive().to_string()).collect();
    assert_eq!(days, ["2026-03-27", "2026-03-28", "2026-03-29"]);
    let last = &explanation.steps[2];
    assert!(last.fires);
    assert_eq!(last.reasons, [Reason::Shifted(local(3, 29, 3, 0))]);
    let (from, until) = last.window.clone().unwrap();
    assert_eq!((until - from).num_seconds(), 120);
    assert!(
        matches!(&explanation.warnings[0], Warning::Shifted { wall: at, .. } if *at == local(3, 29, 3, 0))
    );
}

#[test]
fn fires_between_and_before() {
    let trigger = CronTrigger::builder().hour("0,12").timezone("Europe/Helsinki").build().unwrap();
    let day = Timestamp::from_seconds(MARCH.as_micros() / 1_000_000 + 86_400);
    assert_eq!(trigger.between(MARCH, day).count(), 3);
    assert_eq!(trigger.fires(MARCH).take(4).count(), 4);
    let before = MARCH.saturating_add_micros(-1);
    assert_eq!(trigger.latest_at_or_before(MARCH), Some(MARCH));
    assert_eq!(trigger.latest_at_or_before(before).unwrap().to_string(), "2026-03-26T10:00:00Z");
    assert_eq!(trigger.between(day, MARCH).count(), 0);
    // A date in the future is the only fire time; a date in the past is not included.
    let date = DateTrigger::at(day).build().unwrap();
    assert_eq!(date.fires(MARCH).collect::<Vec<_>>(), [day]);
    assert_eq!(date.fires(day.saturating_add_micros(1)).count(), 0);
}

#[test]
fn fingerprints_cover_all_zones_that_affect_the_fire_times() {
    let bundled = ZoneDatabase::bundled();
    let zone = |name: &str| bundled.get(name).unwrap();
    let cron = |name: &str| CronTrigger::builder().hour(3).timezone(zone(name));
    let built = cron("Europe/Helsinki").build().unwrap();
    assert_eq!(built.rules_fingerprint(), zone("Europe/Helsinki").fingerprint());
    let either = |left, right| OrTrigger::of(cron(left)).or(cron(right)).build().unwrap();
    let helsinki_tokyo = either("Europe/Helsinki", "Asia/Tokyo").rules_fingerprint();
    assert_ne!(helsinki_tokyo, either("Asia/Tokyo", "Europe/Helsinki").rules_fingerprint());
    assert_ne!(helsinki_tokyo, either("Europe/Helsinki", "Asia/Seoul").rules_fingerprint());
    // Zone rules do not affect elapsed time.
    let interval = IntervalTrigger::days(1).timezone(zone("Europe/Helsinki")).build().unwrap();
    assert_eq!(interval.rules_fingerprint(), 0);
}
