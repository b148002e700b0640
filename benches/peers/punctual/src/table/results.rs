//! The results: a line of JSON for each figure, and lines that describe the machine.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::BufRead;

use serde::Deserialize;

/// A line of the results.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    /// The first one: on what was measured.
    About(About),
    Measured(Measured),
}

#[derive(Deserialize)]
pub(crate) struct About {
    /// The processors, the date, the compiler and the commit.
    pub(crate) machine: String,
    /// Of the programs that the peers need.
    pub(crate) versions: String,
    pub(crate) rounds: u64,
    pub(crate) command: String,
}

/// What the script knows, and what the program printed.
#[derive(Deserialize)]
struct Measured {
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
const OURS_IN_MEMORY: [(&str, &str, &str, &str, Option<&str>); 14] = [
    ("add", "jobs/s", "add", "jobs/s", None),
    ("add-async", "jobs/s", "add", "jobs/s", Some("async")),
    ("resident", "resident bytes per job", "bytes", "B/job", None),
    ("dispatch", "jobs/s", "dispatch", "jobs/s", None),
    ("dispatch-threads", "jobs/s", "dispatch", "jobs/s", Some("2 threads")),
    ("lateness", "p50, ms", "late-N-p50", "ms", None),
    ("lateness", "p90, ms", "late-N-p90", "ms", None),
    ("lateness", "p99, ms", "late-N-p99", "ms", None),
    ("lateness", "p99.9, ms", "late-N-p99.9", "ms", None),
    ("lateness", "max, ms", "late-N-max", "ms", None),
    ("lateness", "processor, % of a core", "late-N-processor", "% of a core", None),
    ("growth", "jobs/s, added one by one", "add-beside-N", "jobs/s", None),
    ("growth", "jobs/s, run", "run-beside-N", "jobs/s", None),
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

/// All results.
#[derive(Default)]
pub(crate) struct Results {
    pub(crate) about: Option<About>,
    /// By the name of their group.
    pub(crate) tables: Vec<(String, Table)>,
}

impl Results {
    pub(crate) fn read(lines: impl BufRead) -> Result<Self, Box<dyn Error>> {
        let mut results = Self::default();
        for line in lines.lines() {
            match serde_json::from_str(&line?)? {
                Line::About(about) => results.about = Some(about),
                Line::Measured(measured) => results.add(measured),
            }
        }
        Ok(results)
    }

    fn add(&mut self, measured: Measured) {
        let tables = &mut self.tables;
        let index = tables.iter().position(|(group, _)| *group == measured.group);
        let index = index.unwrap_or_else(|| {
            tables.push((measured.group, Table::default()));
            tables.len() - 1
        });
        for figure in measured.printed.into_figures(measured.number) {
            tables[index].1.add(&measured.peer, figure);
        }
    }

    pub(crate) fn table(&self, wanted: &str) -> Option<&Table> {
        self.tables.iter().find(|(group, _)| group == wanted).map(|(_, table)| table)
    }
}

/// The figures of a group.
#[derive(Default)]
pub(crate) struct Table {
    /// In the order of their first figures, ours first.
    pub(crate) peers: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) unit: String,
    cells: BTreeMap<(String, Option<String>), Cell>,
}

/// The figures of one peer in one row.
#[derive(Default)]
pub(crate) struct Cell {
    pub(crate) values: Vec<f64>,
    pub(crate) lost: u64,
    pub(crate) twice: u64,
}

impl Table {
    fn add(&mut self, peer: &str, figure: Figure) {
        if !self.peers.iter().any(|known| known == peer) {
            self.peers.push(peer.to_owned());
            self.peers.sort_by_key(|peer| !is_ours(peer));
        }
        let index = self.rows.iter().position(|row| row.name == figure.row).unwrap_or_else(|| {
            self.rows.push(Row { name: figure.row, unit: figure.unit, cells: BTreeMap::new() });
            self.rows.len() - 1
        });
        let cell = self.rows[index].cells.entry((peer.to_owned(), figure.variant)).or_default();
        cell.values.push(figure.value);
        cell.lost += figure.lost;
        cell.twice += figure.twice;
    }

    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

impl Row {
    /// The ways in which a peer was used, with their figures.
    pub(crate) fn of<'a>(
        &'a self,
        peer: &'a str,
    ) -> impl Iterator<Item = (Option<&'a str>, &'a Cell)> {
        let cells = self.cells.iter().filter(move |((name, _), _)| name == peer);
        cells.map(|((_, variant), cell)| (variant.as_deref(), cell))
    }

    /// The best median of a peer's.
    pub(crate) fn best(&self, peer: &str) -> Option<f64> {
        let medians = self.of(peer).map(|(_, cell)| cell.median());
        if self.more_is_better() { medians.reduce(f64::max) } else { medians.reduce(f64::min) }
    }

    pub(crate) fn more_is_better(&self) -> bool {
        self.unit == "jobs/s"
    }

    pub(crate) fn cells(&self) -> impl Iterator<Item = (&str, &Cell)> {
        self.cells.iter().map(|((peer, _), cell)| (&**peer, cell))
    }
}

impl Cell {
    pub(crate) fn median(&self) -> f64 {
        let mut values = self.values.clone();
        values.sort_by(f64::total_cmp);
        let (low, high) = ((values.len() - 1) / 2, values.len() / 2);
        (values[low] + values[high]) / 2.0
    }
}

pub(crate) fn is_ours(peer: &str) -> bool {
    peer.starts_with("Punctual")
}
