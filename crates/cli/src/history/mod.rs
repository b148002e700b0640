//! `punctual history`: past runs and their outcomes.

mod source;
mod table;
mod time;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use punctual::core::HistoryRecordQuery;
use punctual::{JobId, OutcomeKind, StoreError, Timestamp, TriggerError, Zone};

use self::source::HistorySource;
use self::table::PrintError;
use crate::daemon::DaemonError;
use crate::secret::StoreUrl;
use crate::zone;

/// Arguments of the `history` subcommand.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The crontab file whose runs are shown
    pub file: Option<PathBuf>,
    /// The SQLite file to read: the state file of a daemon, or the job store of any program
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub state: Option<PathBuf>,
    /// The URL of the job store to read, such as postgres://USER:PASSWORD@HOST/DATABASE or mysql://.. The command line
    /// is visible to other users; to hide the password, set PUNCTUAL_STORE_URL instead [env: PUNCTUAL_STORE_URL]
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "state"])]
    pub store: Option<StoreUrl>,
    /// The prefix of the names of the store's tables [default: punctual_]
    #[arg(long, value_name = "PREFIX", conflicts_with = "file")]
    pub table_prefix: Option<String>,
    /// The schema of the tables, for databases with schemas [default: the first of the search_path]
    #[arg(long, value_name = "SCHEMA", conflicts_with_all = ["file", "state"])]
    pub schema: Option<String>,
    /// Only runs of the job with this id
    #[arg(long, value_name = "ID", value_parser = parse_id)]
    pub job: Option<JobId>,
    /// Only runs with this outcome; can be repeated
    #[arg(long, value_name = "OUTCOME", value_parser = parse_outcome)]
    pub outcome: Vec<OutcomeKind>,
    /// Only runs that finished at or after this time: '2026-03-29', '2026-03-29 03:30:00' in the time zone, or with an
    /// offset; or '1h' for the last hour, with the units s, m, h, d and w
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Only runs that finished before this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// The maximum number of runs to show
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub count: usize,
    /// The time zone of the times [default: the system's]
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
}

/// Prints past runs as a table, newest first. `now` is the current time, to which durations such as `--since 1h` refer.
/// `warn` is called with a warning if there is one.
///
/// # Errors
///
/// Returns an error if the store does not exist or can't be read, or an argument is invalid.
pub async fn print(
    args: &HistoryArgs,
    now: Timestamp,
    out: &mut impl Write,
    warn: impl FnOnce(String),
) -> Result<(), HistoryError> {
    let zone = args.zone.clone().unwrap_or_else(|| zone::local_or_utc(warn));
    let instant = |option, time: &Option<String>| {
        time.as_ref().map(|time| time::parse(option, time, &zone, now)).transpose()
    };
    let mut query = HistoryRecordQuery::new();
    query.job = args.job.clone();
    query.outcomes = args.outcome.clone();
    query.since = instant("--since", &args.since)?;
    query.until = instant("--until", &args.until)?;

    let history_source = HistorySource::from_args(args)?;
    let store = history_source.open(args)?;
    store.start().await.map_err(|source| HistoryError::store(&history_source, source))?;
    if !store.caps().history {
        return Err(HistoryError::NoHistory(history_source.to_string()));
    }
    let printed = table::print(&*store, query, args.count, &zone, out).await;
    store.shutdown().await;
    printed.map_err(|error| match error {
        PrintError::Store(source) => HistoryError::store(&history_source, source),
        PrintError::Output(source) => HistoryError::Output(source),
    })
}

fn parse_id(id: &str) -> Result<JobId, String> {
    JobId::new(id).map_err(|error| error.to_string())
}

fn parse_outcome(name: &str) -> Result<OutcomeKind, String> {
    OutcomeKind::from_name(name).ok_or_else(|| {
        let names: Vec<_> = OutcomeKind::ALL.iter().map(|kind| kind.name()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// An error of printing past runs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HistoryError {
    /// A time is invalid.
    #[error(transparent)]
    Invalid(TriggerError),
    /// The path of the state file can't be determined.
    #[error(transparent)]
    StateFile(#[from] DaemonError),
    /// No source of past runs was given.
    #[error(
        "no source given: pass a crontab, --state FILE or --store URL, or set PUNCTUAL_STORE_URL"
    )]
    NoSource,
    /// A URL was given instead of a crontab.
    #[error("a URL is not a crontab: pass it with --store")]
    UrlAsFile,
    /// The file does not exist.
    #[error("no past runs are stored in {file}")]
    NoStateFile {
        /// The file.
        file: PathBuf,
        /// The underlying error.
        source: io::Error,
    },
    /// The store does not support a run history.
    #[error("{0} does not support a run history")]
    NoHistory(String),
    /// The store can't be read.
    #[error("past runs can't be read from {source_name}")]
    Store {
        /// The file, or the option or variable that contains the URL; never the URL itself.
        source_name: String,
        /// The underlying error.
        source: StoreError,
    },
    /// Writing the output failed.
    #[error("past runs can't be written")]
    Output(#[source] io::Error),
}

impl HistoryError {
    fn store(history_source: &HistorySource, source: StoreError) -> Self {
        Self::Store { source_name: history_source.to_string(), source }
    }
}
