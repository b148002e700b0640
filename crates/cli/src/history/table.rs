//! How past runs look.

use std::io::{self, Write};
use std::time::Duration;

use punctual::core::DynJobStore;
use punctual::{HistoryEntry, HistoryPage, HistoryQuery, StoreError, Zone};

const HEADER: &str =
    "SCHEDULED                   BEGUN      TOOK       OUTCOME            TRY  JOB";

/// How many runs are asked for at a time.
const PAGE: usize = 1_000;

pub(super) enum Failure {
    Store(StoreError),
    Output(io::Error),
}

/// Prints as many of them as are asked for, a line each.
pub(super) async fn print(
    store: &dyn DynJobStore,
    mut query: HistoryQuery,
    mut left: usize,
    zone: &Zone,
    out: &mut impl Write,
) -> Result<(), Failure> {
    writeln!(out, "{HEADER}").map_err(Failure::Output)?;
    while left > 0 {
        query.limit = left.min(PAGE);
        let HistoryPage { entries, next, .. } =
            store.read_history(&query).await.map_err(Failure::Store)?;
        left -= entries.len();
        for entry in &entries {
            writeln!(out, "{}", line(entry, zone)).map_err(Failure::Output)?;
        }
        match next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(())
}

/// `2026-03-29 03:00:00 +03:00  +0.012s  1.500s  success  1  job`, and what went wrong.
fn line(entry: &HistoryEntry, zone: &Zone) -> String {
    let scheduled = entry.scheduled_time.in_zone(zone).format("%F %T %:z").to_string();
    let HistoryEntry { outcome, attempt, job_id, .. } = entry;
    let (begun, took) = match entry.started {
        Some(started) => (
            format!("+{}", seconds(started.saturating_since(entry.scheduled_time))),
            seconds(entry.finished.saturating_since(started)),
        ),
        None => ("-".into(), "-".into()),
    };
    let line = format!("{scheduled}  {begun:<9}  {took:<9}  {outcome:<17}  {attempt:<3}  {job_id}");
    match &entry.error {
        // One line each, whatever the error's text is.
        Some(error) => format!("{line}: {}", error.escape_debug()),
        None => line,
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}
