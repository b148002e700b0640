//! The output: one line of JSON for each figure.

use serde::Serialize;

use crate::tally::Mistakes;

#[derive(Serialize)]
struct Line<'a> {
    row: &'a str,
    value: f64,
    unit: &'a str,
    lost: usize,
    twice: usize,
}

/// Prints one figure.
pub(crate) fn print(row: &str, value: f64, unit: &str, mistakes: Mistakes) {
    let Mistakes { lost, twice } = mistakes;
    let line = serde_json::to_string(&Line { row, value, unit, lost, twice });
    println!("{}", line.expect("numbers and texts are always JSON"));
}

/// Prints the median and the 99th percentile of durations in milliseconds.
pub(crate) fn print_percentiles(row: &str, mut values: Vec<f64>, mistakes: Mistakes) {
    values.sort_by(f64::total_cmp);
    for percent in [50, 99] {
        let value = values.get((values.len() * percent / 100).min(values.len().saturating_sub(1)));
        if let Some(&value) = value {
            print(&format!("{row}-p{percent}"), value, "ms", mistakes);
        }
    }
}
