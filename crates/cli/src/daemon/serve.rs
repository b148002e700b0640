//! The daemon's life.

use std::fs::File;
use std::path;
use std::time::Duration;

use punctual::core::JobStore;
use punctual::{AsyncScheduler, Clock, SqliteJobStore, SystemClock, Zone, error_chain};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::claim::{Owner, claim, lock};
use super::{
    DaemonError, JobSettings, RunningCommands, configure, install, start_reboot_jobs, state,
};
use crate::account::Account;
use crate::args::RunArgs;
use crate::crontab::Crontab;
use crate::zone;

/// How long a shutdown waits for commands that it has asked to end: longer than these may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs a crontab until SIGINT or SIGTERM. SIGHUP reads it again.
///
/// # Errors
///
/// When it can't start: because of the crontab, the state file, or the system.
pub async fn serve(args: &RunArgs) -> Result<(), DaemonError> {
    let zone = args.zone.clone().unwrap_or_else(|| zone::machines_own(|text| warn!("{text}")));
    let crontab = Crontab::read(&args.file, args.format(), &zone)?;
    let settings = settings(args)?;
    let mut signals = Signals::listen()?;
    let running = RunningCommands::default();
    let (store, _lock) = open_state(args, &settings).await?;
    let builder = AsyncScheduler::builder().timezone(&zone);
    let scheduler = configure(builder, store, running.clone()).build()?;

    scheduler.start_paused().await?;
    let count = install(&scheduler, &crontab, &settings, SystemClock.now()).await?;
    let at_start = start_reboot_jobs(&scheduler, &crontab, &settings).await?;
    scheduler.resume()?;
    info!("{}: {count} entries, {at_start} at the start", args.file.display());

    while signals.next().await == Order::Reload {
        if let Err(error) = reload(&scheduler, args, &zone, &settings).await {
            error!("the crontab is not read again; the old one stays: {}", error_chain(&error));
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

fn settings(args: &RunArgs) -> Result<JobSettings, DaemonError> {
    Ok(JobSettings {
        current: Account::current()?,
        misfire_grace_time: args.misfire_grace_time,
        max_instances: args.max_instances.unwrap_or(u32::MAX),
        output_limit: args.output_limit,
    })
}

/// The state, which is nobody else's: no other crontab's, and until the file is closed no other daemon's.
async fn open_state(
    args: &RunArgs,
    settings: &JobSettings,
) -> Result<(SqliteJobStore, File), DaemonError> {
    let file = match &args.state {
        Some(file) => match state::open(file) {
            Ok(_) => file.clone(),
            Err(source) => return Err(DaemonError::StateFile { file: file.clone(), source }),
        },
        None => state::default_path(&args.file, &settings.current)?,
    };
    let lock = lock(&file)?;
    let crontab = path::absolute(&args.file)?;
    let moved_from = args.moved_from.as_ref().map(path::absolute).transpose()?;
    let claimed = async {
        let store = SqliteJobStore::open(&file)?;
        store.start().await?;
        let owner = claim(&store, &crontab, moved_from.as_deref()).await?;
        Ok((store, owner))
    };
    match claimed.await {
        Ok((store, Owner::Ours)) => Ok((store, lock)),
        Ok((store, owner)) => {
            store.shutdown().await;
            Err(match owner {
                Owner::Another(owner) => DaemonError::OfAnother { state: file, owner, crontab },
                _ => DaemonError::NotAState(file),
            })
        }
        Err(source) => Err(DaemonError::Store { file, source }),
    }
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
    scheduler.shutdown_timeout(wait).await?;
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
