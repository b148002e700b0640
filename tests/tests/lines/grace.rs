//! The commit before the start of a run takes longer than the grace time of its job.

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

/// The maximum time from the check of the grace time to the first log line of the run, on a busy machine.
const TOLERANCE: Duration = Duration::from_millis(500);

const JOBS: [(&str, Recovery); 2] =
    [("subject-rerun", Recovery::Rerun), ("subject-skip", Recovery::Skip)];

/// No first attempt starts after the grace time of its job; an event and a history entry report the skipped run
/// instead.
pub(crate) fn trial(stage: &Stage, random: &mut Rng) -> Shown {
    let what = if random.bool() { What::Request } else { What::Answer };
    let hold = Hold::new("subject", what, random.bool());
    // The timeout is either longer than the delay of the commit, or so short that the commit is retried.
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
    cast.until("the commit was not delayed", |_| hold.has_reached(Held::Held));
    cast.listen(LEASE.mul_f64(0.6 + random.f64()));
    line.set(Mode::Open);
    hold.reaches(Held::Released);
    // A `Recovery::Rerun` run whose lease expired before it started is reported as lost and is run again.
    let is_end = |recovery, outcome: &str| {
        outcome != "success" && !(recovery == Recovery::Rerun && outcome == "lost")
    };
    let settled = |scene: &Scene<'_>, job: &str, recovery| {
        scene.lines_of(job, Mark::End) > 0
            || scene.ends().iter().any(|end| end.job == job && is_end(recovery, &end.outcome))
    };
    cast.until("not all jobs have run or were skipped", |_| {
        JOBS.iter().all(|(job, recovery)| settled(&scene, job, *recovery))
    });
    cast.end();
    let does = if waits { "arrives in time" } else { "is retried" };
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
                    "attempt 1 of {job} started {late:.1?} too late; its completions: {ends:?}"
                ));
            }
            Some(_) => {}
            None => {
                let told = ends.contains(&"missed");
                let written = history.iter().any(|entry| {
                    entry.job_id.as_str() == job && entry.outcome == OutcomeKind::Missed
                });
                if !(told && written) {
                    faults.push(format!("{job} neither started nor was reported as missed: {ends:?}"));
                }
            }
        }
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}
