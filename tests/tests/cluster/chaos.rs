//! Every second one of the processes is killed, and another one takes its place.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::role::Role;

use crate::crew::Crew;
use crate::plan::{ALL, JOBS, Plan};
use crate::stage::Stage;
use crate::verdict::{Verdict, takeover};
use crate::{number, seed};

/// How many processes there are.
const SEATS: usize = 4;

/// How long a process waits before it takes over when it may be that the living could not renew their leases.
const HALF_A_LEASE: Duration = Duration::from_secs(5);

/// Runs take up to a second: each process that is killed leaves some, and may leave claims and commits.
pub(crate) fn test(backend: &'static Backend) {
    let seconds = number("PUNCTUAL_CHAOS_SECONDS").unwrap_or(60);
    let mut random = seed(backend);
    let stage = Stage::new(backend);
    let now = SystemClock.now();
    let plan = Plan {
        name: "",
        jobs: JOBS,
        starts: [now; 2],
        period: Duration::from_secs(seconds) / 20,
        // Runs of the dead count until they have been run again.
        max_instances: 8,
    };
    plan.add(stage.place());
    let mut crew = Crew::default();
    let mut lives = 0;
    let mut next_life = |crew: &mut Crew| {
        lives += 1;
        let name = format!("life-{lives}");
        crew.start(&Role { longest: Duration::from_secs(1), ..stage.role(&name) });
        name
    };
    let mut seats: Vec<_> = (0..SEATS).map(|_| next_life(&mut crew)).collect();
    for _ in 0..seconds {
        // At any moment of the second, so that some are killed before they have opened the store.
        let moment = Duration::from_micros(random.u64(0..1_000_000));
        crew.listen(moment);
        // The first one lives through it all. A process that has just started waits for half a lease before it takes
        // over, so with young ones alone nothing says how long the runs of the dead wait.
        let seat = random.usize(1..SEATS);
        crew.kill(&seats[seat]);
        seats[seat] = next_life(&mut crew);
        crew.listen(Duration::from_secs(1) - moment);
    }
    // What the last ones left behind has to be taken over, perhaps after a claim of theirs is over.
    let finished = crew.finish(stage.place());

    let (took, late) = (finished.took, finished.late);
    let verdict = Verdict::new(&stage, finished);
    verdict.check(&[&plan]);
    let skip = verdict.counts(&plan, Recovery::Skip);
    let rerun = verdict.counts(&plan, Recovery::Rerun);
    let takeovers = verdict.takeovers();
    let longest = takeovers.first().copied().unwrap_or_default();
    println!(
        "{backend:?}: {ALL} with {seconds} kills, {:.1?} after the last; skip {skip:?}; rerun {rerun:?}; \
         {} taken over, the last after {longest:.1?}; the latest began {:.1?} late",
        took,
        takeovers.len(),
        verdict.latest(),
    );
    assert_eq!(rerun.never_ended, 0, "occurrences that must run at least once");
    // Whoever could not reach the store for a while waits as long as one that has just started.
    assert!(
        longest < takeover(late) + HALF_A_LEASE,
        "a run was taken over {longest:?} after its process had died, on a machine that is {late:?} late"
    );
    assert!(!takeovers.is_empty(), "no process was killed during a run");
    // A killed process loses what it has committed to and not begun. It begins at once, when it is let.
    assert!(skip.never_begun < ALL / 10, "{} never began", skip.never_begun);
}
