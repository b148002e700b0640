//! Runs jobs of every kind while store calls fail, then checks the results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual::prelude::*;
use punctual::{HistoryOptions, HistoryQuery, OutcomeKind};
use punctual_testkit::{Layered, ManualScheduler, StoreLayer};

use crate::fault_injector::FaultInjector;

/// The number of jobs of each kind.
const JOBS: u32 = 20;
/// The interval of the repeated jobs.
const PERIOD: Duration = Duration::from_secs(1);
/// The number of fault-free periods at the end, in which outstanding work completes.
const RECOVERY_PERIODS: u32 = 30;
/// 2026-03-02T11:59:30Z
const START: Timestamp = Timestamp::from_seconds(1_772_452_770);

/// The number of runs by job and scheduled time.
#[derive(Default)]
struct Runs(Mutex<BTreeMap<(String, Timestamp), u32>>);

#[task]
fn record_run(context: JobContext) {
    let runs = context.app_data::<Arc<Runs>>().expect("the runs");
    let key = (context.job_id().to_string(), context.scheduled_time());
    *runs.0.lock().expect("the runs").entry(key).or_default() += 1;
}

/// The id of a job: `skip` or `rerun`, and whether it has one fire time or many.
fn id(recovery: Recovery, once: bool, number: u32) -> String {
    let recovery = if recovery == Recovery::Rerun { "rerun" } else { "skip" };
    format!("{recovery}-{}-{number}", if once { "once" } else { "often" })
}

/// The first fire time of a repeated job. The times differ, so that there are many small batches.
fn first(number: u32) -> Timestamp {
    START.saturating_add(PERIOD / JOBS * number)
}

/// The fire time of a job that runs once.
fn moment(number: u32) -> Timestamp {
    START.saturating_add(PERIOD * number)
}

/// Runs the jobs for so many periods in a store that fails as the fault injector decides.
pub(crate) fn run<L: StoreLayer>(periods: u32, store: impl FnOnce(Arc<FaultInjector>) -> L) {
    let faults = Arc::new(FaultInjector::new());
    let store = Layered(store(Arc::clone(&faults)));
    let runs = Arc::new(Runs::default());
    let scheduler = ManualScheduler::start(START, |builder| {
        builder
            .timezone("UTC")
            .job_store("default", store)
            .app_data(Arc::clone(&runs))
            .history(HistoryOptions::enabled())
            // The interval is short, so that each unconfirmed commit is retried many times before its claim expires.
            .max_retry_delay(Duration::from_millis(50))
    })
    .unwrap();
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        for number in 0..JOBS {
            let often = scheduler
                .job(record_run())
                .id(id(recovery, false, number))
                .trigger(IntervalTrigger::every(PERIOD).start_date(first(number)))
                .coalesce(Coalesce::All)
                .max_instances(1_000)
                .recovery(recovery);
            let once = scheduler
                .job(record_run())
                .id(id(recovery, true, number))
                .trigger(DateTrigger::at(moment(number)))
                .recovery(recovery);
            scheduler.block_on(often.add()).unwrap();
            scheduler.block_on(once.add()).unwrap();
        }
    }
    faults.set_paused(false);
    scheduler.advance(PERIOD * periods);
    faults.set_paused(true);
    // Stops one microsecond before the jobs are due again.
    scheduler.advance(PERIOD * RECOVERY_PERIODS - Duration::from_micros(1));

    let failed = faults.failed_commits();
    println!("commits that failed: {failed:?}");
    assert!(failed.len() == 3 && failed.values().all(|&times| times >= periods));
    check_store(&scheduler);
    let runs = runs.0.lock().unwrap();
    let end = scheduler.clock().now();
    let expected = fire_times(end);
    println!("{} fire times", expected.len());
    // Every unconfirmed commit was resolved before its claim expired, and no node expired: all jobs ran exactly once.
    for (key, &times) in &*runs {
        assert!(expected.contains(key), "{key:?} is no fire time");
        assert_eq!(times, 1, "{key:?} ran again");
    }
    let missing: Vec<_> = expected.iter().filter(|key| !runs.contains_key(*key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    check_history(&scheduler, expected);
    assert!(scheduler.health().is_ok());
    scheduler.block_on(scheduler.shutdown()).unwrap();
}

/// Each repeated job has a valid next fire time; completed jobs were removed, and no run is recorded.
fn check_store(scheduler: &ManualScheduler) {
    let now = scheduler.clock().now();
    let jobs = scheduler.block_on(scheduler.get_jobs(JobQuery::new())).unwrap();
    assert_eq!(jobs.len(), 2 * JOBS as usize, "{jobs:?}");
    for job in jobs {
        assert!(job.id.as_str().contains("often") && job.problem.is_none(), "{job:?}");
        assert_eq!(job.in_flight, 0, "{job:?}");
        let next = job.next_run_time.unwrap();
        let number = job.id.as_str().rsplit_once('-').unwrap().1.parse().unwrap();
        assert_eq!(
            next.saturating_since(first(number)).subsec_nanos(),
            0,
            "not a fire time: {job:?}"
        );
        assert!(next > now && next <= now.saturating_add(PERIOD), "{job:?}");
    }
}

/// Checks that the history contains each run exactly once.
fn check_history(scheduler: &ManualScheduler, mut expected: BTreeSet<(String, Timestamp)>) {
    let mut query = HistoryQuery::new().limit(1_000);
    loop {
        let page = scheduler.block_on(scheduler.history(query.clone())).unwrap();
        for entry in page.entries {
            // A claim whose response was lost may have started a run of a `Recovery::Rerun` job, as far as is known. If the
            // claim ends before the run starts, the attempt is lost, and the run is repeated.
            let is_rerun = entry.job.job_id.as_str().starts_with("rerun");
            if is_rerun && entry.outcome == OutcomeKind::Lost && entry.started.is_none() {
                continue;
            }
            assert_eq!(entry.outcome, OutcomeKind::Success, "{entry:?}");
            assert!(entry.attempt == 1 || is_rerun, "{entry:?}");
            let key = (entry.job.job_id.to_string(), entry.scheduled_time);
            assert!(expected.remove(&key), "{entry:?} is duplicated, or is no fire time");
        }
        match page.next {
            Some(next) => query = query.after(next),
            None => break,
        }
    }
    assert!(expected.is_empty(), "not in the history: {expected:?}");
}

/// Returns all fire times before that instant.
fn fire_times(end: Timestamp) -> BTreeSet<(String, Timestamp)> {
    let mut all = BTreeSet::new();
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        for number in 0..JOBS {
            all.insert((id(recovery, true, number), moment(number)));
            let times = (0..).map(|index| first(number).saturating_add(PERIOD * index));
            let times = times.take_while(|&time| time < end);
            all.extend(times.map(|time| (id(recovery, false, number), time)));
        }
    }
    all
}
