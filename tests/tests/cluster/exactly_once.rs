//! Without failures, each fire time is run exactly once.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::journal::RunPhase;

use crate::fixture::Fixture;
use crate::processes::Processes;
use crate::run_log::RunLogChecker;
use crate::workload::Workload;

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// Four processes start concurrently on an empty database, so that they race to create its tables. Half of the jobs are
/// an hour overdue; the others become due during the test. The first runs last until each process has started one, so
/// that all processes take part.
pub(crate) fn test(backend: &'static Backend, jobs: usize) {
    let fixture = Fixture::new(backend);
    let mut processes = Processes::default();
    for name in NAMES {
        let config = fixture.config(name);
        // The limit keeps all processes together below half of the jobs.
        processes.start(&punctual_tests::worker_config::WorkerConfig {
            hold_runs: true,
            max_concurrent_runs: jobs / 10,
            ..config
        });
    }
    for name in NAMES {
        processes.get(name).wait_for_line(|line| line == "ready");
    }
    let now = SystemClock.now();
    let workload = Workload {
        name: "",
        jobs,
        starts: [now.saturating_sub(Duration::from_secs(3600)), now],
        period: Duration::from_millis(500),
        max_instances: 1,
    };
    workload.add(fixture.location());
    for name in NAMES {
        processes.get(name).wait_for_line(|line| line.starts_with("begin"));
    }
    processes.send_line("release");
    let report = processes.finish(fixture.location());

    let took = report.took;
    let checker = RunLogChecker::new(&fixture, report);
    checker.check(&[&workload]);
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let counts = checker.counts(&workload, recovery);
        assert_eq!((counts.never_finished, counts.restarted), (0, 0), "{recovery:?}");
    }
    let ends = NAMES.map(|name| checker.lines_of(name, RunPhase::Finished));
    println!("{backend:?}: {} in {took:.1?}, by process {ends:?}", workload.fire_times());
    assert_eq!(ends.iter().sum::<usize>(), workload.fire_times());
    assert!(ends.iter().all(|&ends| ends > 0), "a process ran no job");
}
