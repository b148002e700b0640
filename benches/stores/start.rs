//! From the call of `start` to the first run, with jobs that are due.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual::{BackgroundScheduler, IntoJobStore, StoreError};

use crate::fires::wait;
use crate::jobs::{FIRED, count};
use crate::measure::{median, stopwatch};

const STARTS: usize = 7;

/// How often the runs are counted: often enough for times in milliseconds.
const GLANCE: Duration = Duration::from_micros(200);

pub(crate) fn until_first_run<S: IntoJobStore>(
    open: impl Fn() -> Result<S, StoreError>,
) -> Result<Duration, Box<dyn Error>> {
    let mut times = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        let builder = BackgroundScheduler::builder().job_store("default", open()?).task(count);
        let (begun, fired) = (stopwatch(), FIRED.load(Ordering::Relaxed));
        let scheduler = builder.start()?;
        while FIRED.load(Ordering::Relaxed) == fired {
            wait(GLANCE);
        }
        times.push(begun.elapsed());
        scheduler.shutdown()?;
    }
    Ok(median(times))
}
