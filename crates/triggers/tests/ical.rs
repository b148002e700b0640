//! Exclusion calendars from iCalendar files.

#![cfg(feature = "ical")]

use punctual_core::{Timestamp, Trigger, TriggerRegistry};
use punctual_triggers::{Calendar, CronTrigger, ExceptExt, register_builtin_triggers};

/// Returns up to `count` days from 2026 on that the events exclude.
fn excluded(events: &str, count: usize) -> Vec<String> {
    let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{events}END:VCALENDAR\r\n");
    let text = text.replace("\r\n", "\n").replace('\n', "\r\n");
    let calendar = Calendar::from_ical(&text).unwrap();
    // In this zone, a day starts before the same day in UTC.
    let trigger = CronTrigger::builder()
        .hour(0)
        .except(calendar)
        .timezone("Pacific/Auckland")
        .build()
        .unwrap();
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let trigger = registry.restore(&trigger.spec()).unwrap();
    let every = CronTrigger::builder().hour(0).timezone("Pacific/Auckland").build().unwrap();
    let mut day = every.next_fire_time(None, Timestamp::from_seconds(1_767_139_200));
    let mut days = Vec::new();
    while let Some(fire) = day.filter(|_| days.len() < count) {
        if trigger.latest_fire_time(fire, fire).is_none() {
            let local = fire.in_zone(every.zone().unwrap());
            days.push(local.format("%F").to_string());
        }
        day = every
            .next_fire_time(day, fire)
            .filter(|&fire| fire < Timestamp::from_seconds(2_200_000_000));
    }
    days
}

fn event(lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:1@example.org\nSUMMARY:Päivä\\, jona on\n  kiinni\n{lines}\nEND:VEVENT\n"
    )
}

fn rule(start: &str, rule: &str) -> String {
    event(&format!("DTSTART;VALUE=DATE:{start}\nRRULE:{rule}"))
}

#[test]
fn days_once() {
    let events = event("DTSTART;VALUE=DATE:20260101")
        + &event("DTSTART;VALUE=DATE:20260403\nDTEND;VALUE=DATE:20260407")
        + &event("DTSTART:20260501\nDURATION:P2D\nTRANSP:TRANSPARENT")
        + &event("DTSTART;VALUE=DATE:20260620\nSTATUS:CANCELLED")
        + &event(
            "DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260701\nRDATE;VALUE=DATE:20260703,20260705",
        );
    assert_eq!(
        excluded(&events, 20),
        [
            "2026-01-01",
            "2026-04-03",
            "2026-04-04",
            "2026-04-05",
            "2026-04-06",
            "2026-05-01",
            "2026-05-02",
            "2026-07-01",
            "2026-07-03",
            "2026-07-05"
        ]
    );
    assert_eq!(excluded("", 1), Vec::<String>::new());
}

