//! The Quartz dialect, with expectations from Quartz' own documentation, source and tests.

use punctual_core::{Timestamp, Trigger, TriggerRegistry, ZoneDatabase};
use punctual_triggers::{CronTrigger, register_builtin_triggers};

/// Returns the next fire times from 2026-01-01 in UTC, as `MM-DD HH:MM:SS`, or as `MM-DD` at midnight.
fn fires(expression: &str, count: usize) -> Vec<String> {
    let trigger = CronTrigger::from_quartz(expression).timezone("UTC").build().unwrap();
    let mut registry = TriggerRegistry::new();
    register_builtin_triggers(&mut registry);
    let trigger = registry.restore(&trigger.spec()).unwrap();
    let mut fires = Vec::new();
    let mut previous = None;
    while fires.len() < count {
        previous = trigger.next_fire_time(previous, Timestamp::from_seconds(1_767_225_600));
        let Some(fire) = previous else { break };
        let text = fire.to_utc().format("%m-%d %H:%M:%S").to_string();
        fires.push(text.trim_end_matches(" 00:00:00").to_owned());
    }
    fires
}

#[test]
fn days_by_position() {
    for (expression, expected) in [
        // 1 January 2026 is a Thursday, 31 January a Saturday, 31 May a Sunday, 1 August a Saturday.
        ("0 0 0 L * ?", vec!["01-31", "02-28", "03-31"]),
        ("0 0 0 L-3 * ?", vec!["01-28", "02-25", "03-28"]),
        ("0 0 0 L-30 * ?", vec!["01-01", "03-01", "05-01"]),
        ("0 0 0 LW * ?", vec!["01-30", "02-27", "03-31"]),
        ("0 0 0 LW 5 ?", vec!["05-29"]),
        ("0 0 0 L-1W 5 ?", vec!["05-29"]),
        ("0 0 0 15W * ?", vec!["01-15", "02-16", "03-16", "04-15"]),
        ("0 0 0 1W 8 ?", vec!["08-03"]),
        ("0 0 0 31W * ?", vec!["01-30", "03-31", "05-29"]),
        ("0 0 0 L,15W,2 1 ?", vec!["01-02", "01-15", "01-31"]),
        ("0 0 0 ? * 6#3", vec!["01-16", "02-20", "03-20"]),
        ("0 0 0 ? * FRI#3", vec!["01-16", "02-20", "03-20"]),
        ("0 0 0 ? * MON#5", vec!["03-30", "06-29"]),
        ("0 0 0 ? * 6L", vec!["01-30", "02-27", "03-27"]),
        ("0 0 0 ? * FRIL", vec!["01-30", "02-27", "03-27"]),
        ("0 0 0 ? 1 2#1,6L,1", vec!["01-04", "01-05", "01-11", "01-18", "01-25", "01-30"]),
        // `L` without a weekday is the last day of the week.
        ("0 0 0 ? * L", vec!["01-03", "01-10", "01-17"]),
    ] {
        let found = fires(expression, expected.len());
        assert_eq!(found, expected, "{expression}");
    }
}

#[test]
fn ranges_lists_and_steps() {
    for (expression, expected) in [
        ("0 0 0 ? * 1", vec!["01-04", "01-11"]),
        ("0 0 0 ? * SUN", vec!["01-04", "01-11"]),
        ("0 0 0 ? * FRI-MON", vec!["01-02", "01-03", "01-04", "01-05", "01-09"]),
        ("0 0 0 ? * 2-6/2", vec!["01-02", "01-05", "01-07", "01-09"]),
        ("0 0 0 ? * */3", vec!["01-03", "01-04", "01-07", "01-10"]),
        ("0 0 0 30-2 * ?", vec!["01-01", "01-02", "01-30", "01-31", "02-01"]),
        ("0 0 0 1 nov-feb ?", vec!["01-01", "02-01", "11-01", "12-01"]),
        ("0 0 0 1 11-2/3 ?", vec!["02-01", "11-01"]),
        ("0 0 22-2 1 1 ?", vec!["01-01", "01-01 01:00:00", "01-01 02:00:00", "01-01 22:00:00"]),
        ("50-10/15 0 0 1 1 ?", vec!["01-01 00:00:05", "01-01 00:00:50"]),
        ("0 /20 0 1 1 ?", vec!["01-01", "01-01 00:20:00", "01-01 00:40:00"]),
        ("0 5/25 0 1 1 ?", vec!["01-01 00:05:00", "01-01 00:30:00", "01-01 00:55:00"]),
        ("0 0 12 ? JAN,MAR MON#1", vec!["01-05 12:00:00", "03-02 12:00:00"]),
    ] {
        let found = fires(expression, expected.len());
        assert_eq!(found, expected, "{expression}");
    }
}

