//! Jobs of every kind, run while their store fails all the time; and what must be true afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual::core::DynJobStore;
use punctual::prelude::*;
use punctual_testkit::{Layered, ManualScheduler};

use crate::dice::Dice;
use crate::flaky::Flaky;

/// How many jobs there are of each kind.
const JOBS: u32 = 20;
/// How often those run that run for ever.
const PERIOD: Duration = Duration::from_secs(1);
/// How long the storm lasts, by the scheduler's clock.
const STORM: Duration = Duration::from_secs(100);
/// What is left is done in this time.
const CALM: Duration = Duration::from_secs(60);
/// How many occurrences each has in all that time.
const TIMES: u32 = 160;
/// 2026-03-02T11:59:30Z
const START: Timestamp = Timestamp::from_seconds(1_772_452_770);

/// How often which job ran for which time.
#[derive(Default)]
struct Runs(Mutex<BTreeMap<(String, Timestamp), u32>>);

#[task]
fn occur(context: JobContext) {
    let runs = context.state::<Arc<Runs>>().expect("the runs");
    let key = (context.job_id().to_string(), context.scheduled_time());
    *runs.0.lock().expect("the runs").entry(key).or_default() += 1;
}

/// A kind of job: `skip` or `rerun`, and whether it has one occurrence or many.
fn id(recovery: Recovery, once: bool, number: u32) -> String {
    let recovery = if recovery == Recovery::Rerun { "rerun" } else { "skip" };
    format!("{recovery}-{}-{number}", if once { "once" } else { "often" })
}

/// The first time of the job with many: not the same for all, so that there are many small batches.
fn first(number: u32) -> Timestamp {
    START.saturating_add(PERIOD / JOBS * number)
}

/// When the job with one occurrence has it.
fn moment(number: u32) -> Timestamp {
    START.saturating_add(STORM / (JOBS + 1) * (number + 1))
}

pub(crate) fn rages(store: Arc<dyn DynJobStore>) {
    let dice = Arc::new(Dice::new());
    let runs = Arc::new(Runs::default());
    let scheduler = ManualScheduler::start(START, |builder| {
        builder
            .timezone("UTC")
            .job_store("default", Layered(Flaky { store, dice: Arc::clone(&dice) }))
            .state(Arc::clone(&runs))
            // Each commit in doubt is repeated many times while its claim lasts.
            .retry_interval(Duration::from_millis(50))
    })
    .unwrap();
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        for number in 0..JOBS {
            let often = scheduler
                .add_job(occur())
                .id(id(recovery, false, number))
                .trigger(IntervalTrigger::every(PERIOD).start_date(first(number)))
                .coalesce(Coalesce::All)
                .max_instances(1_000)
                .recovery(recovery);
            let once = scheduler
                .add_job(occur())
                .id(id(recovery, true, number))
                .trigger(DateTrigger::at(moment(number)))
                .recovery(recovery);
            scheduler.block_on(often.add()).unwrap();
            scheduler.block_on(once.add()).unwrap();
        }
    }
    dice.calm(false);
    scheduler.advance(STORM);
    dice.calm(true);
    // Up to the moment before they are all due again.
    scheduler.advance(CALM - Duration::from_micros(1));

    println!("commits that failed: {:?}", dice.struck());
    for (how, times) in dice.struck() {
        assert!(times >= 100, "only {times} commits failed {how}");
    }
    the_store_is_whole(&scheduler);
    let runs = runs.0.lock().unwrap();
    let skip = every_occurrence(&runs, Recovery::Skip);
    assert_eq!(skip.again, 0, "at most once");
    let rerun = every_occurrence(&runs, Recovery::Rerun);
    assert_eq!(rerun.missing, Vec::new(), "at least once");
    println!("skip: {skip:?}");
    println!("rerun: {rerun:?}");
    assert_eq!(runs.len() + skip.missing.len(), skip.occurrences + rerun.occurrences, "no others");
    assert!(scheduler.health().is_ok());
    scheduler.block_on(scheduler.shutdown()).unwrap();
}

/// Those that are to run on have their next time on their grid; nothing is left of the others, or of any run.
fn the_store_is_whole(scheduler: &ManualScheduler) {
    let now = scheduler.clock().now();
    let jobs = scheduler.block_on(scheduler.get_jobs(None)).unwrap();
    assert_eq!(jobs.len(), 2 * JOBS as usize, "{jobs:?}");
    for job in jobs {
        assert!(job.id.as_str().contains("often") && job.problem.is_none(), "{job:?}");
        assert_eq!(job.in_flight, 0, "{job:?}");
        let next = job.next_run_time.unwrap();
        let number = job.id.as_str().rsplit_once('-').unwrap().1.parse().unwrap();
        assert_eq!(next.saturating_since(first(number)).subsec_nanos(), 0, "off its grid: {job:?}");
        assert!(next > now && next <= now.saturating_add(PERIOD), "{job:?}");
    }
}

/// What became of the occurrences of all jobs of a kind.
#[derive(Debug)]
struct Tally {
    occurrences: usize,
    missing: Vec<(String, Timestamp)>,
    again: usize,
}

fn every_occurrence(runs: &BTreeMap<(String, Timestamp), u32>, recovery: Recovery) -> Tally {
    let mut tally = Tally { occurrences: 0, missing: Vec::new(), again: 0 };
    let mut look = |id: String, time: Timestamp| {
        tally.occurrences += 1;
        let key = (id, time);
        match runs.get(&key) {
            None => tally.missing.push(key),
            Some(&times) => tally.again += times as usize - 1,
        }
    };
    for number in 0..JOBS {
        look(id(recovery, true, number), moment(number));
        for index in 0..TIMES {
            let time = first(number).saturating_add(PERIOD * index);
            look(id(recovery, false, number), time);
        }
    }
    tally
}
