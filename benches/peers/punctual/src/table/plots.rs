//! What the plots show.

use std::fmt;

use crate::results::{Row, Table};
use crate::svg::{Line, bars, lines};

/// A plot of a group's results.
pub(crate) struct Plot {
    pub(crate) group: &'static str,
    /// The name of the file, without its extension.
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) draw: Draw,
}

/// Returns nothing if the rows were not measured.
type Draw = fn(title: &str, table: &Table) -> Result<Option<String>, fmt::Error>;

pub(crate) const PLOTS: [Plot; 6] = [
    Plot {
        group: "memory",
        file: "memory-runs",
        title: "Jobs that are due, in memory: runs per second (more is better)",
        draw: |title, table| throughput(title, table, &[("dispatch", "")]),
    },
    Plot {
        group: "memory",
        file: "memory-add",
        title: "Jobs added one by one, in memory: jobs per second (more is better)",
        draw: |title, table| throughput(title, table, &[("add", "")]),
    },
    Plot {
        group: "memory",
        file: "memory-lateness",
        title: "A thousand runs per second: how late they start, in ms (less is better)",
        draw: lateness,
    },
    Plot {
        group: "memory",
        file: "memory-stored",
        title: "Microseconds per run beside n jobs that are not due (less is better)",
        draw: growth,
    },
    Plot {
        group: "postgres",
        file: "postgres-runs",
        title: "Jobs that are due, on PostgreSQL: runs per second (more is better)",
        draw: |title, table| throughput(title, table, &DRAINS),
    },
    Plot {
        group: "postgres",
        file: "postgres-now",
        title: "A job that is due at once, on PostgreSQL: median ms to its start (less is better)",
        draw: |title, table| throughput(title, table, &[("now-p50", "")]),
    },
];

const DRAINS: [(&str, &str); 3] = [
    ("drain-kept", ", done jobs kept"),
    ("drain-deleted", ", done jobs deleted"),
    ("drain-skip", ", at most once"),
];

/// The best figure of each peer, those of each row together.
fn throughput(
    title: &str,
    table: &Table,
    rows: &[(&str, &str)],
) -> Result<Option<String>, fmt::Error> {
    let mut all = Vec::new();
    for (row, suffix) in rows {
        let Some(row) = table.row(row) else { continue };
        let mut peers: Vec<_> = table
            .peers
            .iter()
            .filter_map(|peer| Some((format!("{peer}{suffix}"), row.best(peer)?)))
            .collect();
        peers.sort_by(|(_, one), (_, other)| {
            if row.more_is_better() { other.total_cmp(one) } else { one.total_cmp(other) }
        });
        all.append(&mut peers);
    }
    if all.is_empty() {
        return Ok(None);
    }
    bars(title, &all).map(Some)
}

fn lateness(title: &str, table: &Table) -> Result<Option<String>, fmt::Error> {
    let rows = ["p50", "p90", "p99", "p99.9", "max"]
        .map(|name| (name.to_owned(), table.row(&format!("late-1000-{name}"))));
    // What is early or not measurably late is drawn at the lower end of the axis.
    compare(title, table, &rows, |median| median.max(0.01))
}

fn growth(title: &str, table: &Table) -> Result<Option<String>, fmt::Error> {
    let rows = [("1 k", 1_000), ("10 k", 10_000), ("100 k", 100_000)]
        .map(|(name, jobs)| (name.to_owned(), table.row(&format!("run-beside-{jobs}"))));
    compare(title, table, &rows, |rate| 1e6 / rate)
}

/// A line for each peer over the rows.
fn compare(
    title: &str,
    table: &Table,
    rows: &[(String, Option<&Row>)],
    value: impl Fn(f64) -> f64,
) -> Result<Option<String>, fmt::Error> {
    let peers = table.peers.iter().map(|peer| {
        let values = rows.iter().map(|(_, row)| row.and_then(|row| row.best(peer)).map(&value));
        Line { name: peer.clone(), values: values.collect() }
    });
    let peers: Vec<_> = peers.filter(|line| line.values.iter().any(Option::is_some)).collect();
    if peers.is_empty() {
        return Ok(None);
    }
    let names: Vec<_> = rows.iter().map(|(name, _)| name.clone()).collect();
    lines(title, &names, &peers).map(Some)
}
