//! `punctual run`: the crontab daemon.
//!
//! Every entry is a job of one task, kept in SQLite under an id made from what its line says. So a restart
//! finds the jobs of the lines that are still there, with the time of their next run: what has run does not
//! run again, and what fell due in between runs once, late. Lines that are gone take their jobs with them.
//! Entries with `@reboot` are jobs in memory, which run once whenever the daemon starts.

mod claim;
mod error;
mod id;
mod install;
mod log;
mod reboot;
mod serve;
mod state;
mod stop;
mod task;

use std::time::Duration;

use punctual::{AsyncScheduler, MemoryJobStore, SchedulerBuilder, TokioExecutor, core::JobStore};

pub use error::DaemonError;
pub use install::{JobSettings, install};
pub use log::init as init_log;
pub use reboot::start_reboot_jobs;
pub use serve::serve;
pub(crate) use state::path_of as state_of;
pub use stop::RunningCommands;

/// The alias of the store that remembers.
const STORE: &str = "default";
/// The alias of the store of the entries that run whenever the daemon starts.
const REBOOT_STORE: &str = "reboot";

/// How often the store is asked for changes that others made. Nobody else changes it, as a rule.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// A scheduler that can run crontabs and remembers in `store`; `running` counts its commands.
pub fn configure(
    builder: SchedulerBuilder<AsyncScheduler>,
    store: impl JobStore,
    running: RunningCommands,
) -> SchedulerBuilder<AsyncScheduler> {
    builder
        .job_store(STORE, store)
        .job_store(REBOOT_STORE, MemoryJobStore::new())
        .executor("default", TokioExecutor::new())
        .poll_interval(POLL_INTERVAL)
        .task(task::shell_command)
        .state(running)
        .listener(log::EVENTS, log::event)
}
