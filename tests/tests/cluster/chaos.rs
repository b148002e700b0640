//! Kills a random process every second and starts another one in its place.

use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::role::Role;

use crate::crew::Crew;
use crate::plan::{ALL, JOBS, Plan};
use crate::stage::Stage;
use crate::verdict::{Verdict, takeover};
use crate::{number, seed};

/// The number of processes that run at the same time.
const SEATS: usize = 4;

/// A process waits for this long before it takes over if live nodes may have been unable to renew their leases.
const HALF_A_LEASE: Duration = Duration::from_secs(5);

/// Runs take up to a second, so each killed process leaves interrupted runs, and possibly claims and commits.
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
        // Interrupted runs count towards the limit until they have been run again.
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
        // At a random point of the second, so that some processes are killed before they have opened the store.
        let moment = Duration::from_micros(random.u64(0..1_000_000));
        crew.listen(moment);
        // The first process is never killed. A process that has just started waits for half a lease before it takes
        // over, so without a longer-lived process the time until a take-over would have no bound.
        let seat = random.usize(1..SEATS);
        crew.kill(&seats[seat]);
        seats[seat] = next_life(&mut crew);
        crew.listen(Duration::from_secs(1) - moment);
    }
    // The runs of the last killed processes have to be taken over, possibly after their claims have expired.
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
         {} taken over, the slowest after {longest:.1?}; the latest start was {:.1?} late",
        took,
        takeovers.len(),
        verdict.latest(),
    );
    assert_eq!(rerun.never_ended, 0, "fire times of `Recovery::Rerun` jobs without a completed run");
    // A process that could not reach the store for a while waits as long as one that has just started.
    assert!(
        longest < takeover(late) + HALF_A_LEASE,
        "a run was taken over {longest:?} after its process had been killed; the scheduling delay was {late:?}"
    );
    assert!(!takeovers.is_empty(), "no process was killed during a run");
    // A killed process loses runs that it has committed but not started. Normally runs start immediately after the
    // commit.
    assert!(skip.never_begun < ALL / 10, "{} fire times never started", skip.never_begun);
}
