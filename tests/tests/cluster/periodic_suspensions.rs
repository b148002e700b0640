//! Every few seconds one of the processes is suspended at a random moment, and resumed long after its lease has
//! expired.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::{Backend, Location};
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::Processes;
use crate::run_log::RunLogChecker;
use crate::seed;
use crate::workload::Workload;

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// The time between two suspensions; at least one of the four processes always runs.
const EVERY: Duration = Duration::from_secs(5);

/// The duration of a suspension; runs of the suspended process are taken over meanwhile.
const FOR: Duration = Duration::from_secs(14);

/// The number of suspensions, unless there is less time.
pub(crate) const SUSPENSIONS: u32 = 5;

/// A suspended process may hold locks, and its clock readings are stale when it resumes.
pub(crate) fn test(backend: &'static Backend, jobs: usize, stops: u32) {
    let mut random = seed(backend);
    let fixture = Fixture::new(backend);
    let workload = Workload {
        name: "",
        jobs,
        starts: [SystemClock.now(); 2],
        period: (stops * EVERY + FOR) / 20,
        // Interrupted runs count towards the limit until they have been run again.
        max_instances: 16,
    };
    workload.add(fixture.location());
    let mut processes = Processes::default();
    for name in NAMES {
        processes.start(&WorkerConfig {
            max_run_duration: Duration::from_secs(1),
            ..fixture.config(name)
        });
    }
    for name in NAMES {
        // A start that times out fails and is not retried.
        processes.get(name).wait_for_line(|line| line == "ready");
    }
    let mut stopped: Vec<(&str, Timestamp)> = Vec::new();
    let started = SystemClock.now();
    for (number, name) in (0..stops).zip(NAMES.into_iter().cycle()) {
        let moment = EVERY * number + Duration::from_micros(random.u64(0..2_000_000));
        let moment = started.saturating_add(moment);
        resume_until(&mut processes, &mut stopped, moment);
        processes.suspend(name);
        stopped.push((name, SystemClock.now().saturating_add(FOR)));
    }
    let end = started.saturating_add(stops * EVERY + FOR);
    resume_until(&mut processes, &mut stopped, end);
    let report = processes.finish(fixture.location());

    let took = report.took;
    let checker = RunLogChecker::new(&fixture, report);
    checker.check(&[&workload]);
    let skip = checker.counts(&workload, Recovery::Skip);
    let rerun = checker.counts(&workload, Recovery::Rerun);
    println!(
        "{backend:?}: {} with {stops} stops, {took:.1?} after the last; skip {skip:?}; rerun {rerun:?}",
        workload.fire_times(),
    );
    assert_eq!(
        rerun.never_finished, 0,
        "fire times of `Recovery::Rerun` jobs without a completed run"
    );
    // A process that is suspended while it writes to a file blocks all others, so there may be no take-over.
    let taken_over = rerun.restarted > 0 || backend.location() == Location::File;
    assert!(taken_over, "no process was suspended during a run");
    assert_eq!((skip.never_finished, skip.restarted), (0, 0));
}

/// Reads output until that time, and resumes the processes that are due.
fn resume_until(processes: &mut Processes, stopped: &mut Vec<(&str, Timestamp)>, until: Timestamp) {
    while let Some(&(name, time)) = stopped.first().filter(|(_, time)| *time <= until) {
        processes.read_output(time.saturating_since(SystemClock.now()));
        processes.resume(name);
        stopped.remove(0);
    }
    processes.read_output(until.saturating_since(SystemClock.now()));
}
