//! The operations. Each is run for a number of rounds, after a preparation that does not depend on that number.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;

use punctual::core::{Commit, CommitAction, JobStore, Schedule, TaskFilter};
use punctual::{CronTrigger, DateTrigger, IntervalTrigger, NodeId, TaskName, Trigger};

use crate::scheduler::{SECOND, START, Scheduler, id, job, rest};

/// The operations of a round, and the size of a scheduler's batches.
pub(crate) const PER_ROUND: u64 = 1_000;

/// The most rounds for which an operation is run.
pub(crate) const MOST_ROUNDS: u64 = 3;

/// A hot path.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) run: fn(u64) -> Outcome,
}

type Outcome = Result<(), Box<dyn Error>>;

pub(crate) const OPERATIONS: [Operation; 9] = [
    // Next fire times.
    Operation { name: "cron-utc", run: cron_utc },
    Operation { name: "cron-zone", run: cron_zone },
    Operation { name: "interval", run: interval },
    // Parsing an expression.
    Operation { name: "parse", run: parse },
    // Adding jobs to a running scheduler, one by one and with `add_jobs`.
    Operation { name: "add", run: add },
    Operation { name: "add-many", run: add_many },
    // The store's part of a run.
    Operation { name: "claim-commit", run: claim_and_commit },
    // Everything from a due job to the end of its run, of jobs that are due again and of jobs that are removed.
    Operation { name: "run", run: run_again },
    Operation { name: "run-once", run: run_once },
];

pub(crate) fn find(name: &str) -> Result<&'static Operation, String> {
    let found = OPERATIONS.iter().find(|operation| operation.name == name);
    found.ok_or_else(|| format!("there is no operation {name}"))
}

fn cron_utc(rounds: u64) -> Outcome {
    next_fire_times(&CronTrigger::from_crontab("*/5 * * * *").timezone("UTC").build()?, rounds)
}

fn cron_zone(rounds: u64) -> Outcome {
    let trigger = CronTrigger::from_crontab("0,30 9-17 * * mon-fri").timezone("Europe/Helsinki");
    next_fire_times(&trigger.build()?, rounds)
}

fn interval(rounds: u64) -> Outcome {
    next_fire_times(&IntervalTrigger::minutes(5).start_date(START).build()?, rounds)
}

fn next_fire_times(trigger: &impl Trigger, rounds: u64) -> Outcome {
    let mut now = START;
    for _ in 0..rounds * PER_ROUND {
        now = trigger.next_fire_time(Some(black_box(now)), now).ok_or("there is no fire time")?;
    }
    black_box(now);
    Ok(())
}

fn parse(rounds: u64) -> Outcome {
    for _ in 0..rounds * PER_ROUND {
        let trigger = CronTrigger::from_crontab(black_box("0,30 9-17 * * mon-fri"));
        black_box(trigger.timezone("Europe/Helsinki").build()?);
    }
    Ok(())
}

fn add(rounds: u64) -> Outcome {
    let scheduler = Scheduler::start()?;
    let trigger = IntervalTrigger::hours(1).start_date(START.saturating_add(SECOND)).build()?;
    scheduler.block_on(async {
        for index in 0..rounds * PER_ROUND {
            scheduler.job(rest()).id(id(index)).trigger(trigger.clone()).add().await?;
        }
        Ok(())
    })
}

fn add_many(rounds: u64) -> Outcome {
    let scheduler = Scheduler::start()?;
    let trigger = IntervalTrigger::hours(1).start_date(START.saturating_add(SECOND)).build()?;
    for round in 0..rounds {
        let jobs = (round * PER_ROUND..(round + 1) * PER_ROUND).map(|index| job(index, &trigger));
        scheduler.block_on(scheduler.add_jobs(jobs))?;
    }
    Ok(())
}

fn claim_and_commit(rounds: u64) -> Outcome {
    let scheduler = Scheduler::start()?;
    let trigger = IntervalTrigger::seconds(1).start_date(START).build()?;
    scheduler.block_on(scheduler.add_jobs((0..PER_ROUND).map(|index| job(index, &trigger))))?;
    let (store, node) = (scheduler.store(), NodeId::new("bench")?);
    let filter = TaskFilter::Only(Arc::new([TaskName::new("rest")?].into()));
    for _ in 0..rounds {
        let claims = store.claim_due(&node, START, PER_ROUND as usize, 10 * SECOND, &filter);
        let commits = scheduler.block_on(claims)?.records.into_iter().map(|record| Commit {
            id: record.id,
            fence: record.fence,
            action: CommitAction::Advance {
                // Due again immediately, after all others.
                schedule: Schedule::at(START),
                fire_count: record.fire_count + 1,
                start: Vec::new(),
            },
        });
        let outcomes = scheduler.block_on(store.commit(commits.collect::<Vec<_>>().into()))?;
        expect(outcomes.len() as u64, PER_ROUND)?;
    }
    Ok(())
}

fn run_again(rounds: u64) -> Outcome {
    let scheduler = Scheduler::start()?;
    let trigger = IntervalTrigger::seconds(1).start_date(START.saturating_add(SECOND)).build()?;
    scheduler.block_on(scheduler.add_jobs((0..PER_ROUND).map(|index| job(index, &trigger))))?;
    run_due(&scheduler, rounds)
}

/// The jobs of all rounds are added before the first one.
fn run_once(rounds: u64) -> Outcome {
    let scheduler = Scheduler::start()?;
    for round in 0..MOST_ROUNDS {
        let at = START.saturating_add(SECOND * u32::try_from(round + 1)?);
        let trigger = DateTrigger::at(at).build()?;
        let jobs = (round * PER_ROUND..(round + 1) * PER_ROUND).map(|index| job(index, &trigger));
        scheduler.block_on(scheduler.add_jobs(jobs))?;
    }
    run_due(&scheduler, rounds)
}

fn run_due(scheduler: &Scheduler, rounds: u64) -> Outcome {
    for _ in 0..rounds {
        scheduler.advance(SECOND);
    }
    expect(scheduler.runs(), rounds * PER_ROUND)
}

fn expect(counted: u64, expected: u64) -> Outcome {
    if counted == expected {
        return Ok(());
    }
    Err(format!("{counted} instead of {expected}").into())
}
