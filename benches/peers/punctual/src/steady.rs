//! Punctual alone: a hundred runs per second for nine seconds, of jobs that each run once a second.

use std::error::Error;
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual::prelude::*;

use crate::report;
use crate::stores;
use crate::tally::{Mistakes, late, tick};
use crate::written::Written;

/// The first second is not counted.
const SECONDS: u32 = 10;

pub(crate) fn measure(jobs: u64) -> Result<(), Box<dyn Error>> {
    let written = Written::new()?;
    let worker = stores::worker(true)?;
    let second = Duration::from_secs(1);
    let now = SystemClock.now().as_micros();
    let first = Timestamp::from_micros(now - now % 1_000_000).saturating_add(second * 3);
    let job = |number: u64| {
        let start = first.saturating_add(second * u32::try_from(number)? / u32::try_from(jobs)?);
        let trigger = IntervalTrigger::seconds(1).start_date(start).build()?;
        let job = NewJob::builder(tick()).trigger(trigger).recovery(Recovery::Rerun).build();
        Ok::<_, Box<dyn Error>>(job)
    };
    worker.add_jobs((0..jobs).map(job).collect::<Result<Vec<_>, _>>()?)?;

    // Between the last run of one second and the first of the next.
    let between = second / u32::try_from(jobs)? / 2;
    let until = |seconds| {
        let end =
            first.saturating_add(second * seconds).as_micros() - SystemClock.now().as_micros();
        let end = Duration::from_micros(end.try_into().unwrap_or_default());
        std::thread::sleep(end.saturating_sub(between));
    };
    until(1);
    let (processor, bytes) = (ProcessTime::now(), written.bytes()?);
    until(SECONDS);
    let processor = processor.elapsed().as_secs_f64() / f64::from(SECONDS - 1);
    let bytes = written.since(bytes)?;
    // For runs that are late.
    std::thread::sleep(second);
    worker.shutdown()?;

    let runs = jobs * u64::from(SECONDS - 1);
    let measured = first.saturating_add(second)..first.saturating_add(second * SECONDS);
    let (late, mistakes) = late(measured, runs);
    report::print_percentiles("steady", late, mistakes);
    report::print("steady-processor", processor * 100.0, "% of a core", Mistakes::default());
    if let Some(bytes) = bytes {
        report::print("steady-bytes", bytes / runs as f64, "B/run", Mistakes::default());
    }
    Ok(())
}
