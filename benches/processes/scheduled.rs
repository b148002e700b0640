//! The executor with a scheduler before it, as APScheduler's is measured.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use punctual::core::{Call, Task};
use punctual::{BackgroundScheduler, EventMask, ProcessPoolExecutor, Tasks};

use crate::figures::Figures;
use crate::{HEAVY, ROUNDS, SINGLES, count, nothing};

/// Fewer than for the executor alone: a scheduler has no more than this under way.
const MANY: usize = 10_000;

struct Bench {
    scheduler: BackgroundScheduler,
    ends: Receiver<()>,
}

impl Bench {
    fn new(tasks: &Tasks, processes: usize) -> Result<Self, Box<dyn std::error::Error>> {
        let (sender, ends) = channel();
        let mask = EventMask::JOB_EXECUTED | EventMask::JOB_ERROR | EventMask::JOB_MISSED;
        let scheduler = BackgroundScheduler::builder()
            .timezone("UTC")
            .executor(
                "default",
                ProcessPoolExecutor::builder().processes(processes).eager().build()?,
            )
            .tasks(tasks)
            .listener(mask, move |event| {
                assert!(event.code() == EventMask::JOB_EXECUTED, "{event:?}");
                let _ = sender.send(());
            })
            .start()?;
        Ok(Self { scheduler, ends })
    }

    /// From the first job's addition to the last run's end.
    #[expect(clippy::disallowed_methods, reason = "a bench measures durations")]
    fn time<T: Task>(
        &self,
        runs: usize,
        call: impl Fn() -> Call<T>,
    ) -> Result<Duration, Box<dyn std::error::Error>> {
        let begun = Instant::now();
        for _ in 0..runs {
            self.scheduler.add_job(call()).add()?;
        }
        for _ in 0..runs {
            self.ends.recv()?;
        }
        Ok(begun.elapsed())
    }
}

pub(crate) fn measure(tasks: &Tasks) -> Result<Figures, Box<dyn std::error::Error>> {
    let one = Bench::new(tasks, 1)?;
    let trips: Result<Vec<_>, _> = (0..SINGLES / 4).map(|_| one.time(1, || nothing(1))).collect();
    let alone = one.time(HEAVY, || count(ROUNDS))?;
    one.scheduler.shutdown()?;
    let two = Bench::new(tasks, 2)?;
    let many = two.time(MANY, || nothing(1))?;
    let together = two.time(HEAVY, || count(ROUNDS))?;
    two.scheduler.shutdown()?;
    Ok(Figures::of(trips?, MANY, many, alone, together))
}
