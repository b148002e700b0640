//! A run is cancelled by another process, and another one by its timeout.

use std::time::Duration;

use punctual::CancelRequest;
use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::completions;
use punctual_tests::jobs::record_run;
use punctual_tests::journal;
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::Processes;

pub(crate) fn test(backend: &'static Backend) {
    let fixture = Fixture::new(backend);
    let mut processes = Processes::default();
    for name in ["one", "two"] {
        // The runs wait, so they end only because they are cancelled.
        processes.start(&WorkerConfig {
            hold_runs: true,
            log_completions: true,
            ..fixture.config(name)
        });
    }
    // They have opened the run log by then.
    let is_ready = |processes: &Processes, name| processes.count_lines(name, "ready") > 0;
    processes.wait_until("not all processes are ready", |processes| {
        ["one", "two"].into_iter().all(|name| is_ready(processes, name))
    });
    let jobs = [
        ("cancelled-skip", Recovery::Skip, None),
        ("cancelled-rerun", Recovery::Rerun, None),
        ("timed_out-skip", Recovery::Skip, Some(Duration::from_secs(1))),
        ("timed_out-rerun", Recovery::Rerun, Some(Duration::from_secs(1))),
    ];
    let started = || journal::read(&fixture.journal());
    let ends = || completions::read(&fixture.folder().join("ends"));
    with_store(fixture.location().clone(), |scheduler| {
        let added = jobs.map(|(id, recovery, timeout)| {
            let job = NewJob::builder(record_run()).id(id).recovery(recovery);
            let job = job.trigger(DateTrigger::at(SystemClock.now()));
            match timeout {
                Some(timeout) => job.timeout(timeout).build(),
                None => job.build(),
            }
        });
        scheduler.add_jobs(added)?;
        processes.wait_until("not all runs have started", |_| started().len() == jobs.len());
        for entry in started().iter().filter(|entry| entry.job.starts_with("cancelled")) {
            let run = entry.run.parse().expect("a run id");
            assert_eq!(scheduler.cancel_run(run)?, CancelRequest::Forwarded);
        }
        processes.wait_until("not all runs were cancelled", |_| ends().len() >= jobs.len());
        Ok(())
    })
    .unwrap();
    processes.shut_down("one");
    processes.shut_down("two");
    assert_eq!(started().len(), jobs.len(), "no run is repeated: {:#?}", started());
    let mut outcomes: Vec<_> = ends().into_iter().map(|end| (end.job, end.outcome)).collect();
    outcomes.sort();
    let expected = ["cancelled-rerun", "cancelled-skip", "timed_out-rerun", "timed_out-skip"];
    let outcome = |job: &str| job.split('-').next().unwrap_or_default().to_owned();
    assert_eq!(outcomes, expected.map(|job| (job.to_owned(), outcome(job))));
}
