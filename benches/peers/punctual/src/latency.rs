//! How late single jobs start, that a client adds while a worker waits.

use std::error::Error;
use std::time::Duration;

use punctual::prelude::*;

use crate::tally::{count, micros, mistakes, started, wait_for};
use crate::{report, stores};

/// Jobs that are not measured.
const WARM_UP: u64 = 20;

/// From the return of `add` to the start of the job, which is due at once.
pub(crate) fn now(jobs: u64) -> Result<(), Box<dyn Error>> {
    measure("now", jobs, |client, number| {
        client.job(count(number)).recovery(Recovery::Rerun).add()?;
        Ok(micros())
    })
}

/// From the scheduled time, one second after the call of `add`, to the start of the job.
pub(crate) fn in_a_second(jobs: u64) -> Result<(), Box<dyn Error>> {
    measure("second", jobs, |client, number| {
        let due = SystemClock.now().saturating_add(Duration::from_secs(1));
        let trigger = DateTrigger::at(due);
        client.job(count(number)).trigger(trigger).recovery(Recovery::Rerun).add()?;
        Ok(due.as_micros().try_into()?)
    })
}

/// `add` adds a job, and returns the time from which its lateness counts.
fn measure(
    row: &str,
    jobs: u64,
    add: impl Fn(&BackgroundScheduler, u64) -> Result<u64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let worker = stores::worker(true)?;
    let client = stores::client()?;
    let mut from = Vec::new();
    for number in 0..WARM_UP + jobs {
        std::thread::sleep(Duration::from_millis(fastrand::u64(20..80)));
        from.push(add(&client, number)?);
    }
    wait_for(WARM_UP + jobs);
    std::thread::sleep(Duration::from_secs(1));
    let late = (0_u64..)
        .zip(from)
        .skip(WARM_UP as usize)
        .filter_map(|(number, from)| Some((started(number)? as f64 - from as f64) / 1_000.0));
    report::print_percentiles(row, late.collect(), mistakes(WARM_UP + jobs));
    client.shutdown()?;
    Ok(worker.shutdown()?)
}
