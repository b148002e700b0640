//! Tests of the `punctual history` command.

use std::process::{Command, Output};

use punctual::core::{CommitBatch, HistoryRecord};
use punctual::{JobId, JobStore, NodeId, OutcomeKind, RunId, SqliteJobStore, TaskName, Timestamp};
use punctual_backends::{Backend, Location};
use tempfile::TempDir;

fn command(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_punctual"));
    command.args(["history", "--zone", "Europe/Helsinki"]).args(arguments);
    command.current_dir(folder).env("XDG_STATE_HOME", folder.path());
    command.env_remove("PUNCTUAL_STORE_URL");
    command
}

fn history(folder: &TempDir, arguments: &[&str]) -> Output {
    command(folder, arguments).output().unwrap()
}

/// Returns the lines of the table without its header.
fn lines(folder: &TempDir, arguments: &[&str]) -> Vec<String> {
    let output = history(folder, &[&["--state", "jobs.sqlite"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    assert!(lines.next().unwrap().starts_with("SCHEDULED  "), "{text}");
    lines.collect()
}

fn error(folder: &TempDir, arguments: &[&str]) -> String {
    stderr_of(history(folder, arguments))
}

/// Returns the standard error of a failed command.
fn stderr_of(output: Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_774_742_400 + seconds) // 2026-03-29 02:00 in Helsinki, an hour before the gap
}

/// A directory with a store that contains runs of two jobs, every half hour.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
    let entry = |n: i64, job: &str| HistoryRecord {
        run_id: RunId::from_u128(n as u128),
        attempt: 1,
        job_id: JobId::new(job).unwrap(),
        task: TaskName::new("work").unwrap(),
        node: NodeId::new("node").unwrap(),
        scheduled_time: at(n * 1_800),
        started: Some(at(n * 1_800).saturating_add_micros(12_000)),
        finished: at(n * 1_800).saturating_add_micros(1_512_000),
        outcome: OutcomeKind::Success,
        error: None,
    };
    let entries = vec![
        entry(0, "mail"),
        HistoryRecord {
            outcome: OutcomeKind::Failed,
            error: Some("no\npaper".into()),
            ..entry(1, "report")
        },
        HistoryRecord { attempt: 2, ..entry(2, "mail") },
        HistoryRecord { started: None, outcome: OutcomeKind::Missed, ..entry(3, "mail") },
    ];
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        store.start().await.unwrap();
        store.commit(CommitBatch::new(Vec::new(), entries)).await.unwrap();
        store.shutdown().await;
    });
    folder
}

#[test]
fn past_runs_are_a_table_newest_first() {
    let folder = folder();
    assert_eq!(
        lines(&folder, &[]),
        [
            "2026-03-29 04:30:00 +03:00  -          -          missed             1    mail",
            "2026-03-29 04:00:00 +03:00  +0.012s    1.500s     success            2    mail",
            "2026-03-29 02:30:00 +02:00  +0.012s    1.500s     failed             1    report: no\\npaper",
            "2026-03-29 02:00:00 +02:00  +0.012s    1.500s     success            1    mail",
        ]
    );
}

