//! Crontabs as installed by Debian's packages, with all their peculiarities.

use std::path::PathBuf;

use punctual::{Timestamp, Trigger, Zone};
use punctual_cli::crontab::{Crontab, Entry, Schedule};

/// Returns the entries of a file below `tests/debian`, in the format determined by its path.
fn entries(file: &str) -> Vec<Entry> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/debian").join(file);
    Crontab::read(&path, None, &Zone::utc()).unwrap().entries
}

/// Returns the first run in the week from Monday 2026-03-02, and its user.
fn first_run(entry: &Entry) -> (String, &str) {
    let Schedule::Times { trigger, .. } = &entry.schedule else {
        panic!("{entry:?}");
    };
    let monday = Timestamp::from_seconds(1_772_409_600);
    let fire = trigger.next_fire_time(None, monday).unwrap().to_string();
    (fire, entry.user.as_deref().unwrap())
}

#[test]
fn the_system_crontab() {
    let entries = entries("etc/crontab");
    let runs: Vec<_> = entries.iter().map(first_run).collect();
    assert_eq!(
        runs,
        [
            ("2026-03-02T00:17:00Z".into(), "root"),
            ("2026-03-02T06:25:00Z".into(), "root"),
            ("2026-03-08T06:47:00Z".into(), "root"),
            ("2026-04-01T06:52:00Z".into(), "root"),
        ]
    );
    assert_eq!(entries[0].script, "cd / && run-parts --report /etc/cron.hourly");
    assert_eq!(entries[0].variables["SHELL"], "/bin/sh");
    assert!(entries[0].variables["PATH"].starts_with("/usr/local/sbin:"));
}

#[test]
fn fragments_of_packages() {
    let entries = entries("etc/cron.d/package");
    let runs: Vec<_> = entries.iter().map(first_run).collect();
    assert_eq!(
        runs,
        [
            ("2026-03-02T00:09:00Z".into(), "root"),
            ("2026-03-02T00:05:00Z".into(), "munin"),
            ("2026-03-08T00:57:00Z".into(), "root"),
            ("2026-03-02T00:00:00Z".into(), "www-data"),
        ]
    );
    assert_eq!(entries[2].script, "[ $(date +%d) -le 7 ] && /usr/lib/example/scrub --all --quiet");
    assert!(entries.iter().all(|entry| entry.stdin.is_none()));
    assert_eq!(entries[3].variables["MAILTO"], "root");
    assert!(!entries[0].variables.contains_key("MAILTO"));
}
