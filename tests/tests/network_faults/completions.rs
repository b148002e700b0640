//! An outage lasts longer than the lease, while recorded runs wait for a thread.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;
use punctual::prelude::*;
use punctual_tests::jobs::record_run;
use punctual_tests::journal::RunPhase;
use punctual_tests::worker_config::WorkerConfig;

use crate::fixtures::{ServerFixture, TrialFixture};
use crate::processes::Processes;
use crate::proxy::Mode;
use crate::trials::TrialResult;

const LEASE: Duration = Duration::from_secs(2);

const NAMES: [&str; 2] = ["ann", "bob"];

/// The number of jobs; each process claims half of them.
const JOBS: usize = 8;

/// At most one completion event and one history entry exist for each attempt of a run. `Recovery::Rerun` jobs run at
/// least once, and `Recovery::Skip` jobs at most once.
pub(crate) fn trial(server_fixture: &ServerFixture, random: &mut Rng) -> TrialResult {
    let mode = if random.bool() { Mode::Stall } else { Mode::Disconnect };
    let fixture = server_fixture.trial_fixture(Some(Duration::from_millis(500)));
    let proxies = NAMES.map(|_| fixture.proxy(None));
    let mut processes = Processes::default();
    for (name, proxy) in NAMES.iter().zip(&proxies) {
        processes.start(&WorkerConfig {
            lease: LEASE,
            pool_threads: Some(1),
            hold_runs: true,
            max_concurrent_runs: JOBS / NAMES.len(),
            ..fixture.config(name, Some(proxy))
        });
    }
    processes.wait_until_ready();
    let jobs = jobs(random);
    fixture
        .add(jobs.iter().map(|(id, recovery)| {
            NewJob::builder(record_run()).id(id).recovery(*recovery).build()
        }));
    // One run of each process has started; the others are queued there.
    processes.wait_until("not both processes have started a run", |processes| {
        NAMES.iter().all(|name| processes.count_lines(name, "begin") == 1)
    });
    let recorded = jobs.iter().filter(|(_, recovery)| *recovery == Recovery::Rerun).count();
    processes.wait_until("not all jobs were claimed", |_| {
        let left = fixture.jobs();
        left.len() <= recorded && left.iter().all(|job| job.next_run_time.is_none())
    });
    proxies.iter().for_each(|proxy| proxy.set(mode));
    // The leases expire during the outage. The threads become free either before the server is reachable again or just
    // after.
    processes.read_output(LEASE.mul_f64(1.1 + random.f64() / 2.0));
    let frees_first = random.u8(..4) > 0;
    if frees_first {
        processes.send_line("release");
        processes.read_output(Duration::from_millis(random.u64(50..300)));
    }
    proxies.iter().for_each(|proxy| proxy.set(Mode::Forward));
    if !frees_first {
        processes.read_output(Duration::from_millis(random.u64(0..300)));
        processes.send_line("release");
    }
    processes.wait_until("jobs are left", |_| fixture.jobs().is_empty());
    processes.shut_down();
    let freed = if frees_first { "released during" } else { "released after" };
    TrialResult { variant: format!("{mode:?}, {freed}"), violation: check(&fixture, &jobs) }
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

fn check(fixture: &TrialFixture<'_>, jobs: &[(String, Recovery)]) -> Option<String> {
    let mut violations = Vec::new();
    let mut reported = BTreeMap::<_, Vec<_>>::new();
    for end in fixture.ends() {
        let Some(run) = end.run else { continue };
        reported
            .entry((end.job, run))
            .or_default()
            .push(format!("{} in {}", end.outcome, end.process));
    }
    let mut written = BTreeMap::<_, Vec<_>>::new();
    for entry in fixture.history() {
        let run = (entry.run_id.to_string(), entry.attempt);
        written
            .entry((entry.job.job_id.to_string(), run))
            .or_default()
            .push(entry.outcome.to_string());
    }
    for (what, ends) in [("in the events", &reported), ("in the history", &written)] {
        for (id, _) in jobs.iter().filter(|(id, _)| !ends.keys().any(|(job, _)| job == id)) {
            violations.push(format!("{id} has no completion {what}"));
        }
        for ((job, (_, attempt)), ends) in ends.iter().filter(|(_, ends)| ends.len() > 1) {
            violations.push(format!(
                "attempt {attempt} of {job} has {} completions {what}: {ends:?}",
                ends.len()
            ));
        }
    }
    for (id, recovery) in jobs {
        let (starts, ends) =
            (fixture.lines_of(id, RunPhase::Started), fixture.lines_of(id, RunPhase::Finished));
        if *recovery == Recovery::Rerun && ends == 0 {
            violations.push(format!("{id} was lost"));
        }
        if *recovery == Recovery::Skip && starts > 1 {
            violations.push(format!("{id} started {starts} times"));
        }
    }
    (!violations.is_empty()).then(|| violations.join("; "))
}
