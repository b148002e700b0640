//! Runs are cancelled by other processes, and by their timeouts, also those whose process is killed.

use std::time::Duration;

use punctual::CancelRequest;
use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::completions;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::{self, Entry};
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::Processes;

/// Shorter than by default, so that the runs of the killed process are soon taken over.
const LEASE: Duration = Duration::from_secs(5);

/// The timeout of some jobs.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Jobs whose names begin with the outcome of their runs. Those of `Recovery::Skip` jobs are lost with their process.
const JOBS: [&str; 4] = ["cancelled-skip", "cancelled-rerun", "timed_out-skip", "timed_out-rerun"];

pub(crate) fn test(backend: &'static Backend) {
    let fixture = Fixture::new(backend);
    let mut processes = Processes::default();
    for name in ["killed", "one", "two"] {
        // The runs wait, so they end only because they are cancelled.
        processes.start_idle(&WorkerConfig {
            hold_runs: true,
            log_completions: true,
            lease: LEASE,
            ..fixture.config(name)
        });
    }
    // They have opened the run log by then.
    for name in ["killed", "one", "two"] {
        processes.get(name).wait_for_line(|line| line == "ready");
    }
    let started = || journal::read(&fixture.journal());
    let ends = || completions::read(&fixture.folder().join("ends"));
    let runs_of = |job: &str| -> Vec<Entry> {
        started().into_iter().filter(|entry| entry.job == job).collect()
    };
    with_store(fixture.location().clone(), |scheduler| {
        let cancel = |job: &str| {
            let run = runs_of(job)[0].run.parse().expect("a run id");
            assert_eq!(scheduler.cancel_run(run)?, CancelRequest::Forwarded);
            Ok::<_, SchedulerError>(())
        };

        // Killed before the requests are made, and before the timeout.
        processes.get("killed").send_line("go");
        let orphans = ["cancelled-skip", "cancelled-rerun", "timed_out-rerun"];
        scheduler.add_jobs(orphans.map(|job| new_job(&format!("{job}-orphan"), 3 * TIMEOUT)))?;
        processes.wait_until("not all runs have started", |_| started().len() == orphans.len());
        processes.kill("killed");
        cancel("cancelled-skip-orphan")?;
        cancel("cancelled-rerun-orphan")?;

        processes.get("one").send_line("go");
        processes.get("two").send_line("go");
        scheduler.add_jobs(JOBS.map(|job| new_job(job, TIMEOUT)))?;
        processes.wait_until("not all runs have started", |_| {
            JOBS.iter().all(|job| !runs_of(job).is_empty())
        });
        cancel("cancelled-skip")?;
        cancel("cancelled-rerun")?;
        processes.wait_until("not all runs were cancelled", |_| ends().len() >= JOBS.len() + 2);
        Ok(())
    })
    .unwrap();
    processes.shut_down("one");
    processes.shut_down("two");

    for job in JOBS {
        assert_eq!(runs_of(job).len(), 1, "no run is repeated: {:#?}", started());
    }
    for (job, times) in
        [("cancelled-skip-orphan", 1), ("cancelled-rerun-orphan", 2), ("timed_out-rerun-orphan", 2)]
    {
        let runs = runs_of(job);
        let is_killed = |entry: &Entry| entry.process == "killed";
        assert_eq!(runs.iter().filter(|entry| is_killed(entry)).count(), 1, "{runs:#?}");
        assert_eq!(runs.len(), times, "{runs:#?}");
    }
    let mut outcomes: Vec<_> = ends().into_iter().map(|end| (end.job, end.outcome)).collect();
    outcomes.sort();
    let ended = JOBS.into_iter().chain(["cancelled-rerun-orphan", "timed_out-rerun-orphan"]);
    let outcome = |job: &str| job.split('-').next().unwrap_or_default().to_owned();
    let mut expected: Vec<_> = ended.map(|job| (job.to_owned(), outcome(job))).collect();
    expected.sort();
    assert_eq!(outcomes, expected);
}

/// A job that is due now, with the recovery and the timeout that its name says.
fn new_job(id: &str, timeout: Duration) -> NewJob {
    let recovery = if id.contains("rerun") { Recovery::Rerun } else { Recovery::Skip };
    NewJob::builder(record_run())
        .id(id)
        .recovery(recovery)
        .trigger(DateTrigger::at(SystemClock.now()))
        .timeout(id.starts_with("timed_out").then_some(timeout))
        .build()
}
