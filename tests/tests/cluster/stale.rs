//! Processes are suspended past the end of their leases and resume after another node has taken over.

use std::collections::HashMap;
use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::halt::Halt;
use punctual_tests::jobs::occur;
use punctual_tests::journal::{self, Entry, Mark};
use punctual_tests::role::Role;
use punctual_tests::store::with_store;

use crate::crew::Crew;
use crate::stage::Stage;
use crate::verdict::takeover;

/// The number of jobs with each recovery for each process.
const JOBS: usize = 3;

/// The processes that are suspended or killed, named after the point where this happens.
const VICTIMS: [&str; 4] = [
    "stopped-while-running",
    "killed-while-running",
    "stopped-after-committing",
    "stopped-after-claiming",
];

/// One process is suspended and one is killed in the middle of runs, both just after they have renewed their leases;
/// one is suspended after it has committed runs that have not started; one is suspended after it has claimed jobs.
/// Another node takes over from them. Then the suspended processes resume. The first one finishes its runs; of the
/// other processes only those runs start that no other node had to run; none of them modifies the stored jobs.
pub(crate) fn test(backend: &'static Backend) {
    let stage = Stage::new(backend);
    let mut crew = Crew::default();
    let role = |name: &str| Role { holds: true, ..stage.role(name) };
    let [runner, killed, committer, claimer] = VICTIMS;
    // All processes start before the first one is suspended, because no lease may expire until the last one is.
    crew.start_waiting(&role("heir"));
    for name in [runner, killed] {
        crew.start_waiting(&Role { max_running: 2 * JOBS, ..role(name) });
    }
    for (name, halts) in [(committer, Halt::Committed), (claimer, Halt::Claimed)] {
        crew.start_waiting(&Role { halts: Some(halts), ..role(name) });
    }
    for name in ["heir"].into_iter().chain(VICTIMS) {
        crew.get(name).line_that(|line| line == "ready");
    }

    for name in [runner, killed] {
        // It has reached its limit of runs, so it claims no other jobs.
        crew.get(name).tell("go");
        add_jobs(&stage, name);
        for _ in 0..2 * JOBS {
            crew.get(name).line_that(|line| line.starts_with("begin"));
        }
    }
    let mut fell = HashMap::new();
    [runner, killed].iter().for_each(|name| crew.get(name).tell("halt"));
    for name in [runner, killed] {
        crew.get(name).line_that(|line| line == "halted");
        if name == killed {
            crew.kill(name);
        } else {
            crew.suspend(name);
        }
        fell.insert(name, SystemClock.now());
    }
    for name in [committer, claimer] {
        crew.get(name).tell("go");
        add_jobs(&stage, name);
        crew.get(name).line_that(|line| line == "halted");
        crew.suspend(name);
        fell.insert(name, SystemClock.now());
    }

    // All of the claimed jobs, and the `Recovery::Rerun` jobs of the other processes.
    crew.get("heir").tell("go");
    let comes = SystemClock.now();
    crew.until("not all runs were taken over", |crew| crew.said("heir", "begin") == 5 * JOBS);

    for name in [runner, committer, claimer] {
        crew.get(name).tell("on");
        crew.resume(name);
    }
    crew.until("the process did not report its lost lease", |crew| crew.said(runner, "lost") > 0);
    crew.get(runner).tell("release");
    crew.until("not all runs of the process finished", |crew| crew.said(runner, "end") == 2 * JOBS);
    crew.until("the `Recovery::Skip` jobs did not start", |crew| crew.said(committer, "begin") >= JOBS);
    // The changes that follow from a completion are committed by the shutdown at the latest.
    [runner, committer, claimer].iter().for_each(|name| crew.end(name));
    let jobs =
        with_store(stage.place().clone(), |scheduler| scheduler.get_jobs(JobQuery::new())).unwrap();
    let mut left: Vec<_> =
        jobs.iter().map(|job| (job.id.as_str().to_owned(), job.in_flight)).collect();
    left.sort_unstable();
    let mut expected: Vec<_> =
        VICTIMS.iter().flat_map(|name| rerun(name)).map(|id| (id, 1)).collect();
    let hourly = VICTIMS.iter().flat_map(|name| skip(name)).filter(|id| is_hourly(id));
    expected.extend(hourly.map(|id| (id, 0)));
    expected.sort_unstable();
    assert_eq!(left, expected, "only the runs of the successor are recorded");
    with_store(stage.place().clone(), |scheduler| scheduler.remove_all_jobs()).unwrap();
    crew.tell("release");
    let late = crew.finish(stage.place()).late;

    let entries = journal::read(&stage.journal());
    for name in VICTIMS {
        let mut waited = Duration::ZERO;
        for id in rerun(name).chain(skip(name)) {
            let begun = of(&entries, &id, Mark::Begin);
            let ended = of(&entries, &id, Mark::End);
            let (begins, ends): (&[_], &[_]) = match (name == claimer, id.contains("rerun")) {
                (true, _) => (&[("heir", 1)], &[("heir", 1)]),
                (false, true) if name == killed => (&[(name, 1), ("heir", 2)], &[("heir", 2)]),
                (false, true) if name == committer => (&[("heir", 2)], &[("heir", 2)]),
                (false, true) => (&[(name, 1), ("heir", 2)], &[(name, 1), ("heir", 2)]),
                (false, false) if name == killed => (&[(name, 1)], &[]),
                (false, false) => (&[(name, 1)], &[(name, 1)]),
            };
            assert_eq!(who(&begun), begins, "{id} began");
            assert_eq!(who(&ended), ends, "{id} ended");
            if let Some(again) = begun.iter().find(|entry| entry.process == "heir") {
                waited = waited.max(again.at.saturating_since(fell[name].max(comes)));
            }
        }
        println!("{backend:?}: {name}: taken over after {waited:.1?}");
        assert!(waited < takeover(late), "{name} was taken over after {waited:?}; the scheduling delay was {late:?}");
    }
}

/// Adds the jobs of a process, all of them due.
fn add_jobs(stage: &Stage, name: &str) {
    let jobs = rerun(name).map(|id| (id, Recovery::Rerun));
    let jobs = jobs.chain(skip(name).map(|id| (id, Recovery::Skip)));
    let jobs = jobs.map(|(id, recovery)| {
        let job = NewJob::builder(occur()).recovery(recovery);
        if is_hourly(&id) {
            let trigger = IntervalTrigger::hours(1);
            job.trigger(trigger).next_run_time(SystemClock.now()).id(id).build()
        } else {
            job.id(id).build()
        }
    });
    with_store(stage.place().clone(), |scheduler| scheduler.add_jobs(jobs)).unwrap();
}

/// Returns whether the job is repeated hourly; one job with each recovery is.
fn is_hourly(id: &str) -> bool {
    id.ends_with("-0")
}

fn rerun(name: &str) -> impl Iterator<Item = String> {
    (0..JOBS).map(move |number| format!("{name}-rerun-{number}"))
}

fn skip(name: &str) -> impl Iterator<Item = String> {
    (0..JOBS).map(move |number| format!("{name}-skip-{number}"))
}

fn of<'a>(entries: &'a [Entry], job: &str, mark: Mark) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.job == job && entry.mark == mark).collect()
}

/// Returns the process and the attempt of each entry, ordered by attempt.
fn who<'a>(entries: &[&'a Entry]) -> Vec<(&'a str, u32)> {
    let mut who: Vec<_> =
        entries.iter().map(|entry| (entry.process.as_str(), entry.attempt)).collect();
    who.sort_unstable_by_key(|(_, attempt)| *attempt);
    who
}
