//! The measurements, for the executor alone and with a scheduler.

use std::error::Error;
use std::time::Duration;

use punctual::{Call, Task, Tasks};

use crate::figures::Figures;
use crate::{count, nothing};

/// The number of CPU-bound runs, and their work.
const HEAVY: usize = 200;
const ROUNDS: u64 = 4_000_000;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// An implementation that runs tasks in child processes.
pub(crate) trait Bench: Sized {
    /// The number of sequential runs.
    const SINGLES: usize;
    /// The number of runs that are submitted together.
    const MANY: usize;

    fn new(tasks: &Tasks, processes: usize) -> Outcome<Self>;

    /// Returns the duration of `runs` runs of the call.
    fn time<T: Task>(&self, runs: usize, call: impl Fn() -> Call<T>) -> Outcome<Duration>;

    /// Stops the children.
    fn end(self) -> Outcome<()>;
}

pub(crate) fn measure<B: Bench>(tasks: &Tasks) -> Outcome<Figures> {
    let one = B::new(tasks, 1)?;
    let trips: Result<Vec<_>, _> = (0..B::SINGLES).map(|_| one.time(1, || nothing(1))).collect();
    let alone = one.time(HEAVY, || count(ROUNDS))?;
    one.end()?;
    let two = B::new(tasks, 2)?;
    let many = two.time(B::MANY, || nothing(1))?;
    let together = two.time(HEAVY, || count(ROUNDS))?;
    two.end()?;
    Ok(Figures::of(trips?, B::MANY, many, alone, together))
}
