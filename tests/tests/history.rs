//! `punctual history` reads the history that a program has left on a server, as a user who may do no more than that.

use clap::Parser;
use punctual::core::{CommitBatch, JobStore, NodeId, RunId, TaskName};
use punctual::prelude::*;
use punctual::{HistoryEntry, OutcomeKind};
use punctual_cli::args::{Cli, Command};
use punctual_cli::history;
use punctual_tests::server::Server;

/// What it prints, without the head of the table; or what it says instead.
async fn run(arguments: &[&str]) -> Result<Vec<String>, String> {
    let words = [&["punctual", "history", "--zone", "UTC"], arguments].concat();
    let Command::History(args) = Cli::try_parse_from(words).unwrap().command else {
        unreachable!()
    };
    let mut out = Vec::new();
    let printed = history::print(&args, &mut out, |text| panic!("{text}")).await;
    let error = |error: history::HistoryError| {
        let text = format!("{error} {error:?} {args:?}");
        assert!(!text.contains("hunter2"), "{text}");
        error.to_string()
    };
    printed.map_err(error)?;
    let text = String::from_utf8(out).unwrap();
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

/// Leaves more runs behind than are read at once.
async fn leave_runs(store: impl JobStore) {
    let at = |second: u32| Timestamp::from_seconds(1_774_742_400 + i64::from(second));
    let entry = |number: u32| HistoryEntry {
        run_id: RunId::from_u128(number.into()),
        attempt: 1,
        job_id: JobId::new(if number == 7 { "report" } else { "mail" }).unwrap(),
        task: TaskName::new("work").unwrap(),
        node: NodeId::new("node").unwrap(),
        scheduled_time: at(number),
        started: Some(at(number)),
        finished: at(number + 1),
        outcome: if number == 7 { OutcomeKind::Failed } else { OutcomeKind::Success },
        error: (number == 7).then(|| "no paper".into()),
    };
    store.start().await.unwrap();
    let entries = (0..2_500).map(entry).collect();
    store.commit(CommitBatch::new(Vec::new(), entries)).await.unwrap();
    store.shutdown().await;
}

/// `place` are the options that lead to the runs, `elsewhere` to where there are no tables.
async fn reads_what_is_there(place: &[&str], elsewhere: &[&str]) {
    let report = "2026-03-29 00:00:07 +00:00  +0.000s    1.000s     failed             1    report: no paper";
    assert_eq!(run(&[place, &["--job", "report"]].concat()).await.unwrap(), [report]);
    let all = run(&[place, &["-n", "9999"]].concat()).await.unwrap();
    assert_eq!((all.len(), &*all[2_492]), (2_500, report));
    assert!(all[0].starts_with("2026-03-29 00:41:39"), "{}", all[0]);
    // Had the first look made tables, the second would find them.
    for _ in 0..2 {
        let error = run(elsewhere).await.unwrap_err();
        assert!(error.contains("tables"), "{error}");
    }
}

#[tokio::test]
async fn on_postgres() {
    let server = Server::start("postgres");
    let store = PostgresJobStore::builder().url(server.url()).schema("jobs").table_prefix("mine_");
    leave_runs(store.build().unwrap()).await;
    server.does("CREATE ROLE reader LOGIN");
    server.does("GRANT USAGE ON SCHEMA jobs TO reader");
    server.does("GRANT SELECT ON jobs.mine_schema, jobs.mine_history TO reader");
    let url = &server.url().replace("postgres@", "reader:hunter2@");
    let place = ["--store", url, "--schema", "jobs", "--table-prefix", "mine_"];
    reads_what_is_there(&place, &["--store", url, "--schema", "jobs"]).await;
    // Where the user might make tables.
    let error = run(&["--store", server.url(), "--schema", "new"]).await.unwrap_err();
    assert!(error.contains("tables"), "{error}");
    let error = run(&["--store", &format!("{url}s")]).await.unwrap_err();
    assert!(error.contains("no such database"), "{error}");
}

#[tokio::test]
async fn on_mysql() {
    let server = Server::start("mysql");
    let store = MySqlJobStore::builder().url(server.url()).table_prefix("mine_");
    leave_runs(store.build().unwrap()).await;
    server.does(
        "CREATE USER reader@127.0.0.1 IDENTIFIED BY 'hunter2';
         GRANT SELECT ON punctual.mine_schema TO reader@127.0.0.1;
         GRANT SELECT ON punctual.mine_history TO reader@127.0.0.1",
    );
    let url = &server.url().replace("root@", "reader:hunter2@");
    reads_what_is_there(&["--store", url, "--table-prefix", "mine_"], &["--store", server.url()])
        .await;
    let wrong = url.replace("hunter2", "hunter2s");
    let error = run(&["--store", &wrong]).await.unwrap_err();
    assert!(error.contains("Access denied"), "{error}");
    let error = run(&["--store", url, "--schema", "jobs"]).await.unwrap_err();
    assert!(error.contains("--schema is for PostgreSQL"), "{error}");
}
