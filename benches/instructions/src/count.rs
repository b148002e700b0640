//! Counts instructions with callgrind, a tool of valgrind.

use std::error::Error;
use std::process::Command;

use crate::operations::{MOST_ROUNDS, Operation, PER_ROUND};

/// Returns the instructions of one operation: from two runs with different numbers of rounds, so that those of the
/// preparation are not counted.
pub(crate) fn per_operation(operation: &Operation) -> Result<u64, Box<dyn Error>> {
    // What is done only once, such as the growth of a table, is part of the first round.
    let (few, many) = (total(operation, 1)?, total(operation, MOST_ROUNDS)?);
    let operations = (MOST_ROUNDS - 1) * PER_ROUND;
    Ok((many.saturating_sub(few) + operations / 2) / operations)
}

/// The instructions of a process that runs the operation for `rounds` rounds.
fn total(operation: &Operation, rounds: u64) -> Result<u64, Box<dyn Error>> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]);
    command.arg(std::env::current_exe()?).args(["run", operation.name, &rounds.to_string()]);
    let output = command.output().map_err(|error| format!("valgrind: {error}"))?;
    let log = String::from_utf8_lossy(&output.stderr);
    // ==PID== Collected : NUMBER
    let collected = log.lines().find_map(|line| line.split_once("Collected : ")?.1.parse().ok());
    match collected {
        Some(instructions) if output.status.success() => Ok(instructions),
        _ => Err(format!("{}, {rounds} rounds: {}\n{log}", operation.name, output.status).into()),
    }
}
