//! `punctual history`: what became of past runs.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use punctual::core::JobStore;
use punctual::{
    DateTrigger, HistoryEntry, HistoryPage, HistoryQuery, JobId, OutcomeKind, SqliteJobStore,
    StoreError, TriggerError, Zone,
};

use crate::account::Account;
use crate::args::parse_zone;
use crate::daemon::{DaemonError, state_of};
use crate::zone;

/// What `history` is told.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The crontab file whose runs to show
    #[arg(required_unless_present = "state")]
    pub file: Option<PathBuf>,
    /// The SQLite file that remembers them: a daemon's, or the job store of any program
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub state: Option<PathBuf>,
    /// Only runs of the job of this id
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    pub job: Option<JobId>,
    /// Only runs that ended like this; may be given several times
    #[arg(long, value_name = "OUTCOME", value_parser = parse_outcome)]
    pub outcome: Vec<OutcomeKind>,
    /// Only runs that ended then or later: '2026-03-29', '2026-03-29 03:30:00' in the zone, or with an offset
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only runs that ended before then
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// How many runs to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub count: usize,
    /// The zone of the times [default: the machine's]
    #[arg(long, value_name = "ZONE", value_parser = parse_zone)]
    pub zone: Option<Zone>,
}

/// How many runs are asked for at a time.
const PAGE: usize = 1_000;

/// Prints past runs as a table, newest first. `warn` is told what else there is to know.
///
/// # Errors
///
/// When there is no such file, it is no job store, or an argument is not valid.
pub async fn print(
    args: &HistoryArgs,
    out: &mut impl Write,
    warn: impl FnOnce(String),
) -> Result<(), HistoryError> {
    let zone = args.zone.clone().unwrap_or_else(|| zone::machines_own(warn));
    let instant = |option, time: &Option<String>| {
        let date = |time: &String| DateTrigger::at(&**time).timezone(&zone).build();
        match time.as_ref().map(date).transpose() {
            Ok(date) => Ok(date.map(|date| date.run_date())),
            Err(source) => Err(HistoryError::Invalid { option, source }),
        }
    };
    let mut query = HistoryQuery::new();
    query.job = args.job.clone();
    query.outcomes = args.outcome.clone();
    query.since = instant("--since", &args.since)?;
    query.until = instant("--until", &args.until)?;

    let file = match (&args.state, &args.file) {
        (Some(state), _) => state.clone(),
        (None, Some(crontab)) => {
            state_of(crontab, &Account::current().map_err(DaemonError::from)?)?
        }
        (None, None) => unreachable!("clap asks for one of them"),
    };
    // Nothing is made by looking at it.
    if let Err(source) = std::fs::metadata(&file) {
        return Err(HistoryError::NoState { file, source });
    }
    let unreadable = |source| HistoryError::Store { file: file.clone(), source };
    let store = SqliteJobStore::open(&file).map_err(unreadable)?;
    store.start().await.map_err(unreadable)?;
    let printed = print_pages(&store, query, args.count, &zone, out).await;
    store.shutdown().await;
    printed.map_err(|error| match error {
        Failure::Store(source) => unreadable(source),
        Failure::Output(source) => HistoryError::Output(source),
    })
}

enum Failure {
    Store(StoreError),
    Output(io::Error),
}

async fn print_pages(
    store: &SqliteJobStore,
    mut query: HistoryQuery,
    mut left: usize,
    zone: &Zone,
    out: &mut impl Write,
) -> Result<(), Failure> {
    let history = store.history().expect("SQLite keeps a history");
    writeln!(out, "{HEADER}").map_err(Failure::Output)?;
    while left > 0 {
        query.limit = left.min(PAGE);
        let HistoryPage { entries, next } = history.read(&query).await.map_err(Failure::Store)?;
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

const HEADER: &str =
    "SCHEDULED                   BEGUN      TOOK       OUTCOME            TRY  JOB";

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

fn parse_id(id: &str) -> Result<JobId, String> {
    JobId::new(id).map_err(|error| error.to_string())
}

fn parse_outcome(name: &str) -> Result<OutcomeKind, String> {
    OutcomeKind::from_name(name).ok_or_else(|| {
        let names: Vec<_> = OutcomeKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("it is one of {}", names.join(", "))
    })
}

/// Why there are no past runs to print.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A time is not valid.
    #[error("{option}: {source}")]
    Invalid {
        /// Which.
        option: &'static str,
        /// Why.
        source: TriggerError,
    },
    /// It is not known where the state is.
    #[error(transparent)]
    Unknown(#[from] DaemonError),
    /// Nothing has been remembered there.
    #[error("nothing has been remembered in {file}: {source}")]
    NoState {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file can't be read.
    #[error("past runs can't be read from {file}: {source}")]
    Store {
        /// The file.
        file: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// They could not be written.
    #[error("past runs can't be written: {0}")]
    Output(#[source] io::Error),
}
