//! Prints the medians of the last run of the benchmarks as tables.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde_json::Value;

/// The compared crates, in the order of the columns. Benchmarks of Punctual alone have other columns.
const PEERS: [&str; 2] = ["croner", "cron"];

/// A row of a group: the median of each column in nanoseconds.
type Row = BTreeMap<String, f64>;

fn main() -> io::Result<()> {
    let directory = PathBuf::from(env::args().nth(1).unwrap_or("target/criterion".into()));
    let mut groups = BTreeMap::<String, BTreeMap<String, Row>>::new();
    collect(&directory, &mut groups)?;
    let mut out = String::new();
    for (group, lines) in &groups {
        let compared = lines.values().any(|line| line.contains_key("punctual"));
        out += &match compared {
            true => comparison(group, lines),
            false => overview(group, lines),
        };
    }
    io::Write::write_all(&mut io::stdout(), out.as_bytes())
}

/// Reads every `new/estimates.json` below `directory`.
fn collect(
    directory: &Path,
    groups: &mut BTreeMap<String, BTreeMap<String, Row>>,
) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if !path.is_dir() {
            continue;
        }
        if path.file_name().is_some_and(|name| name == "new") {
            let (id, estimates) = (json(&path, "benchmark.json")?, json(&path, "estimates.json")?);
            let text = |key: &str| id[key].as_str().unwrap_or_default().to_owned();
            let median = estimates["median"]["point_estimate"].as_f64();
            let line = groups.entry(text("group_id")).or_default();
            let line = line.entry(text("value_str")).or_default();
            line.insert(text("function_id"), median.unwrap_or(f64::NAN));
        } else {
            collect(&path, groups)?;
        }
    }
    Ok(())
}

fn json(directory: &Path, file: &str) -> io::Result<Value> {
    Ok(serde_json::from_slice(&fs::read(directory.join(file))?)?)
}

/// Formats a table of Punctual and the compared crates, with the speed-up relative to the faster one of them.
fn comparison(group: &str, lines: &BTreeMap<String, Row>) -> String {
    let mut table =
        format!("\n### {group}\n\n| | punctual | croner | cron | better peer / punctual |\n");
    table += "|---|---:|---:|---:|---:|\n";
    for (name, line) in in_order(lines) {
        let time =
            |crate_name: &str| line.get(crate_name).map_or("-".to_owned(), |&ns| duration(ns));
        let best = PEERS.iter().filter_map(|&peer| line.get(peer)).copied();
        let ratio = best.fold(f64::INFINITY, f64::min) / line["punctual"];
        let [croner, cron] = PEERS.map(time);
        table += &format!("| {name} | {} | {croner} | {cron} | {ratio:.1} |\n", time("punctual"));
    }
    table
}

/// Formats a table of Punctual alone, with a column for each kind.
fn overview(group: &str, lines: &BTreeMap<String, Row>) -> String {
    let kinds: Vec<_> = lines.values().flat_map(BTreeMap::keys).collect();
    let mut columns = kinds.clone();
    columns.sort();
    columns.dedup();
    let titles: Vec<_> = columns.iter().map(|kind| kind.as_str()).collect();
    let mut table = format!("\n### {group}\n\n| | {} |\n", titles.join(" | "));
    table += &format!("|---|{}\n", "---:|".repeat(columns.len()));
    for (name, line) in in_order(lines) {
        let cells =
            columns.iter().map(|&kind| line.get(kind).map_or("-".to_owned(), |&ns| duration(ns)));
        table += &format!("| {name} | {} |\n", cells.collect::<Vec<_>>().join(" | "));
    }
    table
}

/// Returns the rows in the order of the benchmarks.
fn in_order(lines: &BTreeMap<String, Row>) -> Vec<(&String, &Row)> {
    let named = punctual_benches::EXPRESSIONS.iter().map(|expression| expression.name);
    let named: Vec<_> = named.chain(["1 day", "1 month", "1 year", "10 years"]).collect();
    let mut sorted: Vec<_> = lines.iter().collect();
    sorted.sort_by_key(|(name, _)| named.iter().position(|known| known == name));
    sorted
}

fn duration(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e6 => format!("{:.2} us", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}
