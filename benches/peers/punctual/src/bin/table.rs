//! Makes Markdown tables of the results of `scripts/bench peers`: a line of JSON for each figure.

#![expect(clippy::print_stdout, reason = "prints the tables")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write;
use std::io::BufRead;

use serde::Deserialize;

/// A ratio between this and its inverse says nothing, because rounds vary that much.
const NOTHING: f64 = 1.2;

/// A line of the results: what the script knows, and what the program printed.
#[derive(Deserialize)]
struct Line {
    group: String,
    peer: String,
    /// The number of jobs.
    number: u64,
    #[serde(flatten)]
    printed: Printed,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Printed {
    Figure(Figure),
    /// Of `benches/memory`: names that contain the unit, and values.
    Work {
        work: String,
        measured: Vec<(String, f64)>,
    },
}

#[derive(Deserialize)]
struct Figure {
    row: String,
    value: f64,
    unit: String,
    lost: u64,
    twice: u64,
    /// How the peer was used, if a row measures it in several ways.
    variant: Option<String>,
}

/// The figures of `benches/memory` that have peers: work, name, row, unit, and variant.
const OURS_IN_MEMORY: [(&str, &str, &str, &str, Option<&str>); 8] = [
    ("add", "jobs/s", "add", "jobs/s", None),
    ("add-async", "jobs/s", "add", "jobs/s", Some("async")),
    ("resident", "resident bytes per job", "bytes", "B/job", None),
    ("dispatch", "jobs/s", "dispatch", "jobs/s", None),
    ("dispatch-threads", "jobs/s", "dispatch", "jobs/s", Some("2 threads")),
    ("lateness", "p50, ms", "late-N-p50", "ms", None),
    ("lateness", "p99, ms", "late-N-p99", "ms", None),
    ("burst", "the last one late by, median, ms", "full-second-last", "ms", None),
];

impl Printed {
    fn into_figures(self, number: u64) -> Vec<Figure> {
        let (work, measured) = match self {
            Self::Figure(figure) => return vec![figure],
            Self::Work { work, measured } => (work, measured),
        };
        let value = |wanted: &str| {
            measured.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value)
        };
        let known = OURS_IN_MEMORY.iter().filter(|known| known.0 == work);
        known
            .filter_map(|(_, name, row, unit, variant)| {
                Some(Figure {
                    row: row.replace('N', &number.to_string()),
                    value: value(name)?,
                    unit: (*unit).to_owned(),
                    lost: value("lost runs").unwrap_or_default() as u64,
                    twice: value("doubled runs").unwrap_or_default() as u64,
                    variant: variant.map(str::to_owned),
                })
            })
            .collect()
    }
}

/// The figures of one peer in one row.
#[derive(Default)]
struct Cell {
    values: Vec<f64>,
    lost: u64,
    twice: u64,
}

struct Row {
    name: String,
    unit: String,
    cells: BTreeMap<String, Cell>,
}

#[derive(Default)]
struct Table {
    peers: Vec<String>,
    rows: Vec<Row>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut tables: Vec<(String, Table)> = Vec::new();
    for line in std::io::stdin().lock().lines() {
        let line: Line = serde_json::from_str(&line?)?;
        if !tables.iter().any(|(group, _)| *group == line.group) {
            tables.push((line.group.clone(), Table::default()));
        }
        if let Some((_, table)) = tables.iter_mut().find(|(group, _)| *group == line.group) {
            for figure in line.printed.into_figures(line.number) {
                table.add(&line.peer, figure);
            }
        }
    }
    for (group, table) in tables {
        println!("### {group}\n\n{}", table.text()?);
    }
    Ok(())
}

