//! Processes are suspended past the end of their leases and resume after another node has taken over.

use std::collections::HashMap;
use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::failpoint::Failpoint;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::processes::Processes;
use crate::run_log::takeover_limit;

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
/// one is suspended after it has committed the runs of `Recovery::Skip` jobs that have not started, and those of
/// `Recovery::Rerun` jobs that have; one is suspended after it has claimed jobs. Another node takes over from them. Then
/// the suspended processes resume. They finish their runs; of the others only those start that no other node had to run;
/// none of the processes modifies the stored jobs.
pub(crate) fn test(backend: &'static Backend) {
    let fixture = Fixture::new(backend);
    let mut processes = Processes::default();
    let config = |name: &str| WorkerConfig { hold_runs: true, ..fixture.config(name) };
    let [runner, killed, committer, claimer] = VICTIMS;
    // All processes start before the first one is suspended, because no lease may expire until the last one is.
    processes.start_idle(&config("successor"));
    for name in [runner, killed] {
        processes.start_idle(&WorkerConfig { max_concurrent_runs: 2 * JOBS, ..config(name) });
    }
    for (name, failpoint) in [(committer, Failpoint::Committed), (claimer, Failpoint::Claimed)] {
        processes.start_idle(&WorkerConfig { failpoint: Some(failpoint), ..config(name) });
    }
    for name in ["successor"].into_iter().chain(VICTIMS) {
        processes.get(name).wait_for_line(|line| line == "ready");
    }

    for name in [runner, killed] {
        // It has reached its limit of runs, so it claims no other jobs.
        add_jobs(&fixture, name);
        processes.get(name).send_line("go");
        for _ in 0..2 * JOBS {
            processes.get(name).wait_for_line(|line| line.starts_with("begin"));
        }
    }
    let mut failed_at = HashMap::new();
    [runner, killed].iter().for_each(|name| processes.get(name).send_line("halt"));
    for name in [runner, killed] {
        processes.get(name).wait_for_line(|line| line == "halted");
        if name == killed {
            processes.kill(name);
        } else {
            processes.suspend(name);
        }
        failed_at.insert(name, SystemClock.now());
    }
    for name in [committer, claimer] {
        // Before: the first claim, after which the process halts, must contain all of them.
        add_jobs(&fixture, name);
        processes.get(name).send_line("go");
        let started = if name == committer { JOBS } else { 0 };
        processes.wait_until("the process did not halt", |processes| {
            let count = |word| processes.count_lines(name, word);
            (count("halted"), count("begin")) == (1, started)
        });
        processes.suspend(name);
        failed_at.insert(name, SystemClock.now());
    }

    // All of the claimed jobs, and the `Recovery::Rerun` jobs of the other processes.
    processes.get("successor").send_line("go");
    let successor_started = SystemClock.now();
    processes.wait_until("not all runs were taken over", |processes| {
        processes.count_lines("successor", "begin") == 5 * JOBS
    });

    for name in [runner, committer, claimer] {
        processes.get(name).send_line("on");
        processes.resume(name);
    }
    processes.wait_until("the process did not report its lost lease", |processes| {
        processes.count_lines(runner, "lost") > 0
    });
    processes.get(runner).send_line("release");
    processes.wait_until("not all runs of the process finished", |processes| {
        processes.count_lines(runner, "end") == 2 * JOBS
    });
    processes.wait_until("the `Recovery::Skip` jobs did not start", |processes| {
        processes.count_lines(committer, "begin") == 2 * JOBS
    });
    // The changes that follow from a completion are committed by the shutdown at the latest.
    [runner, committer, claimer].iter().for_each(|name| processes.shut_down(name));
    let jobs =
        with_store(fixture.location().clone(), |scheduler| scheduler.get_jobs(JobQuery::new()))
            .unwrap();
    let mut left: Vec<_> =
        jobs.iter().map(|job| (job.id.as_str().to_owned(), job.in_flight)).collect();
    left.sort_unstable();
    let mut expected: Vec<_> =
        VICTIMS.iter().flat_map(|name| rerun(name)).map(|id| (id, 1)).collect();
    let hourly = VICTIMS.iter().flat_map(|name| skip(name)).filter(|id| is_hourly(id));
    expected.extend(hourly.map(|id| (id, 0)));
    expected.sort_unstable();
    assert_eq!(left, expected, "only the runs of the successor are recorded");
    with_store(fixture.location().clone(), |scheduler| scheduler.remove_all_jobs()).unwrap();
    processes.send_line("release");
    let late = processes.finish(fixture.location()).late;

    let entries = journal::read(&fixture.journal());
    for name in VICTIMS {
        let mut waited = Duration::ZERO;
        for id in rerun(name).chain(skip(name)) {
            let started = of(&entries, &id, RunPhase::Started);
            let ended = of(&entries, &id, RunPhase::Finished);
            let (starts, ends): (&[_], &[_]) = match (name == claimer, id.contains("rerun")) {
                // The first claim may have started the run of a `Recovery::Rerun` job.
                (true, true) => (&[("successor", 2)], &[("successor", 2)]),
                (true, false) => (&[("successor", 1)], &[("successor", 1)]),
                (false, true) if name == killed => {
                    (&[(name, 1), ("successor", 2)], &[("successor", 2)])
                }
                (false, true) => (&[(name, 1), ("successor", 2)], &[(name, 1), ("successor", 2)]),
                (false, false) if name == killed => (&[(name, 1)], &[]),
                (false, false) => (&[(name, 1)], &[(name, 1)]),
            };
            assert_eq!(processes_and_attempts(&started), starts, "{id} started");
            assert_eq!(processes_and_attempts(&ended), ends, "{id} finished");
            if let Some(again) = started.iter().find(|entry| entry.process == "successor") {
                waited =
                    waited.max(again.at.saturating_since(failed_at[name].max(successor_started)));
            }
        }
        println!("{backend:?}: {name}: taken over after {waited:.1?}");
        assert!(
            waited < takeover_limit(late),
            "{name} was taken over after {waited:?}; the scheduling delay was {late:?}"
        );
    }
}

/// Adds the jobs of a process, all of them due for some seconds: the clock of a store, as two processes estimate it, may differ.
fn add_jobs(fixture: &Fixture, name: &str) {
    let due = SystemClock.now().saturating_sub(Duration::from_secs(5));
    let jobs = rerun(name).map(|id| (id, Recovery::Rerun));
    let jobs = jobs.chain(skip(name).map(|id| (id, Recovery::Skip)));
    let jobs = jobs.map(|(id, recovery)| {
        let job = NewJob::builder(record_run()).recovery(recovery);
        let job = match is_hourly(&id) {
            true => job.trigger(IntervalTrigger::hours(1)).next_run_time(due),
            false => job.trigger(DateTrigger::at(due)),
        };
        job.id(id).build()
    });
    with_store(fixture.location().clone(), |scheduler| scheduler.add_jobs(jobs)).unwrap();
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

fn of<'a>(entries: &'a [Entry], job: &str, phase: RunPhase) -> Vec<&'a Entry> {
    entries.iter().filter(|entry| entry.job == job && entry.phase == phase).collect()
}

/// Returns the process and the attempt of each entry, ordered by attempt.
fn processes_and_attempts<'a>(entries: &[&'a Entry]) -> Vec<(&'a str, u32)> {
    let mut processes_and_attempts: Vec<_> =
        entries.iter().map(|entry| (entry.process.as_str(), entry.attempt)).collect();
    processes_and_attempts.sort_unstable_by_key(|(_, attempt)| *attempt);
    processes_and_attempts
}
