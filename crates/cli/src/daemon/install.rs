//! Synchronizes the stored jobs with a crontab.

use std::collections::BTreeSet;
use std::time::Duration;

use punctual::{
    AsyncScheduler, Coalesce, CronTrigger, JobChange, JobQuery, NewJob, Recovery, SchedulerError,
    Timestamp, Trigger, error_chain,
};
use tracing::{info, warn};

use super::STORE;
use super::id::JobIds;
use super::task::shell_command;
use crate::account::Account;
use crate::command::ShellCommand;
use crate::crontab::{Crontab, Entry, Schedule};

/// Settings of the jobs of all entries.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// The user of the daemon.
    pub current: Account,
    /// The maximum delay of a command; `None` for no limit.
    pub misfire_grace_time: Option<Duration>,
    /// The maximum number of concurrent runs of an entry.
    pub max_instances: u32,
    /// The maximum number of bytes of each run's output that are logged.
    pub output_limit: u64,
}

/// Synchronizes the stored jobs with the crontab: jobs without an entry are removed, new entries are added, existing
/// jobs are updated and keep their next run time. An entry that can't be run is logged and skipped. Returns the number
/// of jobs.
///
/// The scheduler should be paused, so that no run of a removed entry starts.
///
/// # Errors
///
/// Returns the error of the scheduler or its store.
pub async fn install(
    scheduler: &AsyncScheduler,
    crontab: &Crontab,
    settings: &JobSettings,
    now: Timestamp,
) -> Result<usize, SchedulerError> {
    let mut ids = JobIds::default();
    let wanted: Vec<_> = crontab
        .entries
        .iter()
        .filter_map(|entry| PlannedJob::from_entry(entry, settings, now, &mut ids))
        .collect();
    let mut stored = BTreeSet::new();
    for job in scheduler.get_jobs(JobQuery::new().job_store(STORE)).await? {
        if ids.contains(job.id.as_str()) {
            stored.insert(job.id.as_str().to_owned());
        } else {
            scheduler.remove_job((STORE, job.id.as_str())).await?;
            info!(job = %job.id, "job removed: its entry is no longer in the crontab: {}", job.name());
        }
    }
    let count = wanted.len();
    let mut new = Vec::new();
    for job in wanted {
        if stored.contains(&job.id) {
            let id = job.id.clone();
            scheduler.modify_job((STORE, &*id), job.into_change(settings)).await?;
        } else {
            new.push(job.into_new_job(settings));
        }
    }
    scheduler.add_jobs(new).await?;
    Ok(count)
}

/// The job of an entry that can be run.
struct PlannedJob {
    id: String,
    trigger: CronTrigger,
    command: ShellCommand,
}

impl PlannedJob {
    fn from_entry(
        entry: &Entry,
        settings: &JobSettings,
        now: Timestamp,
        ids: &mut JobIds,
    ) -> Option<Self> {
        let Schedule::Times { trigger, .. } = &entry.schedule else {
            return None;
        };
        let command = command_for_entry(entry, settings)?;
        if trigger.next_fire_time(None, now).is_none() {
            warn!(line = entry.line, "entry skipped: its schedule never fires");
            return None;
        }
        Some(Self { id: ids.generate(entry), trigger: (**trigger).clone(), command })
    }

    /// The update of an existing job. The schedule is not included: the id depends on it, so it has not changed.
    fn into_change(self, settings: &JobSettings) -> JobChange {
        JobChange::new()
            .call(shell_command(self.command))
            .misfire_grace_time(settings.misfire_grace_time)
            .max_instances(settings.max_instances)
    }

    fn into_new_job(self, settings: &JobSettings) -> NewJob {
        let name = self.command.script.clone();
        NewJob::builder(shell_command(self.command))
            .id(self.id)
            .name(name)
            .job_store(STORE)
            .trigger(self.trigger)
            .misfire_grace_time(settings.misfire_grace_time)
            .max_instances(settings.max_instances)
            .coalesce(Coalesce::Latest)
            .recovery(Recovery::Skip)
            .replace_existing(true)
            .build()
    }
}

/// Returns the command of an entry. If it can't be run, logs a warning and returns `None`.
pub(super) fn command_for_entry(entry: &Entry, settings: &JobSettings) -> Option<ShellCommand> {
    ShellCommand::of_entry(entry, &settings.current, settings.output_limit)
        .inspect_err(|error| warn!(line = entry.line, "entry skipped: {}", error_chain(error)))
        .ok()
}
