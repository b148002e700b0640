//! Runs the rows, each in new processes.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::args::Args;
use crate::report::Report;
use crate::rows::{self, Row};
use crate::series::Series;
use crate::work;

/// What was measured.
pub(crate) struct Results {
    /// `now`, or `before` and `now`.
    pub(crate) programs: Vec<&'static str>,
    pub(crate) rounds: usize,
    pub(crate) measures: Vec<Measure>,
}

/// One measure of a row.
pub(crate) struct Measure {
    pub(crate) title: String,
    pub(crate) name: String,
    /// The values of each program.
    pub(crate) values: Vec<Series>,
}

/// Measures the chosen kinds of work, or all, with this program and that of the option `--before`.
pub(crate) fn measure(args: &Args, chosen: &[String]) -> Result<Results, Box<dyn Error>> {
    for work in chosen {
        work::find(work)?;
    }
    let mut programs = vec![("now", std::env::current_exe()?)];
    if let Some(before) = args.text("before") {
        programs.insert(0, ("before", PathBuf::from(before)));
    }
    let rounds = args.number("rounds")?.unwrap_or(match (args.quick, programs.len()) {
        (true, _) => 2,
        (false, 1) => 5,
        // An even number: each program is the first one equally often.
        (false, _) => 6,
    });
    let mut measures = Vec::new();
    for row in rows::of(chosen, args.quick) {
        let mut measured = Vec::new();
        for round in 0..rounds {
            // By turns: before, now, now, before, ..
            let mut turns: Vec<_> = (0..programs.len()).collect();
            if round % 2 == 1 {
                turns.reverse();
            }
            for turn in turns {
                let report = run(&programs[turn], &row)?;
                record(&mut measured, &row, programs.len(), turn, report);
            }
        }
        measures.append(&mut measured);
    }
    let programs = programs.into_iter().map(|(name, _)| name).collect();
    Ok(Results { programs, rounds, measures })
}

#[expect(clippy::print_stderr, reason = "shows the progress, and the values of each round")]
fn run((name, program): &(&str, PathBuf), row: &Row) -> Result<Report, Box<dyn Error>> {
    let mut command = match row.processors {
        None => Command::new(program),
        Some(processors) => {
            let mut command = Command::new("taskset");
            command.args(["-c", processors]).arg(program);
            command
        }
    };
    let output = command.args(&row.args).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?} failed: {}", output.status).into());
    }
    let line = String::from_utf8(output.stdout)?;
    eprintln!("{name}: {}: {}", row.title, line.trim_end());
    Report::from_json(&line)
}

fn record(
    measured: &mut Vec<Measure>,
    row: &Row,
    programs: usize,
    program: usize,
    Report(values): Report,
) {
    for (name, value) in values {
        let at = measured.iter().position(|measure| measure.name == name).unwrap_or_else(|| {
            let values = (0..programs).map(|_| Series::default()).collect();
            measured.push(Measure { title: row.title.clone(), name, values });
            measured.len() - 1
        });
        measured[at].values[program].push(value);
    }
}
