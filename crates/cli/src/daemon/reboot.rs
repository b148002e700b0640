//! `@reboot` entries, which run at each start of the daemon.

use punctual::{AsyncScheduler, NewJob, SchedulerError};

use super::REBOOT_STORE;
use super::id::JobIds;
use super::install::{JobSettings, command_for_entry};
use super::task::shell_command;
use crate::crontab::{Crontab, Schedule};

/// Runs the `@reboot` entries of the crontab once. Their jobs are in memory, so the next start runs them again. Returns
/// the number of jobs.
///
/// # Errors
///
/// Returns the scheduler's error.
pub async fn start_reboot_jobs(
    scheduler: &AsyncScheduler,
    crontab: &Crontab,
    settings: &JobSettings,
) -> Result<usize, SchedulerError> {
    let mut ids = JobIds::default();
    let entries = crontab.entries.iter();
    let jobs =
        entries.filter(|entry| matches!(entry.schedule, Schedule::Reboot)).filter_map(|entry| {
            let command = command_for_entry(entry, settings)?;
            let name = command.script.clone();
            let job = NewJob::builder(shell_command(command))
                .id(ids.generate(entry))
                .name(name)
                .job_store(REBOOT_STORE);
            Some(job.build())
        });
    let jobs: Vec<_> = jobs.collect();
    Ok(scheduler.add_jobs(jobs).await?.len())
}
