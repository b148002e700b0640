//! Punctual's rows of `scripts/bench peers`, except those of `benches/memory`. Each call measures one row in an empty
//! database, and prints lines of JSON.
//!
//! Its call is `punctual-bench-peers <row> <jobs>`, with the URL of the store in `DATABASE_URL`; without it in memory.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "measures time, waits for schedulers, and prints the figures"
)]

mod add;
mod drain;
mod latency;
mod report;
mod steady;
mod stores;
mod tally;
mod written;

use std::error::Error;

use punctual::Recovery;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(row), Some(jobs)) = (args.next(), args.next()) else {
        return Err("usage: punctual-bench-peers <row> <jobs>".into());
    };
    let jobs: u64 = jobs.parse()?;
    match &*row {
        "drain-kept" => drain::measure(&row, Recovery::Rerun, true, jobs)?,
        "drain-deleted" => drain::measure(&row, Recovery::Rerun, false, jobs)?,
        "drain-skip" => drain::measure(&row, Recovery::Skip, false, jobs)?,
        "drain-skip-kept" => drain::measure(&row, Recovery::Skip, true, jobs)?,
        "add-one" => add::one_by_one(jobs)?,
        "add-many" => add::many(jobs)?,
        "now" => latency::now(jobs)?,
        "second" => latency::in_a_second(jobs)?,
        "steady" => steady::measure(jobs)?,
        "idle" => add::idle(jobs)?,
        other => return Err(format!("there is no row {other}").into()),
    }
    Ok(())
}
