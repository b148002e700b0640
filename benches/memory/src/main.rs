//! The speed and size of schedulers with jobs in memory, measured through the public API of `punctual` only.
//!
//! `scripts/bench memory` builds and runs this program:
//!
//! - `bench-memory WORK [--jobs N] [--stored N] [--seconds N]` measures one kind of work in this process, and prints the
//!   result as one line of JSON;
//! - `bench-memory table [--quick] [--rounds N] [--before PROGRAM] [WORK..]` runs each row in a new process, by turns
//!   with `PROGRAM`, which is this program built with other crates, and prints the table.

mod args;
mod collect;
mod done;
mod fires;
mod jobs;
mod measure;
mod report;
mod rows;
mod series;
mod table;
mod work;

use std::error::Error;

use self::args::Args;
use self::work::Size;

#[expect(clippy::print_stdout, reason = "prints the results")]
fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse(std::env::args().skip(1))?;
    let (command, chosen) = args.words.split_first().ok_or("expected `table` or a kind of work")?;
    if command == "table" {
        print!("{}", collect::measure(&args, chosen)?);
        return Ok(());
    }
    let report = work::find(command)?(&Size::from_args(&args)?)?;
    println!("{}", report.to_json(command));
    Ok(())
}
