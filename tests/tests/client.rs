//! A scheduler that runs nothing adds jobs, and another process runs them: on time, and its client sees how.

use std::path::Path;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{Clock, HistoryQuery, OutcomeKind, SystemClock};
use punctual_tests::halt::Halts;
use punctual_tests::journal::{self, Mark};
use punctual_tests::process::Process;
use punctual_tests::role::{Role, occur};
use punctual_tests::store::{Place, builder};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::sync::watch;

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// How late a run may begin in a process that had to find out about its job: the poll interval is a second,
/// and these machines are busy.
const LATE: Duration = Duration::from_secs(3);

fn what_a_client_adds_another_process_runs_on_time(folder: &Path, place: Place) {
    let role = Role {
        place: place.clone(),
        identity: Some("worker".into()),
        ..Role::new(folder, "worker")
    };
    let mut worker = Process::start(&mut role.command(CHILD));
    worker.line_that(|line| line == "ready");
    worker.tell("go");

    let client = builder(&place, Halts(watch::Sender::new(None))).client_only();
    let client = client.start().unwrap();
    // By then it has found that there is nothing to do, and sleeps.
    let soon = SystemClock.now().saturating_add(Duration::from_millis(1_500));
    client.add_job(occur()).id("soon").trigger(DateTrigger::at(soon)).add().unwrap();
    let later = DateTrigger::at(Timestamp::MAX);
    client.add_job(occur()).id("now").trigger(later).recovery(Recovery::Rerun).add().unwrap();
    worker.line_that(|line| line.starts_with("end worker soon"));
    client.make_job_due("now").unwrap();
    worker.line_that(|line| line.starts_with("end worker now"));
    client.remove_job("now").unwrap();
    assert_eq!(client.running_count(), 0);
    // Its entries are written with the last commit, or when it ends.
    worker.end();

    let entries = journal::read(&folder.join("journal"));
    let begins: Vec<_> = entries.iter().filter(|entry| entry.mark == Mark::Begin).collect();
    assert_eq!(begins.len(), 2);
    for entry in begins {
        let late = entry.at.saturating_since(entry.scheduled);
        println!("{} was {late:.2?} late", entry.job);
        assert!(late < LATE, "{} was {late:?} late", entry.job);
    }
    let history = client.history(HistoryQuery::new()).unwrap();
    let told: Vec<_> = history
        .entries
        .iter()
        .map(|entry| (entry.job_id.as_str(), entry.node.as_str(), entry.outcome))
        .collect();
    let success = OutcomeKind::Success;
    assert_eq!(told, [("now", "worker", success), ("soon", "worker", success)]);
    client.shutdown().unwrap();
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::from(folder.path());
    what_a_client_adds_another_process_runs_on_time(folder.path(), place);
}

#[test]
fn postgres() {
    let url = punctual_testkit::server_url("postgres");
    let (server, _) = url.rsplit_once('/').expect("a database in the URL");
    let name = format!("client_{}", std::process::id());
    let ask = |statement: String| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let mut connection = PgConnection::connect(&url).await.unwrap();
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await.unwrap();
        });
    };
    ask(format!("CREATE DATABASE {name}"));
    let folder = tempfile::tempdir().unwrap();
    let place = Place::Postgres(format!("{server}/{name}"));
    what_a_client_adds_another_process_runs_on_time(folder.path(), place);
    ask(format!("DROP DATABASE {name}"));
}
