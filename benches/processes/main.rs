//! The process pool: the latency of a small run, the runs per second, and the speed-up with two children; for comparison
//! APScheduler with Python's pool, in the same run.

mod figures;
mod measure;
mod pool;
mod scheduled;

use std::io::{Write, stdout};
use std::process::Command;

use figures::Figures;
use measure::{Outcome, measure};
use pool::Pool;
use punctual::{Tasks, task};
use scheduled::Scheduled;

/// The parameters of the Python script: lower than those of the Rust code, because Python is slower.
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

fn main() -> Outcome<()> {
    let tasks = Tasks::new().task(nothing).task(count);
    punctual::process::init(&tasks);
    let rows = [
        ("the executor alone", measure::<Pool>(&tasks)?),
        ("with a scheduler", measure::<Scheduled>(&tasks)?),
        ("APScheduler", python()?),
    ];
    let mut table = String::from(
        "\n### processes\n\n| | round trip, p50 | p99 | runs/s, 2 children | speed-up with 2 children |\n",
    );
    table += "|---|---:|---:|---:|---:|\n";
    for (name, figures) in rows {
        table += &format!("| {name} | {figures} |\n");
    }
    stdout().write_all(table.as_bytes())?;
    Ok(())
}

fn python() -> Outcome<Figures> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/processes/apscheduler_pool.py");
    let output =
        Command::new("python3").arg(script).args(PYTHON.map(|n| n.to_string())).output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{script} failed; is apscheduler 3.11 installed?\n{stderr}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