impl Table {
    fn add(&mut self, peer: &str, figure: Figure) {
        let peer = match figure.variant {
            Some(variant) => format!("{peer}, {variant}"),
            None => peer.to_owned(),
        };
        if !self.peers.contains(&peer) {
            self.peers.push(peer.clone());
        }
        let index = self.rows.iter().position(|row| row.name == figure.row).unwrap_or_else(|| {
            self.rows.push(Row { name: figure.row, unit: figure.unit, cells: BTreeMap::new() });
            self.rows.len() - 1
        });
        let cell = self.rows[index].cells.entry(peer).or_default();
        cell.values.push(figure.value);
        cell.lost += figure.lost;
        cell.twice += figure.twice;
    }

    fn text(mut self) -> Result<String, std::fmt::Error> {
        // Ours first, then the peers in the order of their first results.
        self.peers.sort_by_key(|peer| !is_ours(peer));
        let mut text = String::from("| |");
        self.peers.iter().try_for_each(|peer| write!(text, " {peer} |"))?;
        writeln!(text, " relative to the best peer |")?;
        writeln!(text, "|---|{}", "---:|".repeat(self.peers.len() + 1))?;
        for row in &self.rows {
            write!(text, "| {}, {} |", row.name, row.unit)?;
            for peer in &self.peers {
                match row.cells.get(peer) {
                    Some(cell) => write!(text, " {} |", cell.text())?,
                    None => write!(text, " - |")?,
                }
            }
            writeln!(text, " {} |", row.ratio())?;
        }
        writeln!(text)?;
        let mistakes = self.mistakes();
        match mistakes.is_empty() {
            true => writeln!(text, "No job was lost, none was run twice.")?,
            false => mistakes.iter().try_for_each(|mistake| writeln!(text, "- {mistake}"))?,
        }
        Ok(text)
    }

    fn mistakes(&self) -> Vec<String> {
        let rows = self.rows.iter().flat_map(|row| {
            row.cells.iter().filter(|(_, cell)| cell.lost + cell.twice > 0).map(
                move |(peer, cell)| {
                    let (rounds, row) = (cell.values.len(), &row.name);
                    let Cell { lost, twice, .. } = cell;
                    format!("{peer}, {row}: {lost} lost, {twice} run twice, in {rounds} rounds")
                },
            )
        });
        rows.collect()
    }
}

impl Row {
    /// How many times better than the best peer, of the medians.
    fn ratio(&self) -> String {
        let more_is_better = self.unit == "jobs/s";
        let median = |(_, cell): (&String, &Cell)| cell.median();
        let ours = self.cells.iter().filter(|(peer, _)| is_ours(peer)).map(median);
        let peers = self.cells.iter().filter(|(peer, _)| !is_ours(peer)).map(median);
        let (ours, ratio) = if more_is_better {
            let (ours, best) = (ours.reduce(f64::max), peers.reduce(f64::max));
            (ours, ours.zip(best).map(|(ours, best)| ours / best))
        } else {
            // A job that starts early is not better than one that starts late.
            let peers = peers.filter(|median| *median > 0.0);
            let (ours, best) = (ours.reduce(f64::min), peers.reduce(f64::min));
            (ours, ours.zip(best).map(|(ours, best)| best / ours))
        };
        match ratio {
            Some(_) if ours <= Some(0.0) => "-".into(),
            Some(ratio) if (1.0 / NOTHING..=NOTHING).contains(&ratio) => {
                format!("{ratio:.2} (even)")
            }
            Some(ratio) if ratio < 1.0 => format!("**{ratio:.2}**"),
            Some(ratio) => format!("{ratio:.2}"),
            None => "-".into(),
        }
    }
}

impl Cell {
    fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
        (values[low] + values[high]) / 2.0
    }

    /// The median and the spread.
    fn text(&self) -> String {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mark = if self.lost + self.twice > 0 { " (!)" } else { "" };
        format!("{} ({} to {}){mark}", number(self.median()), number(least), number(most))
    }
}

fn is_ours(peer: &str) -> bool {
    peer.starts_with("Punctual")
}

/// Three significant digits.
fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.2} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
