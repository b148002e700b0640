//! Jobs that are due and are in the store when the worker starts.

use std::error::Error;
use std::time::{Duration, Instant};

use punctual::prelude::*;
use punctual::{HistoryQuery, JobQuery};

use crate::tally::{Mistakes, count, mistakes, reset, wait_for};
use crate::written::Written;
use crate::{report, stores};

/// Jobs that run before the measurement, in the same process.
const WARM_UP: u64 = 2_000;

pub(crate) fn measure(
    row: &str,
    recovery: Recovery,
    history: bool,
    jobs: u64,
) -> Result<(), Box<dyn Error>> {
    drain(recovery, history, WARM_UP)?;
    let Drained { time, bytes, mut mistakes } = drain(recovery, history, jobs)?;
    if history {
        // A run without an entry is as bad as a lost one.
        mistakes.lost = mistakes.lost.max(((WARM_UP + jobs) as usize).saturating_sub(entries()?));
    }
    report::print(row, jobs as f64 / time.as_secs_f64(), "jobs/s", mistakes);
    if let Some(bytes) = bytes {
        report::print(&format!("{row}-bytes"), bytes / jobs as f64, "B/run", Mistakes::default());
    }
    Ok(())
}

struct Drained {
    /// From the call of `start` until the store has no job left, and all history entries are written.
    time: Duration,
    /// What the store has written meanwhile, if that is known.
    bytes: Option<f64>,
    mistakes: Mistakes,
}

fn drain(recovery: Recovery, history: bool, jobs: u64) -> Result<Drained, Box<dyn Error>> {
    reset();
    let written = Written::new()?;
    let client = stores::client()?;
    client.add_jobs((0..jobs).map(|number| due(number, recovery)))?;
    client.shutdown()?;

    let before = written.bytes()?;
    let begin = Instant::now();
    let worker = stores::worker(history)?;
    wait_for(jobs);
    while !worker.get_jobs(JobQuery::new().limit(1))?.is_empty()
        && begin.elapsed() < Duration::from_secs(120)
    {
        std::thread::sleep(Duration::from_millis(2));
    }
    if history {
        // Writes what would otherwise be written with the next commit.
        worker.history(HistoryQuery::new().limit(1))?;
    }
    let time = begin.elapsed();
    let bytes = written.since(before)?;
    // For runs that are repeated.
    std::thread::sleep(Duration::from_secs(1));
    worker.shutdown()?;
    Ok(Drained { time, bytes, mistakes: mistakes(jobs) })
}

/// A job without a trigger is due when it is added, and is removed after its run.
fn due(number: u64, recovery: Recovery) -> NewJob {
    NewJob::builder(count(number)).recovery(recovery).build()
}

/// The number of entries of the history.
fn entries() -> Result<usize, Box<dyn Error>> {
    let client = stores::client()?;
    let (mut entries, mut next) = (0, None);
    loop {
        let query = HistoryQuery::new().limit(1_000);
        let page = client.history(match next {
            Some(cursor) => query.after(cursor),
            None => query,
        })?;
        entries += page.entries.len();
        next = page.next;
        if next.is_none() {
            client.shutdown()?;
            return Ok(entries);
        }
    }
}
