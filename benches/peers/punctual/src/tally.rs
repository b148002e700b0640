//! Which jobs have run, how often, and when.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use punctual::{Clock, JobContext, SystemClock, Timestamp, task};

const MOST: usize = 100_000;

static RUNS: [AtomicU32; MOST] = [const { AtomicU32::new(0) }; MOST];
/// Microseconds since 1970, of the latest run of each job.
static STARTED: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];
static TOTAL: AtomicU64 = AtomicU64::new(0);

/// The task of all jobs.
#[task]
pub(crate) async fn count(number: u64) {
    let now = micros();
    if let Some(started) = STARTED.get(number as usize) {
        started.store(now, Relaxed);
        RUNS[number as usize].fetch_add(1, Relaxed);
        TOTAL.fetch_add(1, Relaxed);
    }
}

/// Of the runs of [`tick()`] the scheduled time and the start.
static TICKS: Mutex<Vec<(Timestamp, Timestamp)>> = Mutex::new(Vec::new());

/// The task of jobs that run again and again, no two at the same time.
#[task]
pub(crate) async fn tick(context: JobContext) {
    let now = SystemClock.now();
    ticks().push((context.scheduled_time(), now));
}

/// How late the runs of [`tick()`] within a range were, in milliseconds, of which `runs` were expected.
pub(crate) fn late(range: Range<Timestamp>, runs: u64) -> (Vec<f64>, Mistakes) {
    let mut ran: Vec<_> = ticks().iter().filter(|(at, _)| range.contains(at)).copied().collect();
    ran.sort_unstable();
    let all = ran.len();
    ran.dedup_by_key(|(at, _)| *at);
    let lost = (runs as usize).saturating_sub(ran.len());
    let micros = |(at, start): &(Timestamp, Timestamp)| start.as_micros() - at.as_micros();
    let late = ran.iter().map(|run| micros(run) as f64 / 1_000.0).collect();
    (late, Mistakes { lost, twice: all - ran.len() })
}

fn ticks() -> MutexGuard<'static, Vec<(Timestamp, Timestamp)>> {
    TICKS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of jobs that did not run, and of those that ran more than once.
#[derive(Clone, Copy, Default)]
pub(crate) struct Mistakes {
    pub(crate) lost: usize,
    pub(crate) twice: usize,
}

/// The time in microseconds since 1970, by the clock that the scheduler uses.
pub(crate) fn micros() -> u64 {
    SystemClock.now().as_micros().try_into().unwrap_or_default()
}

/// The start of a job's run.
pub(crate) fn started(number: u64) -> Option<u64> {
    match STARTED[number as usize].load(Relaxed) {
        0 => None,
        micros => Some(micros),
    }
}

/// Waits until this many jobs have run since the last [`reset`]; returns at the latest after two minutes.
pub(crate) fn wait_for(runs: u64) {
    let begin = Instant::now();
    while TOTAL.load(Relaxed) < runs && begin.elapsed() < Duration::from_secs(120) {
        std::thread::sleep(Duration::from_micros(500));
    }
}

/// Jobs 0 to `jobs` were to run once each.
pub(crate) fn mistakes(jobs: u64) -> Mistakes {
    let runs = |wanted: fn(u32) -> bool| {
        RUNS[..jobs as usize].iter().filter(|runs| wanted(runs.load(Relaxed))).count()
    };
    Mistakes { lost: runs(|runs| runs == 0), twice: runs(|runs| runs > 1) }
}

/// Forgets all runs.
pub(crate) fn reset() {
    for number in 0..MOST {
        RUNS[number].store(0, Relaxed);
        STARTED[number].store(0, Relaxed);
    }
    TOTAL.store(0, Relaxed);
}
