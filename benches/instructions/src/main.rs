//! Instructions per operation of the hot paths. `scripts/test instructions` compares them with recorded numbers.
//!
//!     bench-instructions count              prints the table of all operations
//!     bench-instructions check FILE         prints how they differ from a recorded table; fails beyond the tolerance
//!     bench-instructions run NAME ROUNDS    runs one operation; the other two run this under valgrind
//!
//! Instructions don't depend on the load of the machine, unlike times. They depend on the compiler and the target, and
//! say nothing about caches and locks, which `scripts/bench memory` measures.

mod count;
mod operations;
mod scheduler;
mod table;

use std::error::Error;
use std::process::ExitCode;

use self::table::Table;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["count"] => print!("{}", Table::count()?),
        ["check", file] => {
            let recorded = Table::parse(&std::fs::read_to_string(file)?)?;
            let (differences, is_equal) = recorded.compare(&Table::count()?);
            print!("{differences}");
            return Ok(if is_equal { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        ["run", name, rounds] => (operations::find(name)?.run)(rounds.parse()?)?,
        _ => return Err("usage: bench-instructions count | check FILE | run NAME ROUNDS".into()),
    }
    Ok(ExitCode::SUCCESS)
}
