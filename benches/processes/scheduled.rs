//! The executor with a scheduler, as for APScheduler.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use punctual::{BackgroundScheduler, Call, EventMask, ProcessPoolExecutor, Task, Tasks};

use crate::measure::{Bench, Outcome};

pub(crate) struct Scheduled {
    scheduler: BackgroundScheduler,
    completions: Receiver<()>,
}

impl Bench for Scheduled {
    const SINGLES: usize = 5_000;
    /// Fewer than for the executor alone: the default `max_concurrent_runs` of a scheduler.
    const MANY: usize = 10_000;

    fn new(tasks: &Tasks, processes: usize) -> Outcome<Self> {
        let (sender, completions) = channel();
        let mask = EventMask::JOB_EXECUTED | EventMask::JOB_ERROR | EventMask::JOB_MISSED;
        let scheduler = BackgroundScheduler::builder()
            .timezone("UTC")
            .executor(
                "default",
                ProcessPoolExecutor::builder().processes(processes).eager().build()?,
            )
            .tasks(tasks)
            .listener(mask, move |event| {
                assert!(event.mask() == EventMask::JOB_EXECUTED, "{event:?}");
                let _ = sender.send(());
            })
            .start()?;
        Ok(Self { scheduler, completions })
    }

    /// Measures from the addition of the first job to the completion of the last run.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures durations")]
    fn time<T: Task>(&self, runs: usize, call: impl Fn() -> Call<T>) -> Outcome<Duration> {
        let started = Instant::now();
        for _ in 0..runs {
            self.scheduler.job(call()).add()?;
        }
        for _ in 0..runs {
            self.completions.recv()?;
        }
        Ok(started.elapsed())
    }

    fn end(self) -> Outcome<()> {
        Ok(self.scheduler.shutdown()?)
    }
}
