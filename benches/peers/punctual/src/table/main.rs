//! Makes Markdown tables of the results of `scripts/bench peers`, which it reads from its standard input: a line of JSON
//! for each figure.
//!
//!   punctual-bench-peers-table            prints the tables
//!   punctual-bench-peers-table FOLDER     writes plots to FOLDER/benchmarks, and links and tables to the part of
//!                                         FOLDER/benchmarks.md that is between two comments

#![expect(clippy::print_stdout, reason = "prints the tables")]

mod docs;
mod markdown;
mod plots;
mod results;
mod svg;

use std::error::Error;
use std::path::Path;

use self::results::Results;

fn main() -> Result<(), Box<dyn Error>> {
    let results = Results::read(std::io::stdin().lock())?;
    match std::env::args().nth(1) {
        Some(folder) => docs::write(Path::new(&folder), &results),
        None => {
            for (group, table) in &results.tables {
                println!("### {group}\n\n{}", table.text()?);
            }
            Ok(())
        }
    }
}
