//! What is done with either: the executor alone, and one with a scheduler before it.

use std::error::Error;
use std::time::Duration;

use punctual::Tasks;
use punctual::core::{Call, Task};

use crate::figures::Figures;
use crate::{count, nothing};

/// How many runs compute, and for how long.
const HEAVY: usize = 200;
const ROUNDS: u64 = 4_000_000;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What runs tasks in child processes.
pub(crate) trait Bench: Sized {
    /// Runs that are made one after the other.
    const SINGLES: usize;
    /// Runs that are there at once.
    const MANY: usize;

    fn new(tasks: &Tasks, processes: usize) -> Outcome<Self>;

    /// How long so many runs of the call take.
    fn time<T: Task>(&self, runs: usize, call: impl Fn() -> Call<T>) -> Outcome<Duration>;

    /// Ends the children.
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
