//! Markdown tables.

use std::fmt::{self, Write};

use crate::results::{Cell, Row, Table, is_ours};

/// A ratio between this and its inverse says nothing, because rounds vary that much.
const NOTHING: f64 = 1.2;

/// Rows that only the plots contain.
const ONLY_PLOTTED: [&str; 2] = ["-p90", "-p99.9"];

impl Table {
    /// The table, and what was lost or run twice.
    pub(crate) fn text(&self) -> Result<String, fmt::Error> {
        let compares = !self.peers.iter().all(|peer| is_ours(peer));
        let mut text = String::from("| |");
        self.peers.iter().try_for_each(|peer| write!(text, " {peer} |"))?;
        writeln!(text, "{}", if compares { " relative to the best peer |" } else { "" })?;
        writeln!(text, "|---|{}", "---:|".repeat(self.peers.len() + usize::from(compares)))?;
        let rows = self.rows.iter();
        for row in rows.filter(|row| !ONLY_PLOTTED.iter().any(|end| row.name.ends_with(end))) {
            write!(text, "| {}, {} |", row.name, row.unit)?;
            self.peers.iter().try_for_each(|peer| write!(text, " {} |", row.cell(peer)))?;
            writeln!(
                text,
                "{}",
                if compares { format!(" {} |", row.ratio()) } else { String::new() }
            )?;
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
        let cells = self.rows.iter().flat_map(|row| row.cells().map(move |cell| (row, cell)));
        let wrong = cells.filter(|(_, (_, cell))| cell.lost + cell.twice > 0);
        wrong
            .map(|(row, (peer, Cell { lost, twice, values }))| {
                let (rounds, row) = (values.len(), &row.name);
                format!("{peer}, {row}: {lost} lost, {twice} run twice, in {rounds} rounds")
            })
            .collect()
    }
}

impl Row {
    /// What a peer has reached: a line for each way in which it was used.
    fn cell(&self, peer: &str) -> String {
        let lines = self.of(peer).map(|(variant, cell)| match variant {
            Some(variant) => format!("{variant}: {}", cell.text()),
            None => cell.text(),
        });
        let lines: Vec<_> = lines.collect();
        if lines.is_empty() { "-".to_owned() } else { lines.join("<br>") }
    }

    /// How many times better than the best peer, of the medians.
    fn ratio(&self) -> String {
        let more = self.more_is_better();
        let better = |one: f64, other: f64| if more { one.max(other) } else { one.min(other) };
        let median = |(_, cell): (&str, &Cell)| cell.median();
        let ours = self.cells().filter(|(peer, _)| is_ours(peer)).map(median).reduce(better);
        // A job that starts early is not better than one that starts late.
        let peers = self.cells().filter(|(peer, _)| !is_ours(peer)).map(median);
        let best = peers.filter(|median| *median > 0.0).reduce(better);
        let (Some(ours), Some(best)) = (ours, best) else { return "-".to_owned() };
        let ratio = if more { ours / best } else { best / ours };
        match ratio {
            _ if ours <= 0.0 => "-".to_owned(),
            _ if (1.0 / NOTHING..=NOTHING).contains(&ratio) => format!("{ratio:.2} (even)"),
            _ if ratio < 1.0 => format!("**{ratio:.2}**"),
            _ => format!("{ratio:.2}"),
        }
    }
}

impl Cell {
    /// The median and the spread.
    fn text(&self) -> String {
        let least = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mark = if self.lost + self.twice > 0 { " (!)" } else { "" };
        match self.values.len() {
            1 => format!("{}{mark}", number(self.median())),
            _ => format!("{} ({} to {}){mark}", number(self.median()), number(least), number(most)),
        }
    }
}

/// Three significant digits.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if size >= 1e6 => format!("{:.2} M", value / 1e6),
        size if size >= 1e4 => format!("{:.1} k", value / 1e3),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 1.0 => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.3}"),
    }
}
