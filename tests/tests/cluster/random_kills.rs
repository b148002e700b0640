//! Kills a random process every second and starts another one in its place.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::Processes;
use crate::run_log::{RunLogChecker, takeover_limit};
use crate::workload::{Workload, interrupted_jobs};
use crate::{number, seed};

/// The number of processes that run at the same time.
const PROCESSES: usize = 4;

/// A process waits for this long before it takes over if live nodes may have been unable to renew their leases.
const HALF_A_LEASE: Duration = Duration::from_secs(5);

/// Runs take up to a second, so each killed process leaves interrupted runs, and possibly claims and commits.
pub(crate) fn test(backend: &'static Backend) {
    let seconds = number("PUNCTUAL_CHAOS_SECONDS").unwrap_or(20);
    let mut random = seed(backend);
    let fixture = Fixture::new(backend);
    let now = SystemClock.now();
    let workload = Workload {
        name: "",
        jobs: interrupted_jobs(),
        starts: [now; 2],
        period: Duration::from_secs(seconds) / 20,
        // Interrupted runs count towards the limit until they have been run again.
        max_instances: 8,
    };
    workload.add(fixture.location());
    let mut processes = Processes::default();
    let mut started = 0;
    let mut start_next = |processes: &mut Processes| {
        started += 1;
        let name = format!("life-{started}");
        processes.start(&WorkerConfig {
            max_run_duration: Duration::from_secs(1),
            ..fixture.config(&name)
        });
        name
    };
    let mut names: Vec<_> = (0..PROCESSES).map(|_| start_next(&mut processes)).collect();
    for _ in 0..seconds {
        // At a random point of the second, so that some processes are killed before they have opened the store.
        let moment = Duration::from_micros(random.u64(0..1_000_000));
        processes.read_output(moment);
        // The first process is never killed. A process that has just started waits for half a lease before it takes
        // over, so without a longer-lived process the time until a take-over would have no bound.
        let index = random.usize(1..PROCESSES);
        processes.kill(&names[index]);
        names[index] = start_next(&mut processes);
        processes.read_output(Duration::from_secs(1) - moment);
    }
    // The runs of the last killed processes have to be taken over, possibly after their claims have expired.
    let report = processes.finish(fixture.location());

    let (took, late, all) = (report.took, report.late, workload.fire_times());
    let checker = RunLogChecker::new(&fixture, report);
    checker.check(&[&workload]);
    let skip = checker.counts(&workload, Recovery::Skip);
    let rerun = checker.counts(&workload, Recovery::Rerun);
    let takeovers = checker.takeovers();
    let longest = takeovers.first().copied().unwrap_or_default();
    println!(
        "{backend:?}: {all} with {seconds} kills, {:.1?} after the last; skip {skip:?}; rerun {rerun:?}; \
         {} taken over, the slowest after {longest:.1?}; the latest start was {:.1?} late",
        took,
        takeovers.len(),
        checker.latest(),
    );
    assert_eq!(
        rerun.never_finished, 0,
        "fire times of `Recovery::Rerun` jobs without a completed run"
    );
    // A process that could not reach the store for a while waits as long as one that has just started.
    assert!(
        longest < takeover_limit(late) + HALF_A_LEASE,
        "a run was taken over {longest:?} after its process had been killed; the scheduling delay was {late:?}"
    );
    assert!(!takeovers.is_empty(), "no process was killed during a run");
    // A killed process loses runs that it has committed but not started. Normally runs start immediately after the
    // commit.
    assert!(skip.never_started < all / 10, "{} fire times never started", skip.never_started);
}