#[test]
fn years_are_optional() {
    assert_eq!(fires("0 0 0 29 2 ? 2027-2033", 9), ["02-29", "02-29"]);
    assert_eq!(fires("0 0 0 1 1 ? 2020", 1), Vec::<String>::new());
    assert_eq!(fires("0 0 0 1 1 ? 2026/4", 3), ["01-01", "01-01", "01-01"]);
    assert_eq!(fires("0 0 0 30 2 ?", 1), Vec::<String>::new());
}

#[test]
fn errors_contain_field_value_column_and_allowed_values() {
    let error = |expression: &str| {
        let built = CronTrigger::from_quartz(expression).timezone("UTC").build();
        built.unwrap_err().to_string()
    };
    assert_eq!(
        error("0 0 24 * * ?"),
        r#"hour "24" (column 1): a value is missing or out of range; allowed: 0-23"#
    );
    assert_eq!(
        error("0 0 0 ? * mon,0"),
        r#"day_of_week "MON,0" (column 5): a value is missing or out of range; allowed: 1-7 from Sunday or SUN-SAT, also as 6L or 6#3; L; ?"#
    );
    assert_eq!(
        error("0 0 0 ? * 6#6"),
        r#"day_of_week "6#6" (column 3): expected a position; allowed: 1-5"#
    );
    assert_eq!(
        error("0 0 0 * * *"),
        r#"day_of_week "*" (column 1): exactly one of day of month and day of week must be "?""#
    );
    assert!(error("0 0 0 * *").contains("5 fields; expected 6 or 7"));
    for expression in [
        "0 0 0 ? * ?",
        "0 0 0 1 1 ? 2026 1",
        "0 0 ? 1 1 ?",
        "0 0 0 ?? 1 2",
        "0 0 0 ?,1 1 ?",
        "0 0 0 L-31 * ?",
        "0 0 0 L-0 * ?",
        "0 0 0 W * ?",
        "0 0 0 32W * ?",
        "0 0 0 L15 * ?",
        "0 0 0 15L * ?",
        "0 0 0 ? * 6W",
        "0 0 0 ? * MONDAY",
        "0 0 0 ? * MON-6",
        "0 0 0 ? * 2-FRI",
        "0 0 0 ? * MON-FRI/2",
        "0 0 0 ? * 2-6L",
        "0 0 0 1 1 ? 2030-2026",
        "0 */0 0 1 1 ?",
        "0 */60 0 1 1 ?",
        "0 / 0 1 1 ?",
        "0 1,,2 0 1 1 ?",
        "0 -1 0 1 1 ?",
        "0 1.5 0 1 1 ?",
        "0 １ 0 1 1 ?",
        "",
    ] {
        assert!(!error(expression).is_empty(), "{expression}");
    }
}

#[test]
fn default_gap_policies_are_those_of_cron() {
    let zone = ZoneDatabase::bundled().get("Europe/Helsinki").unwrap();
    let fixed = CronTrigger::from_quartz("0 30 3 * * ?").timezone(&zone).build().unwrap();
    let before_gap = Timestamp::from_seconds(1_774_738_800); // 2026-03-29 01:00
    let fire = fixed.next_fire_time(None, before_gap).unwrap();
    assert_eq!(fire.in_zone(&zone).to_rfc3339(), "2026-03-29T04:30:00+03:00");
    let running = CronTrigger::from_quartz("0 /30 3 * * ?").timezone(&zone).build().unwrap();
    let fire = running.next_fire_time(None, before_gap).unwrap();
    assert_eq!(fire.in_zone(&zone).to_rfc3339(), "2026-03-30T03:00:00+03:00");
}
