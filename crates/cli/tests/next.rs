//! Tests of the `punctual next` command.

use std::process::{Command, Output};

fn next(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_punctual")).arg("next").args(arguments).output().unwrap()
}

fn lines(arguments: &[&str]) -> Vec<String> {
    let output = next(arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn error(arguments: &[&str]) -> String {
    let output = next(arguments);
    assert!(!output.status.success(), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn fire_times_in_a_zone_over_a_clock_change() {
    let helsinki = ["--zone", "Europe/Helsinki", "--from", "2026-03-28"];
    assert_eq!(
        lines(&[&["30 3 * * *", "-n", "3"], &helsinki[..]].concat()),
        [
            "Sat 2026-03-28 03:30:00 +02:00",
            "Sun 2026-03-29 04:30:00 +03:00",
            "Mon 2026-03-30 03:30:00 +03:00",
        ]
    );
    let from = ["--zone", "Europe/Helsinki", "--from", "2026-03-29T02:30:00"];
    assert_eq!(
        lines(&[&["*/30 * * * *", "-n", "3"], &from[..]].concat()),
        [
            "Sun 2026-03-29 02:30:00 +02:00",
            "Sun 2026-03-29 04:00:00 +03:00",
            "Sun 2026-03-29 04:30:00 +03:00",
        ]
    );
}

#[test]
fn the_version_contains_the_release_of_the_time_zones() {
    let version = |zones: &std::path::Path| {
        let punctual = env!("CARGO_BIN_EXE_punctual");
        let output = Command::new(punctual).arg("--version").env("TZDIR", zones).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let own = env!("CARGO_PKG_VERSION");
    let zones = tempfile::tempdir().unwrap();
    assert_eq!(version(zones.path()), format!("punctual {own} (time zones 2026e)\n"));
    let file = concat!("TZif2", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    std::fs::write(zones.path().join("UTC"), file).unwrap();
    std::fs::write(zones.path().join("tzdata.zi"), "# version 2027b\n").unwrap();
    assert_eq!(version(zones.path()), format!("punctual {own} (time zones 2027b)\n"));
}

#[test]
fn unusual_times_are_explained() {
    let helsinki = ["--zone", "Europe/Helsinki", "--from", "2026-03-28", "--explain"];
    assert_eq!(
        lines(&[&["30 3 * * *", "-n", "2"], &helsinki[..]].concat()),
        [
            "crontab[30 3 * * *] in Europe/Helsinki",
            "Sat 2026-03-28 03:30:00 +02:00",
            "Sun 2026-03-29 04:30:00 +03:00  03:30:00 does not exist (clock set forward)",
            "warning: on 2026-03-29, 03:30:00 does not exist (clock set forward); the trigger fires at 04:30:00",
            "warning: on 2027-03-28, 03:30:00 does not exist (clock set forward); the trigger fires at 04:30:00",
        ]
    );
}

#[test]
fn either_day_field_and_sunday_by_both_numbers() {
    let from = ["--zone", "UTC", "--from", "2026-03-01"];
    let expected = [
        "Sun 2026-03-01 04:30:00 +00:00",
        "Sun 2026-03-08 04:30:00 +00:00",
        "Sun 2026-03-15 04:30:00 +00:00",
        "Mon 2026-03-16 04:30:00 +00:00",
    ];
    for sunday in ["0", "7", "sun"] {
        let expression = format!("30 4 1,16 * {sunday}");
        assert_eq!(lines(&[&[&*expression, "-n", "4"], &from[..]].concat()), expected);
    }
}

#[test]
fn ten_times_from_now_by_default() {
    assert_eq!(lines(&["@hourly"]).len(), 10);
    assert_eq!(lines(&["@hourly", "-n", "0"]).len(), 0);
    let zones: Vec<_> = lines(&["@daily", "--zone", "Asia/Kathmandu"]);
    assert!(zones.iter().all(|line| line.ends_with(" 00:00:00 +05:45")));
}

#[test]
fn errors_describe_the_problem() {
    assert_eq!(error(&["0 0 30 2 *", "--zone", "UTC"]), "punctual: \"0 0 30 2 *\" never fires\n");
    let hour = error(&["0 24 * * *"]);
    assert!(hour.starts_with("punctual: hour \"24\" (column 1): "), "{hour}");
    assert!(error(&["* * * *"]).contains("expected 5"));
    assert!(error(&["@daily", "--zone", "Mars/Olympus"]).contains("Mars/Olympus"));
    assert!(error(&["@daily", "--from", "yesterday"]).contains("yesterday"));
}

#[test]
fn a_machine_without_a_known_zone_is_warned_of() {
    let next = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
        let command = command.args(["next", "@daily", "-n", "1"]).args(arguments);
        let output = command.env("TZ", "XYZ-3:30").output().unwrap();
        [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap())
    };
    let [times, warning] = next(&[]);
    assert!(times.ends_with(" 00:00:00 +00:00\n"), "{times}");
    assert!(warning.starts_with("punctual: times are in UTC because "), "{warning}");
    assert_eq!(next(&["--zone", "UTC"])[1], "");
}
