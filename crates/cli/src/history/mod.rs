//! `punctual history`: what became of past runs.

mod place;
mod table;

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use punctual::{DateTrigger, HistoryQuery, JobId, OutcomeKind, StoreError, TriggerError, Zone};

use self::place::Place;
use self::table::Failure;
use crate::daemon::DaemonError;
use crate::secret::StoreUrl;
use crate::zone;

/// What `history` is told.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The crontab file whose runs to show
    pub file: Option<PathBuf>,
    /// The SQLite file that remembers them: a daemon's, or the job store of any program
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub state: Option<PathBuf>,
    /// The store that remembers them, mostly one on a server: postgres://USER:PASSWORD@HOST/DATABASE, or mysql://..;
    /// whoever lists processes sees the password of an option, but not that of a variable
    /// [env: PUNCTUAL_STORE_URL]
    #[arg(long, value_name = "URL", conflicts_with_all = ["file", "state"])]
    pub store: Option<StoreUrl>,
    /// What the names of the store's tables begin with [default: punctual_]
    #[arg(long, value_name = "PREFIX", conflicts_with = "file")]
    pub table_prefix: Option<String>,
    /// The schema of the tables, where the database has schemas [default: the first of the search_path]
    #[arg(long, value_name = "SCHEMA", conflicts_with_all = ["file", "state"])]
    pub schema: Option<String>,
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
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
}

/// Prints past runs as a table, newest first. `warn` is told what else there is to know.
///
/// # Errors
///
/// When there is no such store, it can't be read, or an argument is not valid.
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

    let place = Place::of(args)?;
    let store = place.open(args)?;
    store.start().await.map_err(|source| HistoryError::store(&place, source))?;
    if !store.caps().history {
        return Err(HistoryError::NoHistory(place.to_string()));
    }
    let printed = table::print(&*store, query, args.count, &zone, out).await;
    store.shutdown().await;
    printed.map_err(|failure| match failure {
        Failure::Store(source) => HistoryError::store(&place, source),
        Failure::Output(source) => HistoryError::Output(source),
    })
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
    #[error("{option} is not valid")]
    Invalid {
        /// Which.
        option: &'static str,
        /// Why.
        source: TriggerError,
    },
    /// It is not known where the state is.
    #[error(transparent)]
    Unknown(#[from] DaemonError),
    /// Nobody says where they are.
    #[error(
        "whose runs? name a crontab, an SQLite file with --state, or a store with --store or PUNCTUAL_STORE_URL"
    )]
    NoPlace,
    /// A URL stands where a crontab should.
    #[error("a URL is not a crontab: put --store before it")]
    UrlAsFile,
    /// Nothing has been remembered there.
    #[error("nothing has been remembered in {file}")]
    NoState {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It keeps none.
    #[error("{0} keeps no past runs")]
    NoHistory(String),
    /// The store can't be read.
    #[error("past runs can't be read from {place}")]
    Store {
        /// The file, or who named the server: never its URL.
        place: String,
        /// Why.
        source: StoreError,
    },
    /// They could not be written.
    #[error("past runs can't be written")]
    Output(#[source] io::Error),
}

impl HistoryError {
    fn store(place: &Place, source: StoreError) -> Self {
        Self::Store { place: place.to_string(), source }
    }
}
