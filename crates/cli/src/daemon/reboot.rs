//! Entries that run whenever the daemon starts.

use punctual::{AsyncScheduler, NewJob, SchedulerError};

use super::REBOOT_STORE;
use super::id::Ids;
use super::install::{JobSettings, runnable};
use super::task::shell_command;
use crate::crontab::{Crontab, Schedule};

/// Runs the entries of the crontab that have `@reboot`, once. Their jobs live in memory, so the next start runs
/// them again. Answers how many there are.
///
/// # Errors
///
/// What the scheduler says.
pub async fn start_reboot_jobs(
    scheduler: &AsyncScheduler,
    crontab: &Crontab,
    settings: &JobSettings,
) -> Result<usize, SchedulerError> {
    let mut ids = Ids::default();
    let entries = crontab.entries.iter();
    let jobs =
        entries.filter(|entry| matches!(entry.schedule, Schedule::Reboot)).filter_map(|entry| {
            let command = runnable(entry, settings)?;
            let name = command.script.clone();
            let job = NewJob::builder(shell_command(command))
                .id(ids.of(entry))
                .name(name)
                .job_store(REBOOT_STORE);
            Some(job.build())
        });
    let jobs: Vec<_> = jobs.collect();
    scheduler.add_jobs(jobs).await
}
