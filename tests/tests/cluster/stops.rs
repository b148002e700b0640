//! Every few seconds one of the processes is stopped, at any moment, until long after its lease, and goes on.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::{Backend, Location};
use punctual_tests::role::Role;

use crate::crew::Crew;
use crate::plan::Plan;
use crate::seed;
use crate::stage::Stage;
use crate::verdict::Verdict;

const NAMES: [&str; 4] = ["ann", "bob", "cem", "dee"];

/// From one stop to the next; one of the four is never stopped at a time.
const EVERY: Duration = Duration::from_secs(5);

/// How long a process is stopped: its runs are taken over in the meantime.
const FOR: Duration = Duration::from_secs(14);

/// How many stops there are, unless there is less time.
pub(crate) const STOPS: u32 = 5;

/// A stopped process may hold locks, and when it goes on it believes that it is still as early as it was.
pub(crate) fn test(backend: &'static Backend, jobs: usize, stops: u32) {
    let mut random = seed(backend);
    let stage = Stage::new(backend);
    let plan = Plan {
        name: "",
        jobs,
        starts: [SystemClock.now(); 2],
        period: (stops * EVERY + FOR) / 20,
        // Runs of the stopped count until they have been run again.
        max_instances: 16,
    };
    plan.add(stage.place());
    let mut crew = Crew::default();
    for name in NAMES {
        crew.start(&Role { longest: Duration::from_secs(1), ..stage.role(name) });
    }
    for name in NAMES {
        // A start that takes too long fails, and is nobody's to repeat.
        crew.get(name).line_that(|line| line == "ready");
    }
    let mut stopped: Vec<(&str, Timestamp)> = Vec::new();
    let begun = SystemClock.now();
    for (number, name) in (0..stops).zip(NAMES.into_iter().cycle()) {
        let moment = EVERY * number + Duration::from_micros(random.u64(0..2_000_000));
        let moment = begun.saturating_add(moment);
        resume_until(&mut crew, &mut stopped, moment);
        crew.suspend(name);
        stopped.push((name, SystemClock.now().saturating_add(FOR)));
    }
    let end = begun.saturating_add(stops * EVERY + FOR);
    resume_until(&mut crew, &mut stopped, end);
    let finished = crew.finish(stage.place());

    let took = finished.took;
    let verdict = Verdict::new(&stage, finished);
    verdict.check(&[&plan]);
    let skip = verdict.counts(&plan, Recovery::Skip);
    let rerun = verdict.counts(&plan, Recovery::Rerun);
    println!(
        "{backend:?}: {} with {stops} stops, {took:.1?} after the last; skip {skip:?}; rerun {rerun:?}",
        plan.occurrences(),
    );
    assert_eq!(rerun.never_ended, 0, "occurrences that must run at least once");
    // Whoever is stopped in the middle of a write to a file stops all others too, and nobody takes over.
    let taken_over = rerun.begun_again > 0 || backend.location() == Location::File;
    assert!(taken_over, "no process was stopped during a run");
    assert_eq!((skip.never_ended, skip.begun_again), (0, 0));
}

/// Listens until that instant, and lets those go on whose time comes.
fn resume_until(crew: &mut Crew, stopped: &mut Vec<(&str, Timestamp)>, until: Timestamp) {
    while let Some(&(name, time)) = stopped.first().filter(|(_, time)| *time <= until) {
        crew.listen(time.saturating_since(SystemClock.now()));
        crew.resume(name);
        stopped.remove(0);
    }
    crew.listen(until.saturating_since(SystemClock.now()));
}
