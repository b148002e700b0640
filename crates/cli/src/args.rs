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
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Prints the next fire times of a crontab expression
    Next(NextArgs),
    /// Runs the commands of a crontab file as a foreground daemon
    Run(RunArgs),
    /// Prints past runs and their outcomes, newest first
    History(HistoryArgs),
    /// Switches to another user and executes a command; used by `run` for commands of other users
    #[command(hide = true)]
    Become(BecomeArgs),
}

/// Arguments of the `next` subcommand.
#[derive(Debug, Args)]
pub struct NextArgs {
    /// Five fields in quotes, such as '30 4 1,15 * 5', or a macro such as @daily
    #[arg(value_name = "EXPR")]
    pub expression: String,
    /// The time zone of the expression and of the output [default: the system's]
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
    /// The number of fire times to print
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub count: usize,
    /// The start of the output: '2026-03-29', '2026-03-29 03:30:00' in the time zone, or with an offset [default: now]
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// Explain unusual times, skipped times and the effect of clock changes
    #[arg(long)]
    pub explain: bool,
}

/// Arguments of the `run` subcommand.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The crontab file
    pub file: PathBuf,
    /// Read the file as a system crontab, with a user before the command [default: for etc/crontab and files in cron.d]
    #[arg(long, conflicts_with = "user")]
    system: bool,
    /// Read the file as a user's crontab, without a user before the command [default: for other files]
    #[arg(long)]
    user: bool,
    /// The SQLite file that stores jobs and past runs. Each crontab needs its own file, and two daemons can't share one
    /// [default: one for each crontab, in /var/lib/punctual for root, else ~/.local/state/punctual]
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// The previous path of the crontab, if it has been moved or renamed since it last ran with this state file
    #[arg(long, value_name = "OLD", requires = "state")]
    pub moved_from: Option<PathBuf>,
    /// The time zone of entries without CRON_TZ [default: the system's]
    #[arg(long, value_name = "ZONE", value_parser = zone::parse)]
    pub zone: Option<Zone>,
    /// The maximum delay of a command in seconds; later runs are skipped [default: no limit]
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    pub misfire_grace_time: Option<Duration>,
    /// The maximum number of concurrent runs of an entry [default: no limit, as with cron]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_instances: Option<u32>,
    /// The maximum number of bytes of each run's output that are logged
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub output_limit: u64,
    /// How long a shutdown waits for running commands before it terminates them, in seconds
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds, default_value = "30")]
    pub shutdown_timeout: Duration,
}

impl RunArgs {
    /// The selected format; `None` to determine it from the path.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        match (self.system, self.user) {
            (true, _) => Some(Format::System),
            (_, true) => Some(Format::User),
            _ => None,
        }
    }
}

/// Arguments of the `become` subcommand.
#[derive(Debug, Args)]
pub struct BecomeArgs {
    /// The user to switch to.
    pub user: String,
    /// The working directory.
    pub directory: String,
    /// The command.
    #[arg(last = true, required = true)]
    pub command: Vec<OsString>,
}

/// The version, with the release of the time zone database in use, which can differ between machines.
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
