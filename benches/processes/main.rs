//! The pool of processes: how long a small run is on its way, how many there are in a second, and whether
//! more children do more work. Beside it APScheduler with Python's pool, in the same run.

mod figures;
mod pool;
mod scheduled;

use std::io::{Write, stdout};
use std::process::Command;

use figures::Figures;
use punctual::{Tasks, task};

/// Runs one after the other, many at once, and such as compute.
const SINGLES: usize = 20_000;
const MANY: usize = 200_000;
const HEAVY: usize = 200;
const ROUNDS: u64 = 4_000_000;

/// What Python is asked for; it takes its time.
const PYTHON: [u64; 4] = [500, 5_000, 40, 60_000];

#[task]
fn nothing(number: u64) -> u64 {
    number
}

#[task]
fn count(rounds: u64) -> u64 {
    let step = |value: u64, _| value.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    (0..std::hint::black_box(rounds)).fold(1, step)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let tasks = Tasks::new().task(nothing).task(count);
    punctual::process::init(&tasks);
    let rows = [
        ("the executor alone", pool::measure(&tasks)?),
        ("with a scheduler", scheduled::measure(&tasks)?),
        ("APScheduler", python()?),
    ];
    let mut table = String::from(
        "\n### processes\n\n| | round trip, p50 | p99 | runs/s, 2 children | work done by 2 children / by 1 |\n",
    );
    table += "|---|---:|---:|---:|---:|\n";
    for (name, figures) in rows {
        table += &format!("| {name} | {figures} |\n");
    }
    stdout().write_all(table.as_bytes())?;
    Ok(())
}

fn python() -> Result<Figures, Box<dyn std::error::Error>> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/processes/apscheduler_pool.py");
    let output =
        Command::new("python3").arg(script).args(PYTHON.map(|n| n.to_string())).output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{script} failed; is apscheduler 3.11 installed?\n{said}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
