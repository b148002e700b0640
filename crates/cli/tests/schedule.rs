//! Crontabs run by the components of the daemon, with a manual clock and real processes.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use punctual::{Clock, Event, EventMask, EventStream, JobQuery, SqliteJobStore, Timestamp, Zone};
use punctual_cli::account::Account;
use punctual_cli::crontab::{Crontab, Format};
use punctual_cli::daemon::{JobSettings, RunningCommands, configure, install, start_reboot_jobs};
use punctual_testkit::ManualScheduler;

/// 2026-03-02T11:59:30Z, a Monday.
const START: Timestamp = Timestamp::from_seconds(1_772_452_770);

fn settings() -> JobSettings {
    JobSettings {
        current: Account::current().unwrap(),
        misfire_grace_time: None,
        max_instances: u32::MAX,
        output_limit: 1 << 20,
    }
}

/// Starts a daemon with this crontab; its state file is in `folder`.
fn start(folder: &Path, crontab: &str, now: Timestamp) -> ManualScheduler {
    let crontab = Crontab::parse("tab", crontab, Format::User, &Zone::utc()).unwrap();
    let store = SqliteJobStore::open(folder.join("state.sqlite")).unwrap();
    let scheduler = ManualScheduler::start(now, |builder| {
        configure(builder.timezone("UTC"), store, RunningCommands::default())
    })
    .unwrap();
    scheduler.block_on(async {
        install(&scheduler, &crontab, &settings(), now).await.unwrap();
        start_reboot_jobs(&scheduler, &crontab, &settings()).await.unwrap();
    });
    scheduler
}

/// Returns the times of the runs that have succeeded since the last call.
fn executed(events: &mut EventStream) -> Vec<String> {
    let mut times = Vec::new();
    while let Some(event) = events.try_next() {
        match event {
            Event::JobExecuted(run) => {
                times.push(run.scheduled_time.to_string()[11..16].to_owned())
            }
            other => panic!("{other:?}"),
        }
    }
    times.sort();
    times
}

fn lines(file: &Path) -> usize {
    fs::read_to_string(file).map_or(0, |text| text.lines().count())
}

const ENDS: EventMask =
    EventMask::from_bits(EventMask::JOB_EXECUTED.bits() | EventMask::JOB_ERROR.bits());

#[test]
fn commands_run_at_the_right_minute() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let crontab = format!(
        "DIR={}\n\
         * * * * * echo minute >> \"$DIR/minutes\"\n\
         1-59/2 12 * * 1 cat >> \"$DIR/odd\"%from%stdin\n\
         CRON_TZ=Europe/Helsinki\n\
         2 14 * * * echo \"$LOGNAME at $HOME\" > \"$DIR/helsinki\"\n\
         30 5 * * * echo tomorrow > \"$DIR/tomorrow\"\n",
        folder.path().display()
    );
    let scheduler = start(folder.path(), &crontab, START);
    let mut events = scheduler.events(ENDS);

    scheduler.advance(Duration::from_secs(29));
    assert!(executed(&mut events).is_empty() && !path("minutes").exists());
    scheduler.advance(Duration::from_secs(1));
    assert_eq!((executed(&mut events), lines(&path("minutes"))), (vec!["12:00".into()], 1));
    scheduler.advance(Duration::from_secs(60));
    assert_eq!(executed(&mut events), ["12:01", "12:01"]);
    assert_eq!(fs::read_to_string(path("odd")).unwrap(), "from\nstdin\n");
    assert!(!path("helsinki").exists());
    scheduler.advance(Duration::from_secs(60));
    assert_eq!(executed(&mut events), ["12:02", "12:02"]);
    let current = settings().current;
    assert_eq!(
        fs::read_to_string(path("helsinki")).unwrap(),
        format!("{} at {}\n", current.name, current.home)
    );
    scheduler.advance(Duration::from_secs(57 * 60));
    assert_eq!((lines(&path("minutes")), lines(&path("odd"))), (60, 60));
    assert!(!path("tomorrow").exists());
}

