//! The table of the results, in Markdown.

use std::fmt::{self, Display, Formatter};

use crate::collect::{Measure, Results};
use crate::series::Series;

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "Median of {} rounds (smallest to largest value).\n", self.rounds)?;
        let compared = self.programs.len() > 1;
        let last = if compared { " now / before |" } else { "" };
        writeln!(f, "| work | measure | {} |{last}", self.programs.join(" | "))?;
        let columns = self.programs.len() + usize::from(compared);
        writeln!(f, "|---|---|{}", "---:|".repeat(columns))?;
        for measure in self.measures.iter().filter(|measure| !measure.is_absent_fault()) {
            let cells: Vec<_> = measure.values.iter().map(cell).collect();
            let ratio = match measure.values.as_slice() {
                [before, now] => format!(" {} |", ratio(now.median(), before.median())),
                _ => String::new(),
            };
            writeln!(f, "| {} | {} | {} |{ratio}", measure.title, measure.name, cells.join(" | "))?;
        }
        writeln!(f, "\nExcept for those in the table, no runs were lost, doubled or early.")
    }
}

impl Measure {
    /// Returns whether this is a number of wrong runs, and there were none in any round.
    fn is_absent_fault(&self) -> bool {
        let faults = ["lost runs", "doubled runs", "early runs"];
        faults.contains(&self.name.as_str())
            && self.values.iter().all(|values| values.range() == (0.0, 0.0))
    }
}

fn cell(values: &Series) -> String {
    let (smallest, largest) = values.range();
    format!("{} ({} to {})", number(values.median()), number(smallest), number(largest))
}

fn ratio(now: f64, before: f64) -> String {
    if before == 0.0 { "-".to_owned() } else { format!("{:.2}", now / before) }
}

fn number(value: f64) -> String {
    match value {
        1e6.. => format!("{:.2} M", value / 1e6),
        1e4.. => format!("{:.1} k", value / 1e3),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
