//! Tables of instructions per operation, and their comparison.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::thread;

use crate::count;
use crate::operations::{OPERATIONS, Operation};

/// The tolerance of a comparison, as a share.
const TOLERANCE: f64 = 0.05;

/// Names of operations with their instructions. As text: a line for each; lines that begin with `#` are comments.
#[derive(Debug)]
pub(crate) struct Table(Vec<(String, u64)>);

impl Table {
    /// Counts all operations at once: instructions don't depend on what else is running.
    pub(crate) fn count() -> Result<Self, Box<dyn Error>> {
        thread::scope(|scope| {
            let start = |operation: &'static Operation| {
                let count =
                    move || count::per_operation(operation).map_err(|error| error.to_string());
                (operation.name, scope.spawn(count))
            };
            let counting: Vec<_> = OPERATIONS.iter().map(start).collect();
            let counted = counting.into_iter().map(|(name, count)| {
                let count = count.join().expect("counting does not panic")?;
                Ok((name.to_owned(), count))
            });
            counted.collect::<Result<_, _>>().map(Self)
        })
    }

    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let parsed = lines.map(|line| {
            let number = line
                .split_once(' ')
                .and_then(|(name, number)| Some((name.to_owned(), number.trim().parse().ok()?)));
            number.ok_or_else(|| format!("{line:?} is not a name and a number"))
        });
        parsed.collect::<Result<_, _>>().map(Self)
    }

    /// Returns the differences as a text, and whether all of them are tolerated.
    pub(crate) fn compare(&self, now: &Self) -> (String, bool) {
        let names: BTreeSet<_> = self.0.iter().chain(&now.0).map(|(name, _)| &**name).collect();
        let mut text = format!("{:<14}{:>10}{:>10}\n", "", "recorded", "now");
        let mut is_equal = true;
        for name in names {
            let (before, after) = (self.get(name), now.get(name));
            let tolerated = is_tolerated(before, after);
            is_equal &= tolerated;
            let change = match (before, after) {
                (Some(before), Some(after)) => {
                    format!("{:+.1} %", (after as f64 / before as f64 - 1.0) * 100.0)
                }
                (None, _) => "not recorded".to_owned(),
                (_, None) => "no longer exists".to_owned(),
            };
            let number = |number: Option<u64>| number.map_or("-".to_owned(), |it| it.to_string());
            let mark = if tolerated { "" } else { "  <-" };
            text +=
                &format!("{name:<14}{:>10}{:>10}  {change}{mark}\n", number(before), number(after));
        }
        (text, is_equal)
    }

    fn get(&self, wanted: &str) -> Option<u64> {
        self.0.iter().find(|(name, _)| name == wanted).map(|(_, number)| *number)
    }
}

/// Less is not tolerated either: a later loss of the same size would not be noticed.
fn is_tolerated(before: Option<u64>, after: Option<u64>) -> bool {
    let (Some(before), Some(after)) = (before, after) else { return false };
    after.abs_diff(before) as f64 <= before as f64 * TOLERANCE
}

impl fmt::Display for Table {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, number)| writeln!(formatter, "{name:<14}{number:>8}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_table_is_parsed() {
        let text = format!("# comment\n\n{}", Table(vec![("add".into(), 100), ("run".into(), 7)]));
        let table = Table::parse(&text).unwrap();
        assert_eq!(
            (table.get("add"), table.get("run"), table.get("#")),
            (Some(100), Some(7), None)
        );
        assert!(Table::parse("add many").is_err());
    }

    #[test]
    fn more_than_the_tolerance_is_a_difference_in_both_directions() {
        let recorded = Table(vec![("add".into(), 100)]);
        let is_equal = |now| recorded.compare(&Table(vec![("add".into(), now)])).1;
        assert_eq!([94, 95, 100, 105, 106].map(is_equal), [false, true, true, true, false]);
    }

    #[test]
    fn the_operations_must_be_the_same() {
        let (one, none) = (Table(vec![("add".into(), 100)]), Table(Vec::new()));
        assert!(!one.compare(&none).1 && !none.compare(&one).1 && none.compare(&none).1);
    }
}
