//! An outage lasts longer than the lease, while recorded runs wait for a thread.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::jobs::occur;
use punctual_tests::journal::Mark;
use punctual_tests::role::Role;

use crate::cast::Cast;
use crate::line::Mode;
use crate::stage::{Scene, Stage};
use crate::trials::Shown;

const LEASE: Duration = Duration::from_secs(2);

const NAMES: [&str; 2] = ["ann", "bob"];

/// The number of jobs; each process claims half of them.
const JOBS: usize = 8;

/// At most one completion event and one history entry exist for each attempt of a run. `Recovery::Rerun` jobs run at
/// least once, and `Recovery::Skip` jobs at most once.
pub(crate) fn trial(stage: &Stage, random: &mut Rng) -> Shown {
    let mode = if random.bool() { Mode::Silent } else { Mode::Cut };
    let scene = stage.scene(Some(Duration::from_millis(500)));
    let lines = NAMES.map(|_| scene.line(None));
    let mut cast = Cast::default();
    for (name, line) in NAMES.iter().zip(&lines) {
        cast.start(&Role {
            lease: LEASE,
            threads: Some(1),
            holds: true,
            max_running: JOBS / NAMES.len(),
            ..scene.role(name, Some(line))
        });
    }
    cast.until_ready();
    let jobs = jobs(random);
    scene.add(
        jobs.iter()
            .map(|(id, recovery)| NewJob::builder(occur()).id(id).recovery(*recovery).build()),
    );
    // One run of each process has started; the others are queued there.
    cast.until("not both processes have started a run", |cast| {
        NAMES.iter().all(|name| cast.said(name, "begin") == 1)
    });
    let recorded = jobs.iter().filter(|(_, recovery)| *recovery == Recovery::Rerun).count();
    cast.until("not all jobs were claimed", |_| {
        let left = scene.jobs();
        left.len() <= recorded && left.iter().all(|job| job.next_run_time.is_none())
    });
    lines.iter().for_each(|line| line.set(mode));
    // The leases expire during the outage. The threads become free either before the server is reachable again or just
    // after.
    cast.listen(LEASE.mul_f64(1.1 + random.f64() / 2.0));
    let frees_first = random.u8(..4) > 0;
    if frees_first {
        cast.tell("release");
        cast.listen(Duration::from_millis(random.u64(50..300)));
    }
    lines.iter().for_each(|line| line.set(Mode::Open));
    if !frees_first {
        cast.listen(Duration::from_millis(random.u64(0..300)));
        cast.tell("release");
    }
    cast.until("jobs are left", |_| scene.jobs().is_empty());
    cast.end();
    let freed = if frees_first { "released during" } else { "released after" };
    Shown { kind: format!("{mode:?}, {freed}"), fault: check(&scene, &jobs) }
}

/// Returns jobs with both kinds of recovery, at least some of which are recorded.
fn jobs(random: &mut Rng) -> Vec<(String, Recovery)> {
    (0..JOBS)
        .map(|number| match number % 2 == 0 || random.bool() {
            true => (format!("rerun-{number}"), Recovery::Rerun),
            false => (format!("skip-{number}"), Recovery::Skip),
        })
        .collect()
}

fn check(scene: &Scene<'_>, jobs: &[(String, Recovery)]) -> Option<String> {
    let mut faults = Vec::new();
    let mut told = BTreeMap::<_, Vec<_>>::new();
    for end in scene.ends() {
        let Some(run) = end.run else { continue };
        told.entry((end.job, run)).or_default().push(format!("{} in {}", end.outcome, end.process));
    }
    let mut written = BTreeMap::<_, Vec<_>>::new();
    for entry in scene.history() {
        let run = (entry.run_id.to_string(), entry.attempt);
        written.entry((entry.job_id.to_string(), run)).or_default().push(entry.outcome.to_string());
    }
    for (what, ends) in [("told", &told), ("in the history", &written)] {
        for (id, _) in jobs.iter().filter(|(id, _)| !ends.keys().any(|(job, _)| job == id)) {
            faults.push(format!("{id} has no completion {what}"));
        }
        for ((job, (_, attempt)), ends) in ends.iter().filter(|(_, ends)| ends.len() > 1) {
            faults.push(format!(
                "attempt {attempt} of {job} has {} completions {what}: {ends:?}",
                ends.len()
            ));
        }
    }
    for (id, recovery) in jobs {
        let (begins, ends) = (scene.lines_of(id, Mark::Begin), scene.lines_of(id, Mark::End));
        if *recovery == Recovery::Rerun && ends == 0 {
            faults.push(format!("{id} was lost"));
        }
        if *recovery == Recovery::Skip && begins > 1 {
            faults.push(format!("{id} started {begins} times"));
        }
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}
