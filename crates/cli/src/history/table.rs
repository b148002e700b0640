//! The table of past runs.

use std::io::{self, Write};
use std::time::Duration;

use punctual::core::{HistoryRecord, HistoryRecordPage, HistoryRecordQuery};
use punctual::{DynJobStore, StoreError, Zone};

const HEADER: &str =
    "SCHEDULED                   DELAY      DURATION   OUTCOME            TRY  JOB";

/// The page size of queries.
const PAGE_SIZE: usize = 1_000;

pub(super) enum PrintError {
    Store(StoreError),
    Output(io::Error),
}

/// Prints at most `remaining` runs, one per line.
pub(super) async fn print(
    store: &dyn DynJobStore,
    mut query: HistoryRecordQuery,
    mut remaining: usize,
    zone: &Zone,
    out: &mut impl Write,
) -> Result<(), PrintError> {
    writeln!(out, "{HEADER}").map_err(PrintError::Output)?;
    while remaining > 0 {
        query.limit = remaining.min(PAGE_SIZE);
        let HistoryRecordPage { records, next, .. } =
            store.read_history(&query).await.map_err(PrintError::Store)?;
        remaining -= records.len();
        for record in &records {
            writeln!(out, "{}", format_run(record, zone)).map_err(PrintError::Output)?;
        }
        match next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    Ok(())
}

/// Formats a run as `2026-03-29 03:00:00 +03:00  +0.012s  1.500s  success  1  job`, followed by its error.
fn format_run(record: &HistoryRecord, zone: &Zone) -> String {
    let scheduled = record.scheduled_time.in_zone(zone).format("%F %T %:z").to_string();
    let HistoryRecord { outcome, attempt, job_id, .. } = record;
    let (delay, duration) = match record.started {
        Some(started) => (
            format!("+{}", seconds(started.saturating_since(record.scheduled_time))),
            seconds(record.finished.saturating_since(started)),
        ),
        None => ("-".into(), "-".into()),
    };
    let line =
        format!("{scheduled}  {delay:<9}  {duration:<9}  {outcome:<17}  {attempt:<3}  {job_id}");
    match &record.error {
        // Escaped, so that an error with line breaks stays on one line.
        Some(error) => format!("{line}: {}", error.escape_debug()),
        None => line,
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}s", duration.as_secs_f64())
}
