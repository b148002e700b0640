//! A process is killed, and another one continues from the stored state: no fire time of a `Recovery::Rerun` job is
//! lost, and none of a `Recovery::Skip` job is run twice.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::failpoint::Failpoint;
use punctual_tests::jobs::{INSTANCES, PERIOD, add_endless_jobs, record_run};
use punctual_tests::journal::{self, Entry, RunPhase};
use punctual_tests::process::Process;
use punctual_tests::store::with_store;
use punctual_tests::worker_config::WorkerConfig;
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// How often the process is killed at a random moment.
const KILLS: usize = 24;

/// The lease of the killed processes, which hides the jobs that they had claimed. It is too short for a process that
/// has to start the runs that it has committed: on a busy machine, a recorded run that waits longer than the lease is
/// not started.
const SHORT_LEASE: Duration = Duration::from_secs(1);

/// The timeout for completing the remaining work.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Processes run two jobs with `Coalesce::All` and a fire time every 20 ms, one process after the other. Each process
/// is killed at a random moment: before it has opened the store, while it adds its jobs, between a claim and its
/// commit, between a commit and the run, or in the middle of runs. Every fourth process is certainly killed in the
/// middle of runs, because its runs don't finish. The last process catches up and shuts down.
#[test]
fn random_kills_lose_no_rerun_and_repeat_no_skip() {
    let seed = std::env::var("PUNCTUAL_SEED").map_or_else(
        |_| fastrand::u64(..),
        |seed| seed.parse().expect("PUNCTUAL_SEED is not a number"),
    );
    println!("PUNCTUAL_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let folder = tempfile::tempdir().unwrap();
    let first = with_store(folder.path(), |scheduler| {
        add_endless_jobs(scheduler)?;
        next_run_times(scheduler)
    })
    .unwrap();

    let mut interrupted = 0;
    for life in 0..KILLS {
        let mut config = endless(folder.path(), &format!("life-{life}"));
        config.hold_runs = life % 4 == 3;
        interrupted += usize::from(config.hold_runs);
        let mut process = Process::start(&mut config.command(CHILD));
        process.send_line("go");
        if config.hold_runs {
            process.wait_for_line(|line| line.starts_with("begin") && line.contains(" rerun "));
        } else {
            // Some processes are killed before they have run any job.
            let lines = random.u32(0..40).saturating_sub(10);
            (0..lines).for_each(|_| drop(process.next_line()));
        }
        process.next_line_within(Duration::from_micros(random.u64(0..50_000)));
        process.kill();
    }

    // The last process runs until it has caught up. Its lease is longer than a busy machine delays runs: a run that was
    // not started because its lease had expired would still be recorded after the shutdown.
    let last = WorkerConfig { lease: Duration::from_secs(10), ..endless(folder.path(), "last") };
    let caught_up = SystemClock.now();
    let mut process = Process::start(&mut last.command(CHILD));
    process.send_line("go");
    let mut behind = vec!["rerun", "skip"];
    while !behind.is_empty() {
        let waiting = SystemClock.now().saturating_since(caught_up);
        assert!(waiting < TIMEOUT, "{behind:?} did not catch up");
        let line = process.next_line();
        if let Ok(entry) = line.parse::<Entry>() {
            behind.retain(|job| entry.job != **job || entry.scheduled < caught_up);
        }
    }
    process.shut_down();

    let entries = journal::read(&folder.path().join("journal"));
    let next = with_store(folder.path(), |scheduler| {
        for id in ["rerun", "skip"] {
            let job = scheduler.get_job(id)?.expect("the job");
            assert_eq!(job.in_flight, 0, "{id} still has recorded runs");
        }
        next_run_times(scheduler)
    })
    .unwrap();
    check_max_instances(&entries);

    // Every fire time from the first to the last due one has a completed run.
    let rerun = Runs::of("rerun", &entries);
    rerun.check_fire_times(first["rerun"], next["rerun"]);
    for time in grid(first["rerun"], next["rerun"]) {
        let ends = rerun.count(time, RunPhase::Finished);
        assert!(ends >= 1, "the fire time {time} of rerun is lost");
    }
    // The check counts attempts instead of fire times: on a slow machine, one run may be interrupted in several
    // processes.
    let again = rerun.check_attempts();
    assert!(
        again >= interrupted,
        "at least {interrupted} runs were interrupted, but {again} were run again"
    );

    // No fire time is started twice. At most the runs that the killed processes had committed are missing.
    let skip = Runs::of("skip", &entries);
    skip.check_fire_times(first["skip"], next["skip"]);
    let mut missing = 0;
    for time in grid(first["skip"], next["skip"]) {
        let starts = skip.count(time, RunPhase::Started);
        assert!(starts <= 1, "skip started {starts} times for {time}");
        missing += usize::from(starts == 0);
    }
    assert_eq!(skip.check_attempts(), 0);
    assert!(missing <= KILLS * INSTANCES as usize, "{missing} fire times of skip never started");
    println!(
        "rerun: {} fire times, {again} further attempts; skip: {} fire times, {missing} never started",
        rerun.0.len(),
        skip.0.len(),
    );
}

/// One run with each recovery is in progress when the process is killed. A process with the same identity takes over
/// the `Rerun` run immediately, long before the lease of the killed process expires, and ignores the other run.
#[test]
fn a_node_id_makes_the_take_over_immediate() {
    let folder = tempfile::tempdir().unwrap();
    let config = |name: &str| WorkerConfig {
        identity: Some("one".into()),
        ..WorkerConfig::new(folder.path(), name)
    };
    kill_during_runs(folder.path(), config("first"));
    prolong_leases(folder.path(), Duration::from_secs(3_600));
    let mut second = Process::start(&mut config("second").command(CHILD));
    second.send_line("go");
    // The lease is too long for the test to wait for its end.
    second.wait_for_line(|line| line.starts_with("begin"));
    second.shut_down();
    check_only_rerun_ran_again(folder.path());
}

/// Without an identity, the second process waits until the lease of the first one has expired.
#[test]
fn without_an_identity_the_lease_must_expire_before_the_take_over() {
    let folder = tempfile::tempdir().unwrap();
    let lease = Duration::from_secs(2);
    kill_during_runs(
        folder.path(),
        WorkerConfig { lease, ..WorkerConfig::new(folder.path(), "first") },
    );
    let lease_end = prolong_leases(folder.path(), Duration::ZERO);
    let mut second = Process::start(&mut WorkerConfig::new(folder.path(), "second").command(CHILD));
    second.send_line("go");
    let begun = second.wait_for_line(|line| line.starts_with("begin"));
    let begun = begun.parse::<Entry>().unwrap().at;
    assert!(begun >= lease_end, "started at {begun}, but the lease lasted until {lease_end}");
    second.wait_for_line(|line| line.starts_with("end"));
    second.shut_down();
    check_only_rerun_ran_again(folder.path());
}

/// Kills a process at each failpoint; the next process continues.
#[test]
fn kills_at_failpoints_lose_no_rerun_and_repeat_no_skip() {
    // The runs that the second process has to start: job and attempt.
    let (both, again, nothing) = (&[("rerun", 2), ("skip", 1)][..], &[("rerun", 2)][..], &[][..]);
    for (failpoint, expected) in [
        // The claim may have started the run of the `Rerun` job.
        (Failpoint::Claimed, both),
        (Failpoint::Committed, again),
        (Failpoint::Finished, again),
        (Failpoint::Cleared, nothing),
    ] {
        let folder = tempfile::tempdir().unwrap();
        add_one_of_each(folder.path());
        let mut first = replacement_config(folder.path(), "first");
        if failpoint == Failpoint::Claimed {
            first.lease = SHORT_LEASE;
        }
        kill_at_failpoint(first, failpoint);
        let begun = runs_started_by_the_next_process(folder.path());
        assert_eq!(begun, expected, "after {failpoint:?}");
    }

    // The second process is killed after it has taken over the first one's run.
    let folder = tempfile::tempdir().unwrap();
    kill_during_runs(folder.path(), replacement_config(folder.path(), "first"));
    kill_at_failpoint(replacement_config(folder.path(), "second"), Failpoint::TakenOver);
    assert_eq!(runs_started_by_the_next_process(folder.path()), [("rerun", 3)]);
}

fn kill_at_failpoint(config: WorkerConfig, failpoint: Failpoint) {
    let folder = config.folder.clone();
    // A run that ends within some milliseconds is never recorded, and thus not cleared.
    let hold_runs = matches!(failpoint, Failpoint::Finished | Failpoint::Cleared);
    let config = WorkerConfig { failpoint: Some(failpoint), hold_runs, ..config };
    let mut process = Process::start(&mut config.command(CHILD));
    process.send_line("go");
    if hold_runs {
        wait_until_recorded(&folder);
        process.send_line("release");
    }
    process.wait_for_line(|line| line == "halted");
    process.kill();
}

/// Starts another process and shuts it down when no work is left; returns the runs that it started.
fn runs_started_by_the_next_process(folder: &Path) -> Vec<(&'static str, u32)> {
    let mut process = Process::start(&mut replacement_config(folder, "next").command(CHILD));
    process.send_line("go");
    let started = SystemClock.now();
    while !jobs_left(folder).is_empty() {
        let waiting = SystemClock.now().saturating_since(started);
        assert!(waiting < TIMEOUT, "jobs are left: {:?}", jobs_left(folder));
        process.next_line_within(Duration::from_millis(50));
    }
    process.shut_down();
    let entries = journal::read(&folder.join("journal"));
    let mut begun: Vec<_> = entries
        .iter()
        .filter(|entry| entry.process == "next" && entry.phase == RunPhase::Started)
        .map(|entry| (if entry.job == "rerun" { "rerun" } else { "skip" }, entry.attempt))
        .collect();
    begun.sort_unstable();
    begun
}

/// The configuration of a process that immediately replaces the previous one.
fn replacement_config(folder: &Path, name: &str) -> WorkerConfig {
    WorkerConfig { identity: Some("one".into()), ..WorkerConfig::new(folder, name) }
}

/// Adds two due jobs, one with each recovery.
fn add_one_of_each(folder: &Path) {
    with_store(folder, |scheduler| {
        for (id, recovery) in [("rerun", Recovery::Rerun), ("skip", Recovery::Skip)] {
            scheduler.job(record_run()).id(id).recovery(recovery).add()?;
        }
        Ok(())
    })
    .unwrap();
}

/// Extends the leases of all nodes by this duration; returns the end of the longest lease.
fn prolong_leases(folder: &Path, by: Duration) -> Timestamp {
    let prolong = "UPDATE punctual_nodes SET alive_until = alive_until + ? RETURNING alive_until";
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let micros: Vec<i64> = runtime.block_on(async {
        let file = SqliteConnectOptions::new().filename(folder.join("jobs.sqlite"));
        let mut connection = file.connect().await.unwrap();
        let micros = i64::try_from(by.as_micros()).unwrap();
        sqlx::query_scalar(prolong).bind(micros).fetch_all(&mut connection).await.unwrap()
    });
    Timestamp::from_micros(micros.into_iter().max().expect("a node"))
}

/// Kills a process in the middle of two runs, one with each recovery.
fn kill_during_runs(folder: &Path, config: WorkerConfig) {
    add_one_of_each(folder);
    let config = WorkerConfig { hold_runs: true, ..config };
    let mut first = Process::start(&mut config.command(CHILD));
    first.send_line("go");
    for _ in 0..2 {
        first.wait_for_line(|line| line.starts_with("begin"));
    }
    wait_until_recorded(folder);
    first.kill();
}

/// Waits until the `Rerun` run is recorded, some milliseconds after it has started.
fn wait_until_recorded(folder: &Path) {
    let started = SystemClock.now();
    while !jobs_left(folder).iter().any(|job| job.in_flight > 0) {
        let waiting = SystemClock.now().saturating_since(started);
        assert!(waiting < TIMEOUT, "the run was not recorded");
    }
}

fn check_only_rerun_ran_again(folder: &Path) {
    let entries = journal::read(&folder.join("journal"));
    let of = |phase: RunPhase| {
        let mut runs: Vec<_> = entries
            .iter()
            .filter(|entry| entry.phase == phase)
            .map(|entry| (entry.process.as_str(), entry.job.as_str(), entry.attempt))
            .collect();
        runs.sort_unstable();
        runs
    };
    assert_eq!(
        of(RunPhase::Started),
        [("first", "rerun", 1), ("first", "skip", 1), ("second", "rerun", 2)]
    );
    assert_eq!(of(RunPhase::Finished), [("second", "rerun", 2)]);
    let left = jobs_left(folder);
    assert!(left.is_empty(), "{left:?}");
}

fn jobs_left(folder: &Path) -> Vec<Job> {
    with_store(folder, |scheduler| scheduler.get_jobs(JobQuery::new())).unwrap()
}

/// The configuration of a process that runs the endless jobs and immediately replaces the previous one.
fn endless(folder: &Path, name: &str) -> WorkerConfig {
    WorkerConfig { adds_jobs: true, lease: SHORT_LEASE, ..replacement_config(folder, name) }
}

fn next_run_times(
    scheduler: &BackgroundScheduler,
) -> Result<HashMap<&'static str, Timestamp>, SchedulerError> {
    ["rerun", "skip"]
        .into_iter()
        .map(|id| {
            let job = scheduler.get_job(id)?.expect("the job");
            Ok((id, job.next_run_time.expect("a next run time")))
        })
        .collect()
}

