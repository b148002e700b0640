//! The daemon's life.

use std::path::PathBuf;
use std::time::Duration;

use punctual::{AsyncScheduler, Clock, SqliteJobStore, SystemClock, Zone};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::{
    DaemonError, JobSettings, RunningCommands, configure, install, start_reboot_jobs, state,
};
use crate::account::Account;
use crate::args::RunArgs;
use crate::crontab::Crontab;

/// How long a shutdown waits for commands that it has asked to end: longer than these may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a crontab until SIGINT or SIGTERM. SIGHUP reads it again.
///
/// # Errors
///
/// When it can't start: because of the crontab, the state file, or the system.
pub async fn serve(args: &RunArgs) -> Result<(), DaemonError> {
    let zone = args.zone.clone().unwrap_or_else(machines_zone);
    let crontab = Crontab::read(&args.file, args.format(), &zone)?;
    let settings = settings(args)?;
    let mut signals = Signals::listen()?;
    let running = RunningCommands::default();
    let store = SqliteJobStore::open(state_file(args, &settings)?)?;
    let builder = AsyncScheduler::builder().timezone(&zone);
    let scheduler = configure(builder, store, running.clone()).build()?;

    scheduler.start_paused().await?;
    let count = install(&scheduler, &crontab, &settings, SystemClock.now()).await?;
    let at_start = start_reboot_jobs(&scheduler, &crontab, &settings).await?;
    scheduler.resume()?;
    info!("{}: {count} entries, {at_start} at the start", args.file.display());

    while signals.next().await == Order::Reload {
        if let Err(error) = reload(&scheduler, args, &zone, &settings).await {
            error!("the crontab is not read again; the old one stays: {error}");
        }
    }
    tokio::select! {
        ended = stop(&scheduler, &running, args.shutdown_timeout) => ended,
        () = signals.stop() => {
            warn!("told to stop again: ending running commands at once");
            Ok(())
        }
    }
}

fn machines_zone() -> Zone {
    Zone::local().unwrap_or_else(|error| {
        warn!("times are in UTC, as the machine's own zone is not known: {error}");
        Zone::utc()
    })
}

fn settings(args: &RunArgs) -> Result<JobSettings, DaemonError> {
    Ok(JobSettings {
        current: Account::current()?,
        misfire_grace_time: args.misfire_grace_time,
        max_instances: args.max_instances.unwrap_or(u32::MAX),
        output_limit: args.output_limit,
    })
}

fn state_file(args: &RunArgs, settings: &JobSettings) -> Result<PathBuf, DaemonError> {
    let file = match &args.state {
        Some(file) => Ok(file.clone()),
        None => state::default_path(&args.file, &settings.current),
    };
    let file = file.map_err(DaemonError::State)?;
    state::prepare(&file).map_err(DaemonError::State)?;
    Ok(file)
}

/// Reads the crontab again. What has changed counts from now on; `@reboot` is over.
async fn reload(
    scheduler: &AsyncScheduler,
    args: &RunArgs,
    zone: &Zone,
    settings: &JobSettings,
) -> Result<(), DaemonError> {
    let crontab = Crontab::read(&args.file, args.format(), zone)?;
    scheduler.pause()?;
    let installed = install(scheduler, &crontab, settings, SystemClock.now()).await;
    scheduler.resume()?;
    info!("{} read again: {} entries", args.file.display(), installed?);
    Ok(())
}

/// Starts nothing more, waits for the running commands, then asks them to end and waits again: each ends by
/// itself or is killed a few seconds later. Only what has left its process group may stay behind.
async fn stop(
    scheduler: &AsyncScheduler,
    running: &RunningCommands,
    wait: Duration,
) -> Result<(), DaemonError> {
    info!("stopping; running commands have {wait:?} to end");
    scheduler.shutdown_within(wait).await?;
    if timeout(PATIENCE, running.none_left()).await.is_err() {
        warn!("some output is still held by processes that have left their group");
    }
    Ok(())
}

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Reload,
    Stop,
}

struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn listen() -> Result<Self, DaemonError> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Order {
        tokio::select! {
            _ = self.hangup.recv() => Order::Reload,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.terminate.recv() => Order::Stop,
        }
    }

    /// Waits for another order to stop.
    async fn stop(&mut self) {
        while self.next().await != Order::Stop {}
    }
}
