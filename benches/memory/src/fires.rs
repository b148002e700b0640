//! Jobs that run every second, and how late each of their runs starts.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use punctual::{IntervalTrigger, JobContext, NewJob, Timestamp, task};

use crate::done::Done;
use crate::jobs::{id, index, started};
use crate::measure::{Stopwatch, wait, wall_clock};
use crate::report::Report;

/// The jobs start at the full second that is at least this long after they were created.
const LEAD: u64 = 2;

/// The first seconds of the jobs, which are not measured.
const WARM_UP: u64 = 1;

/// The time after which missing runs are counted as lost.
const LIMIT: Duration = Duration::from_secs(10);

/// Instead of the lateness, if there was no run.
const NO_RUN: i64 = i64::MIN;

/// The runs of this process.
static FIRES: OnceLock<Fires> = OnceLock::new();

struct Fires {
    jobs: usize,
    from: Timestamp,
    /// In nanoseconds: for each second one value for each job.
    lateness: Vec<AtomicI64>,
    doubled: AtomicUsize,
    done: Done,
}

/// The measured runs.
pub(crate) struct Measured {
    /// For each second the lateness of the runs in it, in milliseconds, sorted.
    pub(crate) seconds: Vec<Vec<f64>>,
    /// The CPU time, as a share of one processor.
    pub(crate) processor: f64,
    lost: usize,
    doubled: usize,
}

#[task]
async fn fire(context: JobContext) {
    let started = i64::try_from(wall_clock().as_nanos()).unwrap_or(i64::MAX);
    if let (Some(fires), Some(job)) = (FIRES.get(), index(&context)) {
        let scheduled = context.scheduled_time();
        fires.record(job, scheduled, started.saturating_sub(scheduled.as_micros() * 1_000));
    }
}

impl Fires {
    fn record(&self, job: usize, scheduled: Timestamp, lateness: i64) {
        if scheduled < self.from {
            return;
        }
        let second = scheduled.saturating_since(self.from).as_secs() as usize;
        let Some(cell) = self.lateness.get(second * self.jobs + job) else { return };
        match cell.swap(lateness, Ordering::Relaxed) {
            NO_RUN => self.done.count(),
            _ => _ = self.doubled.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// Runs `jobs` jobs every second, each at an instant that is `step` after that of the previous job.
pub(crate) fn measure(
    jobs: usize,
    step: Duration,
    seconds: u64,
) -> Result<Measured, Box<dyn Error>> {
    let scheduler = started()?;
    let first = Duration::from_secs(wall_clock().as_secs() + 1 + LEAD);
    let (from, until) =
        (first + Duration::from_secs(WARM_UP), first + Duration::from_secs(WARM_UP + seconds));
    let expected = jobs * seconds as usize;
    let fires = FIRES.get_or_init(|| Fires {
        jobs,
        from: Timestamp::UNIX_EPOCH.saturating_add(from),
        lateness: (0..expected).map(|_| AtomicI64::new(NO_RUN)).collect(),
        doubled: AtomicUsize::new(0),
        done: Done::after(expected),
    });
    let mut all = Vec::with_capacity(jobs);
    for index in 0..jobs {
        let start = Timestamp::UNIX_EPOCH.saturating_add(first + step * u32::try_from(index)?);
        let trigger = IntervalTrigger::seconds(1).start_date(start).build()?;
        all.push(NewJob::builder(fire()).id(id("job", index)).trigger(trigger).build());
    }
    scheduler.add_jobs(all)?;
    if wall_clock() >= first {
        return Err("adding the jobs took longer than the time until their first run".into());
    }

    wait(from.saturating_sub(wall_clock()));
    let watch = Stopwatch::start();
    wait(until.saturating_sub(wall_clock()));
    let processor = watch.processor().as_secs_f64() / watch.elapsed().as_secs_f64();
    // The last runs, if they are late.
    fires.done.wait(LIMIT);
    scheduler.shutdown()?;
    Ok(fires.measured(processor))
}

impl Fires {
    fn measured(&self, processor: f64) -> Measured {
        let runs = |cells: &[AtomicI64]| {
            let values = cells.iter().map(|cell| cell.load(Ordering::Relaxed));
            let mut millis: Vec<_> =
                values.filter(|value| *value != NO_RUN).map(|value| value as f64 / 1e6).collect();
            millis.sort_by(f64::total_cmp);
            millis
        };
        let seconds: Vec<_> = self.lateness.chunks(self.jobs).map(runs).collect();
        let lost = self.lateness.len() - seconds.iter().map(Vec::len).sum::<usize>();
        Measured { seconds, processor, lost, doubled: self.doubled.load(Ordering::Relaxed) }
    }
}

impl Measured {
    /// Adds the numbers that are the same for all measurements: CPU time, and wrong runs.
    pub(crate) fn add_to(&self, report: Report) -> Report {
        let early = self.seconds.iter().flatten().filter(|millis| **millis < 0.0).count();
        report
            .with("processor, % of a core", self.processor * 100.0)
            .with("lost runs", self.lost as f64)
            .with("doubled runs", self.doubled as f64)
            .with("early runs", early as f64)
    }
}
