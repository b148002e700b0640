//! The time from the call of `start` to the first run, with due jobs.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual::{BackgroundScheduler, IntoJobStore, StoreError};

use crate::fires::wait;
use crate::jobs::{FIRED, count};
use crate::measure::{median, stopwatch};

const STARTS: usize = 7;

/// The interval at which the runs are counted, short enough for results in milliseconds.
const POLL_INTERVAL: Duration = Duration::from_micros(200);

pub(crate) fn until_first_run<S: IntoJobStore>(
    open: impl Fn() -> Result<S, StoreError>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let builder = BackgroundScheduler::builder().job_store("default", open()?).task(count);
        let (started, fired) = (stopwatch(), FIRED.load(Ordering::Relaxed));
        let scheduler = builder.start()?;
        while FIRED.load(Ordering::Relaxed) == fired {
            wait(POLL_INTERVAL);
        }
        times.push(started.elapsed());
        scheduler.shutdown()?;
    }
    Ok(median(times))
}
