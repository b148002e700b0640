//! Adding jobs that are not due, and a store that contains only such jobs.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant};

use punctual::prelude::*;

use crate::tally::{Mistakes, count};
use crate::{report, stores};

/// Jobs that are added before the measurement.
const WARM_UP: u64 = 500;

pub(crate) fn one_by_one(jobs: u64) -> Result<(), Box<dyn Error>> {
    let client = stores::client()?;
    let mut begin = Instant::now();
    for number in 0..WARM_UP + jobs {
        if number == WARM_UP {
            begin = Instant::now();
        }
        let trigger = DateTrigger::at(next_week());
        client.job(count(number)).trigger(trigger).recovery(Recovery::Rerun).add()?;
    }
    print("add-one", jobs, begin.elapsed());
    Ok(client.shutdown()?)
}

pub(crate) fn many(jobs: u64) -> Result<(), Box<dyn Error>> {
    let client = stores::client()?;
    client.add_jobs((0..WARM_UP).map(later))?;
    let begin = Instant::now();
    client.add_jobs((0..jobs).map(later))?;
    print("add-many", jobs, begin.elapsed());
    Ok(client.shutdown()?)
}

/// A worker with jobs for next week; the caller measures it, and ends it by closing its standard input.
pub(crate) fn idle(jobs: u64) -> Result<(), Box<dyn Error>> {
    let worker = stores::worker(true)?;
    worker.add_jobs((0..jobs).map(later))?;
    std::thread::sleep(Duration::from_secs(2));
    println!("ready");
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(worker.shutdown()?)
}

fn print(row: &str, jobs: u64, time: Duration) {
    report::print(row, jobs as f64 / time.as_secs_f64(), "jobs/s", Mistakes::default());
}

fn later(number: u64) -> NewJob {
    let trigger = DateTrigger::at(next_week());
    NewJob::builder(count(number)).trigger(trigger).recovery(Recovery::Rerun).build()
}

fn next_week() -> Timestamp {
    SystemClock.now().saturating_add(Duration::from_secs(7 * 86_400))
}
