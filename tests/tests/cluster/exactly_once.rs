//! Without failures, each fire time is run exactly once.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::journal::Mark;

use crate::crew::Crew;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::verdict::Verdict;

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// Four processes start concurrently on an empty database, so that they race to create its tables. Half of the jobs are
/// an hour overdue; the others become due during the test. The first runs last until each process has started one, so
/// that all processes take part.
pub(crate) fn test(backend: &'static Backend, jobs: usize) {
    let stage = Stage::new(backend);
    let mut crew = Crew::default();
    for name in NAMES {
        let role = stage.role(name);
        // The limit keeps all processes together below half of the jobs.
        crew.start(&punctual_tests::role::Role { holds: true, max_running: jobs / 10, ..role });
    }
    for name in NAMES {
        crew.get(name).line_that(|line| line == "ready");
    }
    let now = SystemClock.now();
    let plan = Plan {
        name: "",
        jobs,
        starts: [now.saturating_sub(Duration::from_secs(3600)), now],
        period: Duration::from_millis(500),
        max_instances: 1,
    };
    plan.add(stage.place());
    for name in NAMES {
        crew.get(name).line_that(|line| line.starts_with("begin"));
    }
    crew.tell("release");
    let finished = crew.finish(stage.place());

    let took = finished.took;
    let verdict = Verdict::new(&stage, finished);
    verdict.check(&[&plan]);
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let counts = verdict.counts(&plan, recovery);
        assert_eq!((counts.never_ended, counts.begun_again), (0, 0), "{recovery:?}");
    }
    let ends = NAMES.map(|name| verdict.lines_of(name, Mark::End));
    println!("{backend:?}: {} in {took:.1?}, by process {ends:?}", plan.occurrences());
    assert_eq!(ends.iter().sum::<usize>(), plan.occurrences());
    assert!(ends.iter().all(|&ends| ends > 0), "a process ran no job");
}