#[test]
fn days_every_year() {
    for (event, expected) in [
        (rule("20001225", "FREQ=YEARLY"), vec!["2026-12-25", "2027-12-25"]),
        (rule("19001225", "FREQ=YEARLY;WKST=MO"), vec!["2026-12-25", "2027-12-25"]),
        (rule("20240229", "FREQ=YEARLY"), vec!["2028-02-29", "2032-02-29"]),
        (rule("20201225", "FREQ=YEARLY;INTERVAL=4"), vec!["2028-12-25", "2032-12-25"]),
        (rule("19281225", "FREQ=YEARLY;INTERVAL=4"), vec!["2028-12-25", "2032-12-25"]),
        (rule("20251225", "FREQ=YEARLY;COUNT=3"), vec!["2026-12-25", "2027-12-25"]),
        (rule("20251225", "FREQ=YEARLY;UNTIL=20271225"), vec!["2026-12-25", "2027-12-25"]),
        (rule("20251225", "FREQ=YEARLY;UNTIL=20271224T235959Z"), vec!["2026-12-25"]),
        (rule("20251127", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"), vec!["2026-11-26", "2027-11-25"]),
        (rule("20250526", "FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5"), vec!["2026-05-25", "2027-05-31"]),
        (
            rule("20241105", "FREQ=YEARLY;INTERVAL=2;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8"),
            vec!["2026-11-03", "2028-11-07"],
        ),
        (
            rule("20240630", "FREQ=YEARLY;BYMONTH=6,12;BYMONTHDAY=-1"),
            vec!["2026-06-30", "2026-12-31"],
        ),
        (
            rule("20251224", "FREQ=YEARLY").replace("RRULE", "DTEND;VALUE=DATE:20251227\nRRULE"),
            vec!["2026-12-24", "2026-12-25", "2026-12-26", "2027-12-24"],
        ),
        (
            rule("20251225", "FREQ=YEARLY")
                .replace("RRULE", "EXDATE;VALUE=DATE:20261225,20281225\nRRULE"),
            vec!["2027-12-25", "2029-12-25"],
        ),
    ] {
        let mut found = excluded(&event, 4);
        found.truncate(expected.len());
        assert_eq!(found, expected, "{event}");
    }
    assert_eq!(excluded(&rule("20251225", "FREQ=YEARLY;COUNT=3"), 9).len(), 2);
}

#[test]
fn invalid_and_unsupported_input_is_an_error() {
    for (event, reason) in [
        (rule("20250101", "FREQ=WEEKLY"), "only FREQ=YEARLY"),
        (rule("20250101", "FREQ=YEARLY;BYYEARDAY=1"), "BYYEARDAY is not supported"),
        (rule("20250101", "FREQ=YEARLY;BYEASTER=-2"), "BYEASTER is not supported"),
        (rule("20250101", "FREQ=YEARLY;BYDAY=20MO"), "BYDAY=20MO is not supported"),
        (rule("20250101", "FREQ=YEARLY;BYDAY=1MO"), "requires BYMONTH"),
        (rule("20250101", "FREQ=YEARLY;BYDAY=1MO,TU;BYMONTH=1"), "with and without"),
        (rule("20250101", "FREQ=YEARLY;BYMONTH=13"), "allowed: 1-12"),
        (rule("20250102", "FREQ=YEARLY;BYMONTHDAY=1"), "does not match the rule"),
        (rule("19500101", "FREQ=YEARLY;COUNT=90"), "start in 1970"),
        (rule("20250101", "FREQ=YEARLY;COUNT=0"), "allowed: 1-"),
        (rule("20250101", "FREQ=YEARLY;UNTIL=forever"), "is not a date"),
        (rule("20250101", "FREQ=YEARLY;FREQ=YEARLY"), "is given twice"),
        (rule("20250101", "YEARLY"), "has no value"),
        (rule("20250101T080000Z", "FREQ=YEARLY"), "only whole days"),
        (event("DTSTART:20250101T080000"), "only whole days"),
        (event("DTSTART;VALUE=DATE:20250230"), "there is no such date"),
        (event("DTSTART;VALUE=DATE:20250101\nDURATION:PT8H"), "only whole days"),
        (event("DTSTART;VALUE=DATE:20250101\nRECURRENCE-ID:1"), "RECURRENCE-ID"),
        (rule("20250101", "FREQ=YEARLY;COUNT=1000000"), "allowed: 1-100000"),
        (event("DTSTART:20250103\nDTEND:20250102"), "the end is before the start"),
        (event("DTEND;VALUE=DATE:20250101"), "DTSTART is missing"),
    ] {
        let text = format!("BEGIN:VCALENDAR\n{event}END:VCALENDAR\n");
        let error = Calendar::from_ical(&text).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    for text in [
        "",
        "The quick brown fox",
        "BEGIN:",
        "BEGIN:VCALENDAR",
        "BEGIN:VEVENT\nDTSTART:20250101\nEND:VEVENT\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nmore",
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20250101\nEND:VCALENDAR\n",
        &"BEGIN:VEVENT\n".repeat(100_000),
    ] {
        assert!(Calendar::from_ical(text).is_err(), "{text:.80}");
    }
}