#[test]
fn options_filter_runs() {
    let folder = folder();
    let times = |arguments: &[&str]| {
        let lines = lines(&folder, arguments);
        lines.iter().map(|line| line[11..16].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(times(&["--job", "mail"]), ["04:30", "04:00", "02:00"]);
    assert_eq!(times(&["--job", "mail", "-n", "1"]), ["04:30"]);
    assert_eq!(times(&["-n", "0"]), [""; 0]);
    let two = ["--outcome", "failed", "--outcome", "missed"];
    assert_eq!(times(&two), ["04:30", "02:30"]);
    assert_eq!(times(&["--since", "2026-03-29 04:00:00"]), ["04:30", "04:00"]);
    assert_eq!(times(&["--until", "2026-03-29T04:00:00+03:00"]), ["02:30", "02:00"]);
}

#[test]
fn invalid_arguments_are_reported_and_nothing_is_created() {
    let folder = folder();
    let no_file = error(&folder, &["--state", "none.sqlite"]);
    assert!(no_file.contains("none.sqlite"), "{no_file}");
    assert!(!folder.path().join("none.sqlite").exists());
    std::fs::write(folder.path().join("tab"), "").unwrap();
    let no_runs = error(&folder, &["tab"]);
    assert!(no_runs.contains("no past runs are stored"), "{no_runs}");
    let no_tables = error(&folder, &["--state", "jobs.sqlite", "--table-prefix", "other_"]);
    assert!(no_tables.contains("the job tables don't exist"), "{no_tables}");
    let outcome = error(&folder, &["--state", "jobs.sqlite", "--outcome", "bad"]);
    assert!(outcome.contains("invalid_arguments"), "{outcome}");
    let time = error(&folder, &["--state", "jobs.sqlite", "--since", "yesterday"]);
    assert!(time.contains("--since") && time.contains("yesterday"), "{time}");
    std::fs::write(folder.path().join("text"), "just text, which is no database at all").unwrap();
    assert!(error(&folder, &["--state", "text"]).contains("not a database"));
}

#[test]
fn the_command_line_has_precedence_over_the_environment() {
    let folder = folder();
    let from = |variable: &str, arguments: &[&str]| {
        let mut command = command(&folder, arguments);
        command.env("PUNCTUAL_STORE_URL", variable).output().unwrap()
    };
    let url = "oracle://ann:hunter2@localhost/jobs";
    assert!(from(url, &["--state", "jobs.sqlite"]).status.success());
    let error = stderr_of(from("mysql://ann:hunter2@localhost/jobs", &["--store", url]));
    assert!(error.contains("the store given by --store: a store's URL begins with"), "{error}");
    let error = stderr_of(from(url, &[]));
    assert!(
        error.contains("the store given by PUNCTUAL_STORE_URL: a store's URL begins with"),
        "{error}"
    );
    let neither = stderr_of(history(&folder, &[]));
    assert!(neither.contains("or set PUNCTUAL_STORE_URL"), "{neither}");
}

#[test]
fn no_error_contains_a_password() {
    let folder = folder();
    let servers = Backend::all().iter().filter(|backend| backend.location() == Location::Server);
    std::thread::scope(|scope| {
        // In parallel, because each connection attempt takes time.
        for start in servers.flat_map(Backend::url_prefixes) {
            let folder = &folder;
            scope.spawn(move || assert_no_error_contains_the_password(&start, folder));
        }
    });
}

fn assert_no_error_contains_the_password(start: &str, folder: &TempDir) {
    let url = &*format!("{start}ann:hunter2@localhost:port/jobs");
    let unused_port = &*format!("{start}ann:hunter2@localhost:1/jobs");
    for arguments in [
        &["--store", url] as &[&str],
        &["--store", unused_port],
        &["--store", "ann:hunter2@localhost"],
        &["--store", url, "--state", "jobs.sqlite"],
        &["--store", url, "--schema", "jobs; --"],
        &["--state", url],
        &["--stor", url],
        &["--job", "a", "--", "b", url],
        &["tab", url],
        &[url],
    ] {
        let error = error(folder, arguments);
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn a_store_is_given_by_its_url() {
    let folder = folder();
    let url = format!("sqlite:{}", folder.path().join("jobs.sqlite").display());
    let output = history(&folder, &["--store", &url]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 5);
    let no_tables = error(&folder, &["--store", &url, "--table-prefix", "other_"]);
    assert!(no_tables.contains("the job tables don't exist"), "{no_tables}");
    let no_file = error(&folder, &["--store", "sqlite:none.sqlite"]);
    assert!(no_file.contains("the store given by --store"), "{no_file}");
    assert!(!folder.path().join("none.sqlite").exists());
    let no_option = error(&folder, &["--store", &url, "--schema", "jobs"]);
    assert!(no_option.contains("has no option \"schema\""), "{no_option}");
    assert!(error(&folder, &["--store", "memory:"]).contains("in the memory of one process"));
}

#[test]
fn a_backend_needs_its_feature() {
    let folder = folder();
    for backend in Backend::all().iter().filter(|backend| backend.location() == Location::Server) {
        for start in backend.url_prefixes() {
            let error = error(&folder, &["--store", &format!("{start}u@localhost:port/jobs")]);
            let expected = if backend.is_available() { "is invalid" } else { backend.feature() };
            assert!(error.contains(expected), "{error}");
        }
    }
}
