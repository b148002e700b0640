//! `punctual run`: the crontab daemon.
//!
//! Each entry is stored in SQLite as a job whose id is derived from the entry's content. After a restart, unchanged
//! entries keep their jobs and next run times; missed runs are coalesced into one late run. Jobs of removed entries are
//! deleted. Entries with `@reboot` are jobs in memory, which run once at each start of the daemon.

mod claim;
mod error;
mod id;
mod install;
mod log;
mod reboot;
mod running;
mod serve;
mod state;
mod task;

use std::time::Duration;

use punctual::{
    AsyncScheduler, FailureLog, MemoryJobStore, SchedulerBuilder, TokioExecutor, core::JobStore,
};

pub use error::DaemonError;
pub use install::{JobSettings, install};
pub use log::init as init_log;
pub use reboot::start_reboot_jobs;
pub use running::RunningCommands;
pub use serve::serve;
pub(crate) use state::default_path as state_file_path;

/// The alias of the persistent store.
const STORE: &str = "default";
/// The alias of the store of `@reboot` entries.
const REBOOT_STORE: &str = "reboot";

/// The interval of polling the store for changes. It is long, because no other process uses the store.
const POLL_INTERVAL: Duration = Duration::from_secs(60);

/// Configures a scheduler that runs crontabs, with persistent jobs in `store`. `running` counts its commands.
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
        .app_data(running)
        .failure_log(FailureLog::Off) // the listener logs them
        .listener(log::EVENTS, log::event)
}
