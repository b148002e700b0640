//! Runs fail while their processes are killed: each run is tried again until it succeeds or is a dead letter.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use punctual::prelude::*;
use punctual_backends::Backend;
use punctual_tests::jobs::fail_before;
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixture::Fixture;
use crate::number;
use crate::processes::Processes;
use crate::seed;

/// The number of processes that run at the same time.
const PROCESSES: usize = 3;

/// The number of jobs of each kind.
const JOBS: usize = 20;

/// The attempt that succeeds.
const SUCCEEDS: u32 = 3;

/// The policy of the runs that never succeed: killed attempts count.
const MAX_ATTEMPTS: u32 = 4;

pub(crate) fn test(backend: &'static Backend) {
    let seconds = number("PUNCTUAL_CHAOS_SECONDS").unwrap_or(12);
    let mut random = seed(backend);
    let fixture = Fixture::new(backend);
    let start = SystemClock.now().saturating_add(Duration::from_secs(2));
    let jobs = (0..2 * JOBS).map(|number| {
        let (name, attempt, max_attempts) = match number % 2 {
            0 => ("succeeds", SUCCEEDS, 1_000),
            _ => ("fails", u32::MAX, MAX_ATTEMPTS),
        };
        let policy = RetryPolicy::fixed(Duration::from_secs(1)).max_attempts(max_attempts);
        let spread = Duration::from_millis(200 * number as u64);
        NewJob::builder(fail_before(attempt))
            .id(format!("{name}-{number}"))
            .trigger(DateTrigger::at(start.saturating_add(spread)))
            .recovery(Recovery::Rerun)
            .retry(policy)
            .build()
    });
    with_store(fixture.location().clone(), |scheduler| scheduler.add_jobs(jobs)).unwrap();

    let mut processes = Processes::default();
    let mut started = 0;
    let mut start_next = |processes: &mut Processes| {
        started += 1;
        let name = format!("life-{started}");
        let max_run_duration = Duration::from_millis(600);
        processes.start(&WorkerConfig { max_run_duration, ..fixture.config(&name) });
        name
    };
    let mut names: Vec<_> = (0..PROCESSES).map(|_| start_next(&mut processes)).collect();
    for _ in 0..seconds {
        processes.read_output(Duration::from_millis(random.u64(500..1_500)));
        // The first process is never killed, so that the time until a take-over is bounded.
        let index = random.usize(1..PROCESSES);
        processes.kill(&names[index]);
        names[index] = start_next(&mut processes);
    }
    // Not only until no retry is listed: stores that list jobs one after the other may omit a run that passes from one
    // attempt to the next meanwhile.
    let (failed, events) = processes.finish_with(fixture.location(), |scheduler| {
        let has_retries = !scheduler.get_jobs(JobQuery::new().retries())?.is_empty();
        let letters = scheduler.get_jobs(JobQuery::new().dead_letters())?;
        let has_ended = !has_retries && letters.len() >= JOBS && count_successes(&fixture) >= JOBS;
        Ok(has_ended.then_some(letters))
    });

    let mut runs = HashMap::<_, Vec<Entry>>::new();
    for entry in journal::read(&fixture.journal()) {
        runs.entry(entry.job.clone()).or_default().push(entry);
    }
    for number in 0..2 * JOBS {
        let succeeds = number % 2 == 0;
        let id = format!("{}-{number}", if succeeds { "succeeds" } else { "fails" });
        let entries = &runs[&id];
        let run = &entries[0].run;
        assert!(entries.iter().all(|entry| entry.run == *run), "one run: {entries:#?}");
        let attempts = |phase| {
            let of_phase = entries.iter().filter(move |entry| entry.phase == phase);
            of_phase.map(|entry| entry.attempt).collect::<Vec<_>>()
        };
        let (started, finished) = (attempts(RunPhase::Started), attempts(RunPhase::Finished));
        let in_order = started.windows(2).all(|pair| pair[0] < pair[1]);
        assert!(in_order, "each attempt starts once: {entries:#?}");
        let letters = failed.iter().filter_map(|letter| letter.retry_of());
        let letters: Vec<_> = letters.filter(|origin| origin.job_id.as_str() == id).collect();
        if succeeds {
            assert!(letters.is_empty(), "{letters:#?} {entries:#?}");
            let last = finished.last().copied();
            assert!(last.is_some_and(|attempt| attempt >= SUCCEEDS), "{entries:#?}");
            let mut repeated = entries.iter().filter(|entry| is_success(entry)).rev().skip(1);
            let is_killed = |entry: &Entry| events.kill_times.contains_key(&entry.process);
            assert!(repeated.all(is_killed), "a success was repeated: {entries:#?}");
        } else {
            let [letter] = letters[..] else { panic!("not one dead letter: {entries:#?}") };
            assert!(letter.is_dead && letter.run_id.to_string() == *run, "{letter:#?}");
            assert!(letter.failed_attempt >= MAX_ATTEMPTS, "{letter:#?} {entries:#?}");
            assert_eq!(finished.last(), Some(&letter.failed_attempt), "{entries:#?}");
        }
    }
    assert_eq!(failed.len(), JOBS, "one dead letter for each run that never succeeds");
}

/// The number of runs that have succeeded.
fn count_successes(fixture: &Fixture) -> usize {
    let succeeded = journal::read(&fixture.journal()).into_iter().filter(is_success);
    succeeded.map(|entry| entry.run).collect::<HashSet<_>>().len()
}

/// Whether an attempt has ended that has succeeded: the third or a later one of a run that is to succeed.
fn is_success(entry: &Entry) -> bool {
    let succeeds = entry.job.starts_with("succeeds");
    succeeds && entry.phase == RunPhase::Finished && entry.attempt >= SUCCEEDS
}
