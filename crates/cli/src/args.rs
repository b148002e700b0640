//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::LazyLock;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use punctual::{Zone, ZoneDatabase};

use crate::crontab::Format;
use crate::history::HistoryArgs;
use crate::zone;

/// Runs crontab files, explains schedules and shows past runs.
#[derive(Debug, Parser)]
#[command(name = "punctual", version = version(), max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the coming fire times of a crontab expression
    Next(NextArgs),
    /// Runs the commands of a crontab file, until it is told to stop
    Run(RunArgs),
    /// Prints what became of past runs, newest first
    History(HistoryArgs),
    /// Becomes another user and runs a command: what `run` starts the commands of others with
    #[command(hide = true)]
    Become(BecomeArgs),
}

/// What `next` is told.
#[derive(Debug, Args)]
pub struct NextArgs {
    /// Five fields in quotes, such as '30 4 1,15 * 5', or a macro such as @daily
    #[arg(value_name = "EXPR")]
    pub expression: String,
    /// The zone of the expression and of the times [default: the machine's]
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
    /// How many fire times to print
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub count: usize,
    /// Where to begin: '2026-03-29', '2026-03-29 03:30:00' in the zone, or with an offset [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Tell why a time is odd, what is left out, and what to expect when the clock changes
    #[arg(long)]
    pub explain: bool,
}

/// What `run` is told.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The crontab file
    pub file: PathBuf,
    /// Read the file as a system crontab, with a user before the command
    /// [default: for etc/crontab and files in cron.d]
    #[arg(long, conflicts_with = "user")]
    system: bool,
    /// Read the file as a user's crontab, without a user before the command [default: for other files]
    #[arg(long)]
    user: bool,
    /// The SQLite file that remembers what has run; it belongs to one crontab, and no two daemons may use it at
    /// once [default: one for each crontab, in /var/lib/punctual for root, else ~/.local/state/punctual]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Where the crontab was when it last ran with this state, if it has been moved or renamed since
    #[arg(long, value_name = "OLD", requires = "state")]
    pub moved_from: Option<PathBuf>,
    /// The zone of the times, where the file sets no CRON_TZ [default: the machine's]
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
    /// How late a command may start, in seconds; if it is later, it is skipped [default: however late]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub misfire_grace_time: Option<Duration>,
    /// How many runs of one entry may overlap [default: any number, as with cron]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_instances: Option<u32>,
    /// How many bytes of each run's output are logged
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub output_limit: u64,
    /// How long a shutdown waits for running commands before it ends them, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, default_value = "30")]
    pub shutdown_timeout: Duration,
}

impl RunArgs {
    /// The format that was asked for; none to go by the path.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match (self.system, self.user) {
            (true, _) => Some(Format::System),
            (_, true) => Some(Format::User),
            _ => None,
        }
    }
}

/// What `become` is told.
#[derive(Debug, Args)]
pub struct BecomeArgs {
    /// The user to become.
    pub user: String,
    /// The directory to run in.
    pub directory: String,
    /// The command.
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// With the release of the time zone database in use: two machines may differ in it.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let database = ZoneDatabase::current();
        format!("{} (time zones {})", env!("CARGO_PKG_VERSION"), database.release())
    });
    &VERSION
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
