//! The table of results.

use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use crate::fires::Fires;

/// Columns and rows are in the order in which they were added.
#[derive(Default)]
pub(crate) struct Table {
    columns: Vec<&'static str>,
    rows: Vec<&'static str>,
    cells: HashMap<(&'static str, &'static str), String>,
}

/// The results of one store.
pub(crate) struct Column<'t> {
    name: &'static str,
    table: &'t mut Table,
}

impl Table {
    pub(crate) fn of(&mut self, name: &'static str) -> Column<'_> {
        if !self.columns.contains(&name) {
            self.columns.push(name);
        }
        Column { name, table: self }
    }
}

impl Column<'_> {
    pub(crate) fn duration(&mut self, row: &'static str, duration: Duration) {
        self.cell(row, time(duration));
    }

    pub(crate) fn rate(&mut self, row: &'static str, rate: f64) {
        self.cell(row, thousands(rate));
    }

    pub(crate) fn number(&mut self, row: &'static str, number: f64) {
        self.cell(row, format!("{number:.1}"));
    }

    /// Adds the runs per second, and the CPU time per run of this process and of the server.
    pub(crate) fn fires(&mut self, row: &'static str, fires: &Fires) {
        let server_cpu = fires.server_cpu.map(|cpu| format!(" + {}", time(cpu)));
        let used = format!("{}{}", time(fires.program_cpu), server_cpu.unwrap_or_default());
        self.cell(row, format!("{} ({used})", thousands(fires.per_second)));
    }

    pub(crate) fn share(&mut self, row: &'static str, share: f64) {
        self.cell(row, format!("{:.0} %", share * 100.0));
    }

    #[expect(clippy::print_stderr, reason = "shows the progress")]
    fn cell(&mut self, row: &'static str, cell: String) {
        eprintln!("{}: {row}: {cell}", self.name);
        if !self.table.rows.contains(&row) {
            self.table.rows.push(row);
        }
        self.table.cells.insert((self.name, row), cell);
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "| | {} |", self.columns.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(self.columns.len()))?;
        for row in &self.rows {
            let cell = |column| self.cells.get(&(column, row)).map_or("-", String::as_str);
            let cells: Vec<_> = self.columns.iter().map(|column| cell(column)).collect();
            writeln!(f, "| {row} | {} |", cells.join(" | "))?;
        }
        Ok(())
    }
}

fn time(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        ..10.0 => format!("{micros:.1} us"),
        ..10_000.0 => format!("{micros:.0} us"),
        _ => format!("{:.0} ms", micros / 1e3),
    }
}

fn thousands(rate: f64) -> String {
    match rate {
        ..1_000.0 => format!("{rate:.0}"),
        _ => format!("{:.1} k", rate / 1e3),
    }
}
