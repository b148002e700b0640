//! The commit that lets a run begin takes longer than its job may be late.

use std::time::Duration;

use fastrand::Rng;
use punctual::core::OutcomeKind;
use punctual::prelude::*;
use punctual_tests::jobs::occur;
use punctual_tests::journal::Mark;
use punctual_tests::role::Role;

use crate::cast::Cast;
use crate::hold::{Hold, Stage as Held, What};
use crate::line::Mode;
use crate::stage::{Scene, Stage};
use crate::trials::Shown;

const LEASE: Duration = Duration::from_secs(2);

const GRACE: Duration = Duration::from_secs(1);

/// From the question whether it is too late to the first line of the run, on a busy machine.
const TOLERANCE: Duration = Duration::from_millis(500);

const JOBS: [(&str, Recovery); 2] =
    [("subject-rerun", Recovery::Rerun), ("subject-skip", Recovery::Skip)];

/// No first attempt begins when it is too late for it; that is told and written down instead.
pub(crate) fn trial(stage: &Stage, random: &mut Rng) -> Shown {
    let what = if random.bool() { What::Request } else { What::Answer };
    let hold = Hold::new("subject", what, random.bool());
    // Long enough for the commit to be waited for, or so short that it is repeated.
    let waits = random.u8(..4) > 0;
    let scene = stage.scene((!waits).then_some(Duration::from_millis(500)));
    let line = scene.line(Some(&hold));
    let mut cast = Cast::default();
    cast.start(&Role { lease: LEASE, ..scene.role("ann", Some(&line)) });
    cast.until_ready();
    let time = SystemClock.now().saturating_add(Duration::from_millis(300));
    scene.add(JOBS.map(|(id, recovery)| {
        let job = NewJob::builder(occur()).id(id).recovery(recovery).misfire_grace_time(GRACE);
        job.trigger(IntervalTrigger::hours(1)).next_run_time(time).build()
    }));
    cast.until("the commit is not held back", |_| hold.has_reached(Held::Held));
    cast.listen(LEASE.mul_f64(0.6 + random.f64()));
    line.set(Mode::Open);
    hold.reaches(Held::Released);
    // Where the lease was over before the run began, one that must run is lost, and tried again.
    let is_end = |recovery, outcome: &str| {
        outcome != "success" && !(recovery == Recovery::Rerun && outcome == "lost")
    };
    let settled = |scene: &Scene<'_>, job: &str, recovery| {
        scene.lines_of(job, Mark::End) > 0
            || scene.ends().iter().any(|end| end.job == job && is_end(recovery, &end.outcome))
    };
    cast.until("not all have run or been missed", |_| {
        JOBS.iter().all(|(job, recovery)| settled(&scene, job, *recovery))
    });
    cast.end();
    let does = if waits { "is waited for" } else { "is repeated" };
    Shown { kind: format!("{what:?} {does}"), fault: check(&scene, time) }
}

fn check(scene: &Scene<'_>, time: Timestamp) -> Option<String> {
    let mut faults = Vec::new();
    let deadline = time.saturating_add(GRACE + TOLERANCE);
    let (journal, ends, history) = (scene.journal(), scene.ends(), scene.history());
    for (job, _) in JOBS {
        let ends = ends.iter().filter(|end| end.job == job).map(|end| end.outcome.as_str());
        let ends: Vec<_> = ends.collect();
        let first =
            journal.iter().find(|e| e.job == job && e.mark == Mark::Begin && e.attempt == 1);
        match first {
            Some(entry) if entry.at > deadline => {
                let late = entry.at.saturating_since(time.saturating_add(GRACE));
                faults.push(format!(
                    "attempt 1 of {job} began {late:.1?} too late; its ends: {ends:?}"
                ));
            }
            Some(_) => {}
            None => {
                let told = ends.contains(&"missed");
                let written = history.iter().any(|entry| {
                    entry.job_id.as_str() == job && entry.outcome == OutcomeKind::Missed
                });
                if !(told && written) {
                    faults.push(format!("{job} did not begin, and was not missed: {ends:?}"));
                }
            }
        }
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}