#[test]
fn a_restart_neither_repeats_nor_forgets() {
    let folder = tempfile::tempdir().unwrap();
    let runs = |name: &str| lines(&folder.path().join(name));
    let line = |times: &str, name: &str| {
        format!("{times} echo run >> {}/{name}\n", folder.path().display())
    };
    let (hourly, daily) = (line("@hourly", "hourly"), line("30 13 * * *", "daily"));
    let gone = line("0 13 * * *", "gone");
    let crontab = format!("{hourly}{daily}{gone}");

    let scheduler = start(folder.path(), &crontab, START);
    scheduler.advance(Duration::from_secs(60));
    assert_eq!(runs("hourly"), 1);
    scheduler.block_on(scheduler.shutdown()).unwrap();
    drop(scheduler);

    // Stopped from 12:00:30 to 15:10: hourly missed 13:00, 14:00 and 15:00, daily missed 13:30. One entry is removed,
    // one is added, and the variables of the others are changed.
    let new = line("0 15 * * *", "new");
    let crontab = format!("X=changed\n{daily}{new}{hourly}");
    let later = Timestamp::from_seconds(1_772_464_200);
    let scheduler = start(folder.path(), &crontab, later);
    let mut events = scheduler.events(ENDS);
    scheduler.advance(Duration::from_secs(1));
    assert_eq!(executed(&mut events), ["13:30", "15:00"], "one late run each, for the latest time");
    assert_eq!((runs("hourly"), runs("daily"), runs("gone"), runs("new")), (2, 1, 0, 0));
    scheduler.block_on(scheduler.shutdown()).unwrap();
    drop(scheduler);

    let scheduler = start(folder.path(), &crontab, later.saturating_add(Duration::from_secs(2)));
    scheduler.advance(Duration::from_secs(60));
    assert_eq!((runs("hourly"), runs("daily")), (2, 1), "no run is repeated");
}

#[test]
fn reboot_entries_run_at_every_start_and_only_then() {
    let folder = tempfile::tempdir().unwrap();
    let crontab = format!("@reboot echo up >> {}/up\n", folder.path().display());
    for starts in 1..=2 {
        let scheduler = start(folder.path(), &crontab, START);
        scheduler.advance(Duration::from_secs(300));
        assert_eq!(lines(&folder.path().join("up")), starts);
        assert!(scheduler.clock().now() > START);
        scheduler.block_on(scheduler.shutdown()).unwrap();
    }
}

#[test]
fn the_outcome_contains_the_exit_status() {
    let folder = tempfile::tempdir().unwrap();
    let crontab = "* * * * * exit 3\n* * * * * true\n* * * * * kill -15 $$\n";
    let scheduler = start(folder.path(), crontab, START);
    let mut events = scheduler.events(ENDS);
    scheduler.advance(Duration::from_secs(30));
    let mut ends: Vec<_> = std::iter::from_fn(|| events.try_next())
        .map(|event| match event {
            Event::JobExecuted(run) | Event::JobError(run) => run.outcome.unwrap().to_string(),
            other => panic!("{other:?}"),
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["error: exit status 3", "error: killed by signal 15", "success"]);
}

#[test]
fn entries_that_can_not_be_run_are_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let me = settings().current.name;
    let text = format!("* * * * * no-such-user a\n0 0 30 2 * {me} b\n* * * * * {me} true\n");
    let crontab = Crontab::parse("tab", &text, Format::System, &Zone::utc()).unwrap();
    let scheduler = start(folder.path(), "", START);
    let installed = scheduler.block_on(install(&scheduler, &crontab, &settings(), START));
    assert_eq!(installed.unwrap(), 1);
    let mut events = scheduler.events(ENDS);
    scheduler.advance(Duration::from_secs(30));
    assert_eq!(executed(&mut events), ["12:00"]);
}

#[test]
fn jobs_of_other_programs_are_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let scheduler = start(folder.path(), "@daily true", START);
    scheduler.block_on(scheduler.shutdown()).unwrap();
    fs::write(folder.path().join("tab"), "").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    let command = command.args(["run", "tab", "--state", "state.sqlite"]).current_dir(&folder);
    let log = String::from_utf8(command.output().unwrap().stderr).unwrap();
    assert!(log.contains("state.sqlite contains jobs of another program"), "{log}");
    let store = SqliteJobStore::open(folder.path().join("state.sqlite")).unwrap();
    let scheduler = ManualScheduler::start(START, |builder| {
        configure(builder, store, RunningCommands::default())
    });
    let scheduler = scheduler.unwrap();
    assert_eq!(scheduler.block_on(scheduler.get_jobs(JobQuery::new())).unwrap().len(), 1);
}