/// Returns the fire times from `first` to the last one before `next`.
fn grid(first: Timestamp, next: Timestamp) -> impl Iterator<Item = Timestamp> {
    std::iter::successors(Some(first), |time| Some(time.saturating_add(PERIOD)))
        .take_while(move |&time| time < next)
}

/// The log entries of a job by scheduled time, in order.
struct Runs(BTreeMap<Timestamp, Vec<Entry>>);

impl Runs {
    fn of(job: &str, entries: &[Entry]) -> Self {
        let mut runs = BTreeMap::<_, Vec<_>>::new();
        for entry in entries.iter().filter(|entry| entry.job == job) {
            runs.entry(entry.scheduled).or_default().push(entry.clone());
        }
        Self(runs)
    }

    fn count(&self, time: Timestamp, phase: RunPhase) -> usize {
        let entries = self.0.get(&time).map_or(&[][..], Vec::as_slice);
        entries.iter().filter(|entry| entry.phase == phase).count()
    }

    fn check_fire_times(&self, first: Timestamp, next: Timestamp) {
        let grid: Vec<_> = grid(first, next).collect();
        for time in self.0.keys() {
            assert!(grid.binary_search(time).is_ok(), "{time} is no fire time");
        }
    }

    /// Checks that the runs for one fire time are attempts of one run, each in a different process, so that no two of
    /// them overlap; returns the number of attempts beyond the first ones.
    fn check_attempts(&self) -> usize {
        let mut again = 0;
        for entries in self.0.values() {
            let starts: Vec<_> = entries.iter().filter(|e| e.phase == RunPhase::Started).collect();
            for pair in starts.windows(2) {
                assert_eq!(pair[0].run, pair[1].run, "two runs for one fire time");
                assert!(pair[0].attempt < pair[1].attempt, "{pair:?}");
                assert_ne!(
                    pair[0].process, pair[1].process,
                    "two attempts in one process: {pair:?}"
                );
            }
            again += starts.len().saturating_sub(1);
        }
        again
    }
}

/// Checks that no process ran more than `max_instances` runs of a job concurrently.
fn check_max_instances(entries: &[Entry]) {
    let mut running = HashMap::<_, u32>::new();
    for entry in entries {
        let running = running.entry((&entry.process, &entry.job)).or_default();
        match entry.phase {
            RunPhase::Started => *running += 1,
            RunPhase::Finished => *running -= 1,
        }
        assert!(*running <= INSTANCES, "more than `max_instances` runs: {entry:?}");
    }
}
