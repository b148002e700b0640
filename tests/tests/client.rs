//! A client-only scheduler adds jobs, and another process runs them on time; the client reads the history.

use std::path::Path;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{HistoryQuery, OutcomeKind};
use punctual_tests::backend;
use punctual_tests::failpoint::FailpointControl;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::process::Process;
use punctual_tests::store::{StoreLocation, builder};
use punctual_tests::test_store::TestStore;
use punctual_tests::worker_config::WorkerConfig;
use tokio::sync::watch;

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// The maximum delay of a run in a process that has to notice its job. The poll interval is one second; without polls
/// or notifications, the process would query the store only when it renews its lease.
const LATE: Duration = Duration::from_secs(3);

/// The maximum number of attempts until a run is on time, since the machine may be busy.
const TRIES: usize = 6;

fn another_process_runs_jobs_of_a_client_on_time(folder: &Path, location: &StoreLocation) {
    let config = WorkerConfig {
        location: location.clone(),
        identity: Some("worker".into()),
        ..WorkerConfig::new(folder, "worker")
    };
    let mut worker = Process::start(&mut config.command(CHILD));
    worker.wait_for_line(|line| line == "ready");
    worker.send_line("go");

    let client = builder(location, FailpointControl(watch::Sender::new(None))).client_only();
    let client = client.start().unwrap();
    let mut runs = 0;
    let mut is_in_time = |job: &str| {
        runs += 1;
        let started =
            worker.wait_for_line(|line| line.starts_with(&format!("begin worker {job} ")));
        worker.wait_for_line(|line| line.starts_with(&format!("end worker {job} ")));
        let started: Entry = started.parse().unwrap();
        let late = started.at.saturating_since(started.scheduled);
        println!("{job} was {late:.2?} late");
        late < LATE
    };
    let soon = (0..TRIES).any(|_| {
        // The worker is idle by then, because it has found no job.
        let soon = SystemClock.now().saturating_add(Duration::from_millis(1_500));
        client.job(record_run()).id("soon").trigger(DateTrigger::at(soon)).add().unwrap();
        is_in_time("soon")
    });
    let later = DateTrigger::at(Timestamp::MAX);
    let now = client.job(record_run()).id("now").trigger(later).recovery(Recovery::Rerun);
    // The record of the previous run may not be cleared yet.
    now.max_instances(2).add().unwrap();
    let now = (0..TRIES).any(|_| {
        client.make_job_due("now").unwrap();
        is_in_time("now")
    });
    assert!(soon && now, "no run was on time");
    client.remove_job("now").unwrap();
    assert_eq!(client.active_run_count(), 0);
    // History entries are written with the last commit, at the latest by the shutdown.
    worker.shut_down();

    let entries = journal::read(&folder.join("journal"));
    let starts = entries.iter().filter(|entry| entry.phase == RunPhase::Started);
    assert_eq!(starts.count(), runs);
    let history = client.history(HistoryQuery::new()).unwrap();
    let mut entries_read: Vec<_> = history
        .entries
        .iter()
        .map(|entry| (entry.job.job_id.as_str(), entry.node.as_str(), entry.outcome))
        .collect();
    assert_eq!(entries_read.len(), runs);
    entries_read.dedup();
    let success = OutcomeKind::Success;
    assert_eq!(entries_read, [("now", "worker", success), ("soon", "worker", success)]);
    client.shutdown().unwrap();
}

macro_rules! for_every_store {
    ($($store:ident)*) => {$(
        #[test]
        fn $store() {
            let folder = tempfile::tempdir().unwrap();
            let test_store = TestStore::new(backend(stringify!($store)), folder.path());
            another_process_runs_jobs_of_a_client_on_time(folder.path(), test_store.location());
        }
    )*};
}

punctual_backends::for_each_backend!(persistent => for_every_store);
