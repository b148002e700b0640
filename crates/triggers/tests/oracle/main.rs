//! Compares the triggers with fire times that were computed by APScheduler and by an independent evaluator.
//!
//! `PUNCTUAL_ORACLE=DIR cargo test --release -p punctual-triggers --test oracle` checks all known
//! files in `DIR`. The default is `tests/data/`, whose README describes the format.

#![expect(clippy::print_stdout, reason = "prints a report, even if all cases pass")]

mod case;
mod check;
mod data;

use std::process::ExitCode;

use punctual_core::ZoneDatabase;

/// The maximum number of differences that are printed for each file.
const MAX_PRINTED: usize = 5;

fn main() -> ExitCode {
    // Test runners list the tests with this argument.
    if std::env::args().any(|argument| argument == "--list") {
        if !std::env::args().any(|argument| argument == "--ignored") {
            println!("oracle: test");
        }
        return ExitCode::SUCCESS;
    }
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            println!("\noracle: FAILED: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let directory = data::directory();
    let database = ZoneDatabase::bundled();
    let release = database.release().to_owned();
    database.install();
    println!("oracle data in {}", directory.display());
    match data::release(&directory)? {
        Some(wanted) if wanted != release => {
            return Err(format!("the data is for zone database {wanted}, this is {release}"));
        }
        Some(_) => println!("zone database {release}, as in the data"),
        None => println!("zone database {release}; the release of the data is not recorded"),
    }

    let (mut cases, mut failures) = (0, 0);
    println!("{:18} {:>7} {:>7} {:>10} {:>7}", "file", "cases", "passed", "undecided", "failed");
    for file in data::files(&directory)? {
        let lines = data::lines(&file.path)?;
        let mut count = check::Count::default();
        let mut differences = Vec::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            match check::line(file.kind, line) {
                Ok(outcome) => count.add(outcome),
                Err(difference) => {
                    count.failed += 1;
                    differences.push(difference);
                }
            }
        }
        let check::Count { passed, undecided, failed } = count;
        println!("{:18} {:>7} {passed:>7} {undecided:>10} {failed:>7}", file.name, count.all());
        for difference in differences.iter().take(MAX_PRINTED) {
            println!("  {difference}");
        }
        cases += count.all();
        failures += failed;
    }
    println!("{:18} {cases:>7}", "all");
    match (cases, failures) {
        (0, _) => Err("there are no cases in the directory".to_owned()),
        (_, 0) => Ok(()),
        _ => Err(format!("{failures} of {cases} cases differ")),
    }
}
