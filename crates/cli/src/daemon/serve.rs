//! The main loop of the daemon.

use std::fs::File;
use std::path;
use std::time::Duration;

use punctual::{AsyncScheduler, Clock, JobStore, SqliteJobStore, SystemClock, Zone, error_chain};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tracing::{error, info, warn};

use super::claim::{ClaimResult, claim, lock};
use super::{
    DaemonError, JobSettings, RunningCommands, configure, install, start_reboot_jobs, state,
};
use crate::account::Account;
use crate::args::RunArgs;
use crate::crontab::Crontab;
use crate::zone;

/// How long a shutdown waits for cancelled commands; longer than the grace period of commands.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Runs a crontab until SIGINT or SIGTERM. SIGHUP reloads it.
///
/// # Errors
///
/// Returns an error if the crontab, the state file or the operating system prevents the start.
pub async fn serve(args: &RunArgs) -> Result<(), DaemonError> {
    let zone = args.zone.clone().unwrap_or_else(|| zone::local_or_utc(|text| warn!("{text}")));
    let crontab = Crontab::read(&args.file, args.format(), &zone)?;
    let settings = settings(args)?;
    let mut signals = Signals::register()?;
    let running = RunningCommands::default();
    let (store, _lock) = open_state(args, &settings).await?;
    let builder = AsyncScheduler::builder().timezone(&zone);
    let scheduler = configure(builder, store, running.clone()).build()?;

    scheduler.start_paused().await?;
    let count = install(&scheduler, &crontab, &settings, SystemClock.now()).await?;
    let at_start = start_reboot_jobs(&scheduler, &crontab, &settings).await?;
    scheduler.resume()?;
    info!("{}: {count} entries, {at_start} at the start", args.file.display());

    while signals.next().await == SignalAction::Reload {
        if let Err(error) = reload(&scheduler, args, &zone, &settings).await {
            error!(
                "the crontab was not reloaded; its previous entries remain: {}",
                error_chain(&error)
            );
        }
    }
    tokio::select! {
        result = stop(&scheduler, &running, args.shutdown_timeout) => result,
        () = signals.stop() => {
            warn!("received a second stop signal; killing the running commands");
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

/// Opens, locks and claims the state file. The lock is released when the returned file is dropped.
async fn open_state(
    args: &RunArgs,
    settings: &JobSettings,
) -> Result<(SqliteJobStore, File), DaemonError> {
    let file = match &args.state {
        Some(file) => match state::open(file) {
            Ok(_) => file.clone(),
            Err(source) => return Err(DaemonError::StateFile { file: file.clone(), source }),
        },
        None => state::create_default_file(&args.file, &settings.current)?,
    };
    let lock = lock(&file)?;
    let crontab = path::absolute(&args.file)?;
    let moved_from = args.moved_from.as_ref().map(path::absolute).transpose()?;
    let open_and_claim = async {
        let store = SqliteJobStore::open(&file)?;
        store.start().await?;
        let owner = claim(&store, &crontab, moved_from.as_deref()).await?;
        Ok((store, owner))
    };
    match open_and_claim.await {
        Ok((store, ClaimResult::Claimed)) => Ok((store, lock)),
        Ok((store, owner)) => {
            store.shutdown().await;
            Err(match owner {
                ClaimResult::OwnedBy(owner) => {
                    DaemonError::OwnedByOther { state: file, owner, crontab }
                }
                _ => DaemonError::ForeignJobs(file),
            })
        }
        Err(source) => Err(DaemonError::Store { file, source }),
    }
}

/// Reloads the crontab. Changes apply immediately; `@reboot` entries are not run.
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
    info!("{} reloaded: {} entries", args.file.display(), installed?);
    Ok(())
}

/// Shuts down the scheduler: no runs are started, and running commands have `wait` to finish. Then they are cancelled:
/// each exits or is killed a few seconds later. Only processes that have left the process group of their command can
/// keep running.
async fn stop(
    scheduler: &AsyncScheduler,
    running: &RunningCommands,
    wait: Duration,
) -> Result<(), DaemonError> {
    info!("shutting down; running commands have {wait:?} to finish");
    scheduler.shutdown_timeout(wait).await?;
    if timeout(CANCEL_TIMEOUT, running.wait_idle()).await.is_err() {
        warn!(
            "processes that have left their process group still have the output of commands open"
        );
    }
    Ok(())
}

/// The action requested by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SignalAction {
    Reload,
    Stop,
}

struct Signals {
    hangup: Signal,
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn register() -> Result<Self, DaemonError> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> SignalAction {
        tokio::select! {
            _ = self.hangup.recv() => SignalAction::Reload,
            _ = self.interrupt.recv() => SignalAction::Stop,
            _ = self.terminate.recv() => SignalAction::Stop,
        }
    }

    /// Waits for another stop signal.
    async fn stop(&mut self) {
        while self.next().await != SignalAction::Stop {}
    }
}
