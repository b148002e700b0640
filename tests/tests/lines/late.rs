//! A commit reaches the server long after it was sent: its process has timed out, closed the connection, and retried
//! the commit on another connection.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::jobs::occur;
use punctual_tests::journal::Mark;
use punctual_tests::role::Role;
use tokio::time::timeout;

use crate::cast::Cast;
use crate::hold::{Hold, Stage as Held, What};
use crate::line::Mode;
use crate::stage::{Scene, Stage};
use crate::trials::Shown;

/// The timeout of a store call.
const PATIENCE: Duration = Duration::from_secs(1);

/// The time in which the server handles the delayed request, on a busy machine.
const PATIENT: Duration = Duration::from_secs(30);

const NAMES: [&str; 2] = ["ann", "bob"];

/// The marked jobs, whose commit is delayed.
const MARK: &str = "subject";

/// When the delayed commit reaches the server.
#[derive(Clone, Copy, Debug)]
enum Arrives {
    /// While the run is in progress that was started after the retried commit.
    Running,
    /// After that run has finished and its record has been cleared.
    Cleared,
    /// After all processes have been shut down.
    ShutDown,
    /// Immediately; the response is delayed instead.
    AtOnce,
}

/// No process is killed: each fire time is run exactly once, also after all processes have been shut down and another
/// one has started, and no run remains recorded as in flight.
pub(crate) fn trial(stage: &Stage, random: &mut Rng) -> Shown {
    let arrives = [
        Arrives::Running,
        Arrives::Cleared,
        Arrives::Cleared,
        Arrives::Cleared,
        Arrives::ShutDown,
        Arrives::ShutDown,
        Arrives::AtOnce,
    ][random.usize(..7)];
    let what = match arrives {
        Arrives::AtOnce => What::Answer,
        _ => What::Request,
    };
    let hold = Hold::new(MARK, what, random.bool());
    let scene = stage.scene(Some(PATIENCE / 2));
    let lines = NAMES.map(|_| scene.line(Some(&hold)));
    let mut cast = Cast::default();
    for (name, line) in NAMES.iter().zip(&lines) {
        let identity = Some(format!("identity-of-{name}"));
        cast.start(&Role {
            identity,
            holds: matches!(arrives, Arrives::Running),
            ..scene.role(name, Some(line))
        });
    }
    cast.until_ready();
    let jobs = subjects(random);
    scene.add(jobs.iter().map(|(id, recovery, once)| {
        let job = NewJob::builder(occur()).id(id).recovery(*recovery);
        let soon = SystemClock.now().saturating_add(Duration::from_millis(200));
        match once {
            true => job.trigger(DateTrigger::at(soon)).build(),
            false => job.trigger(IntervalTrigger::hours(1)).next_run_time(soon).build(),
        }
    }));
    cast.until("the commit was not delayed", |_| hold.has_reached(Held::Held));
    cast.until("no process reported a failure", |cast| cast.all_said("failed") > 0);
    // From here on, other messages are forwarded.
    lines.iter().for_each(|line| line.set(Mode::Open));
    let begun = |scene: &Scene<'_>| jobs.iter().all(|(id, ..)| scene.lines_of(id, Mark::Begin) > 0);
    cast.until("not all runs have started", |_| begun(&scene));
    if matches!(arrives, Arrives::Running) {
        release(stage, &hold);
        cast.tell("release");
    }
    let ended = |scene: &Scene<'_>| jobs.iter().all(|(id, ..)| scene.lines_of(id, Mark::End) > 0);
    cast.until("not all runs have finished", |_| ended(&scene));
    if !matches!(arrives, Arrives::Running) {
        cast.until("not all run records are cleared", |_| scene.in_flight() == 0);
    }
    if !matches!(arrives, Arrives::ShutDown) {
        release(stage, &hold);
    }
    cast.listen(Duration::from_millis(random.u64(0..300)));
    cast.end();
    release(stage, &hold);
    let recorded = scene.in_flight();

    // Starts another process, with the node id of the first one or with a different one.
    let identity = random.bool().then(|| "identity-of-ann".to_owned());
    cast.start(&Role { identity, ..scene.role("next", None) });
    scene.add([NewJob::builder(occur()).id("last").build()]);
    cast.until("the last job has not run", |_| scene.lines_of("last", Mark::End) > 0);
    cast.end();
    let fault = check(&scene, &jobs, recorded);
    Shown { kind: format!("{arrives:?}"), fault }
}

/// Returns jobs with both kinds of recovery, one-time and repeated: at least one is a recorded, repeated job.
fn subjects(random: &mut Rng) -> Vec<(String, Recovery, bool)> {
    let mut jobs = vec![(format!("{MARK}-rerun"), Recovery::Rerun, false)];
    let others = [
        ("skip", Recovery::Skip, false),
        ("rerun-once", Recovery::Rerun, true),
        ("skip-once", Recovery::Skip, true),
    ];
    for (name, recovery, once) in others {
        if random.bool() {
            jobs.push((format!("{MARK}-{name}"), recovery, once));
        }
    }
    jobs
}

/// Releases the delayed message; returns when the server has handled it.
fn release(stage: &Stage, hold: &Hold) {
    hold.reaches(Held::Released);
    let over = async { timeout(PATIENT, hold.until(Held::Over)).await };
    stage.runtime.block_on(over).expect("the end of the connection");
}

fn check(scene: &Scene<'_>, jobs: &[(String, Recovery, bool)], recorded: u32) -> Option<String> {
    let mut faults = Vec::new();
    if recorded > 0 {
        faults.push(format!("{recorded} runs in flight after all processes were shut down"));
    }
    let left = scene.in_flight();
    if left > 0 {
        faults.push(format!("{left} runs in flight at the end"));
    }
    let mut begins = BTreeMap::<_, Vec<_>>::new();
    for entry in scene.journal().into_iter().filter(|entry| entry.mark == Mark::Begin) {
        let who = format!("{} (attempt {})", entry.process, entry.attempt);
        begins.entry((entry.job, entry.scheduled)).or_default().push(who);
    }
    for ((job, scheduled), who) in &begins {
        if who.len() > 1 {
            faults.push(format!("{job} for {scheduled} ran {} times: {who:?}", who.len()));
        }
    }
    for (id, ..) in jobs {
        let times = begins.keys().filter(|(job, _)| job == id).count();
        if times != 1 {
            faults.push(format!("{id} ran for {times} fire times instead of one"));
        }
    }
    (!faults.is_empty()).then(|| faults.join("; "))
}
