use punctual::{Timestamp, Trigger};

use super::*;

fn parse(text: &str, format: Format) -> Result<Crontab, CrontabError> {
    Crontab::parse("tab", text, format, &Zone::utc())
}

fn entries(text: &str) -> Vec<Entry> {
    parse(text, Format::User).unwrap().entries
}

fn errors(text: &str, format: Format) -> String {
    parse(text, format).unwrap_err().to_string()
}

/// Returns the first fire time from 2026-03-02T00:00:00Z on, a Monday.
fn first_fire(entry: &Entry) -> String {
    let Schedule::Times { trigger, .. } = &entry.schedule else {
        return "@reboot".to_owned();
    };
    let midnight = Timestamp::from_seconds(1_772_409_600);
    trigger.next_fire_time(None, midnight).unwrap().to_string()
}

#[test]
fn entries_of_both_formats() {
    let line = " 09,39\t* 1-31/1 JAN-mar  mon,5  root  echo a  b # not a comment ";
    for (format, user, command) in [
        (Format::System, Some("root"), "echo a  b # not a comment "),
        (Format::User, None, "root  echo a  b # not a comment "),
    ] {
        let [entry] = &parse(line, format).unwrap().entries[..] else {
            panic!("one entry");
        };
        assert_eq!((entry.user.as_deref(), &*entry.command), (user, command));
        assert_eq!(first_fire(entry), "2026-03-02T00:09:00Z");
    }
}

#[test]
fn macros() {
    let text = "@reboot a\n@yearly b\n@annually c\n@monthly d\n@weekly e\n@daily f\n@Midnight g\n@hourly h";
    let fires: Vec<_> = entries(text).iter().map(first_fire).collect();
    assert_eq!(
        fires,
        [
            "@reboot",
            "2027-01-01T00:00:00Z",
            "2027-01-01T00:00:00Z",
            "2026-04-01T00:00:00Z",
            "2026-03-08T00:00:00Z",
            "2026-03-02T00:00:00Z",
            "2026-03-02T00:00:00Z",
            "2026-03-02T00:00:00Z",
        ]
    );
}

#[test]
fn comments_blank_lines_and_line_ends() {
    let entries = entries("# one\n\n \t# two\n\t\n* * * * * a\r\nX=y\r\n* * * * * b");
    let lines: Vec<_> = entries.iter().map(|e| (e.line, &*e.script)).collect();
    assert_eq!(lines, [(5, "a"), (7, "b")]);
    assert_eq!(entries[1].variables["X"], "y");
}

#[test]
fn variables() {
    let text = concat!(
        "  A = one two  \nB=\"  q  \"\nC='x \"y\"'\n'D d'=$HOME/x\nE=a#b = c\n",
        "MAILTO=\nF=\"\"   \nA=again\n@daily x = y"
    );
    let variables: Vec<_> =
        entries(text)[0].variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(
        variables,
        ["A=again", "B=  q  ", "C=x \"y\"", "D d=$HOME/x", "E=a#b = c", "F=", "MAILTO="]
    );
}

#[test]
fn variables_apply_to_the_lines_after_them() {
    let entries = entries("@daily a\nX=1\n@daily b\nX=2\n@daily c");
    let values: Vec<_> = entries.iter().map(|e| e.variables.get("X")).collect();
    assert_eq!(values, [None, Some(&"1".into()), Some(&"2".into())]);
}

#[test]
fn cron_tz_applies_to_the_lines_after_it() {
    let text = "0 12 * * * a\nCRON_TZ=Europe/Helsinki\n0 12 * * * b\nTZ=Asia/Tokyo\n0 12 * * * c\n\
                CRON_TZ=\n0 12 * * * d";
    let fires: Vec<_> = entries(text).iter().map(first_fire).collect();
    assert_eq!(
        fires,
        [
            "2026-03-02T12:00:00Z",
            "2026-03-02T10:00:00Z",
            "2026-03-02T10:00:00Z",
            "2026-03-02T12:00:00Z",
        ]
    );
}

#[test]
fn errors_contain_file_line_and_column() {
    for (format, text, expected) in [
        (Format::User, " 5  3-24 * * * x", "tab:1:7: hour \"3-24\": "),
        (Format::User, "* * * * ls", "tab:1:9: day_of_week \"ls\": "),
        (Format::User, "\n* * *", "tab:2:1: \"* * *\""),
        (Format::User, "@dayly x", "tab:1:1: \"@dayly\""),
        (Format::User, "* * * * *  ", "tab:1:12: the command is missing"),
        (
            Format::System,
            "@daily",
            "tab:1:7: the user is missing; a system crontab has a user between the schedule and the command",
        ),
        (Format::System, "@daily root", "tab:1:12: the command is missing"),
        (Format::User, "A = \"x", "tab:1:5: the quote is not closed"),
        (
            Format::User,
            "A = \"x\" # y",
            "tab:1:9: unexpected text after the closing quote: \"# y\"",
        ),
        (Format::User, "CRON_TZ=Mars/Olympus", "tab:1:9: CRON_TZ is not valid: "),
        (Format::User, "* * * * * a\0b", "tab:1:11: a NUL character can't be passed to a command"),
    ] {
        let error = errors(text, format);
        assert!(error.starts_with(expected), "{text:?}: {error}");
    }
}

#[test]
fn all_errors_are_reported() {
    let error = errors("* * * * 8 a\n@daily b\n61 * * * * c", Format::User);
    let lines: Vec<_> = error.lines().map(|line| &line[..8]).collect();
    assert_eq!(lines, ["tab:1:9:", "tab:3:1:"]);
}
