//! Runs `punctual history` on a store with past runs.

use clap::Parser;
use punctual::core::{CommitBatch, HistoryRecord};
use punctual::prelude::*;
use punctual::{DynJobStore, NodeId, OutcomeKind, RunId, TaskName, error_chain};
use punctual_cli::args::{Cli, Command};
use punctual_cli::history;

/// Runs `punctual history` with these arguments; returns the printed lines without the table header.
///
/// # Errors
///
/// Returns the error message of the command.
///
/// # Panics
///
/// Panics if the arguments can't be parsed, or if an error contains the password `hunter2`.
pub async fn run_history_command(arguments: &[&str]) -> Result<Vec<String>, String> {
    let words = [&["punctual", "history", "--zone", "UTC"], arguments].concat();
    let parsed = Cli::try_parse_from(words).expect("valid arguments");
    let Command::History(args) = parsed.command else { unreachable!() };
    let mut out = Vec::new();
    let printed = history::print(&args, SystemClock.now(), &mut out, |text| panic!("{text}")).await;
    let error = |error: history::HistoryError| {
        let text = format!("{} {error:?} {args:?}", error_chain(&error));
        assert!(!text.contains("hunter2"), "{text}");
        error_chain(&error).to_string()
    };
    printed.map_err(error)?;
    let text = String::from_utf8(out).expect("text");
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

/// Inserts more history entries than are read in one page.
///
/// # Panics
///
/// Panics if the store fails.
pub async fn insert_history(store: &dyn DynJobStore) {
    let at = |second: u32| Timestamp::from_seconds(1_774_742_400 + i64::from(second));
    let entry = |number: u32| HistoryRecord {
        run_id: RunId::from_u128(number.into()),
        attempt: 1,
        job_id: JobId::new(if number == 7 { "report" } else { "mail" }).expect("an id"),
        task: TaskName::new("work").expect("a name"),
        node: NodeId::new("node").expect("a name"),
        scheduled_time: at(number),
        started: Some(at(number)),
        finished: at(number + 1),
        outcome: if number == 7 { OutcomeKind::Failed } else { OutcomeKind::Success },
        error: (number == 7).then(|| "no paper".into()),
    };
    store.start().await.expect("the store starts");
    let entries = (0..2_500).map(entry).collect();
    store.commit(CommitBatch::new(Vec::new(), entries)).await.expect("they are written");
    store.shutdown().await;
}

/// Checks that `punctual history` with these store options prints the inserted entries.
///
/// # Panics
///
/// Panics if the output differs.
pub async fn assert_history_printed(store_options: &[&str]) {
    let report = "2026-03-29 00:00:07 +00:00  +0.000s    1.000s     failed             1    report: no paper";
    assert_eq!(
        run_history_command(&[store_options, &["--job", "report"]].concat()).await,
        Ok(vec![report.into()])
    );
    let all =
        run_history_command(&[store_options, &["-n", "9999"]].concat()).await.expect("a table");
    assert_eq!((all.len(), &*all[2_492]), (2_500, report));
    assert!(all[0].starts_with("2026-03-29 00:41:39"), "{}", all[0]);
}
