//! Two processes share one SQLite file: each of 2,000 due fire times is run exactly once.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::process::Process;
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// The number of jobs with each recovery that run once.
const ONCE: usize = 500;

/// The number of repeated jobs with each recovery; all their fire times are due.
const REPEATING: usize = 10;

/// The number of fire times of a repeated job.
const FIRE_TIMES: u32 = 50;

const ALL: usize = 2 * (ONCE + REPEATING * FIRE_TIMES as usize);

/// The runs of both processes last until each process has started one. So both take part, and each process reaches its
/// limit while the other one continues to claim jobs.
#[test]
fn each_of_2000_due_fire_times_runs_exactly_once() {
    assert_eq!(ALL, 2_000);
    let folder = tempfile::tempdir().unwrap();
    let an_hour_ago = SystemClock.now().saturating_sub(Duration::from_secs(3600));
    let jobs = [("skip", Recovery::Skip), ("rerun", Recovery::Rerun)].into_iter().flat_map(
        |(name, recovery)| {
            let once = (0..ONCE).map(move |number| {
                NewJob::builder(record_run())
                    .id(format!("{name}-once-{number}"))
                    .trigger(DateTrigger::at(an_hour_ago))
                    .recovery(recovery)
                    .build()
            });
            let repeating = (0..REPEATING).map(move |number| {
                NewJob::builder(record_run())
                    .id(format!("{name}-repeating-{number}"))
                    .trigger(
                        IntervalTrigger::seconds(1)
                            .start_date(an_hour_ago)
                            .max_runs(u64::from(FIRE_TIMES)),
                    )
                    .next_run_time(an_hour_ago)
                    .coalesce(Coalesce::All)
                    .recovery(recovery)
                    .build()
            });
            once.chain(repeating)
        },
    );
    let added = with_store(folder.path(), |scheduler| scheduler.add_jobs(jobs)).unwrap();
    assert_eq!(added.len(), 2 * (ONCE + REPEATING));

    let mut processes = ["ann", "bob"].map(|name| {
        let config = WorkerConfig {
            hold_runs: true,
            max_concurrent_runs: 50,
            ..WorkerConfig::new(folder.path(), name)
        };
        let mut process = Process::start(&mut config.command(CHILD));
        process.wait_for_line(|line| line == "ready");
        process
    });
    let started = SystemClock.now();
    processes.iter_mut().for_each(|process| process.send_line("go"));
    for process in &mut processes {
        process.wait_for_line(|line| line.starts_with("begin"));
    }
    processes.iter_mut().for_each(|process| process.send_line("release"));
    let mut ended = 0;
    while ended < ALL {
        let so_far = SystemClock.now().saturating_since(started);
        assert!(so_far < Duration::from_secs(300), "only {ended} runs finished");
        for process in &mut processes {
            let mut wait = Duration::from_millis(20);
            while let Some(line) = process.next_line_within(wait) {
                ended += usize::from(line.starts_with("end"));
                wait = Duration::ZERO;
            }
        }
    }
    let took = SystemClock.now().saturating_since(started);
    // The shutdown comes before the checks, because duplicate runs may start until then.
    processes.into_iter().for_each(|process| drop(process.shut_down()));

    let entries = journal::read(&folder.path().join("journal"));
    let ends = |name: &str| {
        let of_process =
            |entry: &&Entry| entry.phase == RunPhase::Finished && entry.process == name;
        entries.iter().filter(of_process).count()
    };
    println!("{ALL} in {took:.2?}: ann {}, bob {}", ends("ann"), ends("bob"));
    for phase in [RunPhase::Started, RunPhase::Finished] {
        let of_mark = || entries.iter().filter(|entry| entry.phase == phase);
        let distinct: HashSet<_> = of_mark().map(|e| (&e.job, e.scheduled)).collect();
        assert_eq!(distinct.len(), ALL, "fire times with {phase:?}");
        assert_eq!(of_mark().count(), ALL, "runs with {phase:?}");
    }
    assert!(entries.iter().all(|entry| entry.attempt == 1));
    for name in ["ann", "bob"] {
        assert!(ends(name) > 0, "{name} ran no job");
    }

    // `max_instances` is 1, and runs of `Recovery::Rerun` jobs are counted in all processes together.
    let mut running = BTreeMap::<&str, i32>::new();
    for entry in entries.iter().filter(|e| e.job.starts_with("rerun")) {
        let running = running.entry(&entry.job).or_default();
        *running += if entry.phase == RunPhase::Started { 1 } else { -1 };
        assert!(*running <= 1, "two runs of {} overlap", entry.job);
    }
    let left = with_store(folder.path(), |scheduler| scheduler.get_jobs(JobQuery::new())).unwrap();
    assert!(left.is_empty(), "{left:?}");
}
