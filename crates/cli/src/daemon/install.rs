//! Making the jobs in the store those of a crontab.

use std::collections::BTreeSet;
use std::time::Duration;

use punctual::{
    AsyncScheduler, Coalesce, CronTrigger, JobChange, JobQuery, NewJob, Recovery, SchedulerError,
    Timestamp, Trigger, error_chain,
};
use tracing::{info, warn};

use super::STORE;
use super::id::Ids;
use super::task::shell_command;
use crate::account::Account;
use crate::command::ShellCommand;
use crate::crontab::{Crontab, Entry, Schedule};

/// How the jobs of entries are run.
#[derive(Clone, Debug)]
pub struct JobSettings {
    /// Who the daemon runs as.
    pub current: Account,
    /// How late a command may start; none for however late.
    pub misfire_grace_time: Option<Duration>,
    /// How many runs of one entry may overlap.
    pub max_instances: u32,
    /// How many bytes of each run's output are logged.
    pub output_limit: u64,
}

/// Makes the jobs in the store those of the crontab: removes those whose lines are gone, adds those that are new,
/// and leaves the others their next run times. An entry that can't be run here is logged and left out.
/// Answers how many jobs there are.
///
/// The scheduler should be paused, so that no job runs whose line is gone.
///
/// # Errors
///
/// What the scheduler or its store says.
pub async fn install(
    scheduler: &AsyncScheduler,
    crontab: &Crontab,
    settings: &JobSettings,
    now: Timestamp,
) -> Result<usize, SchedulerError> {
    let mut ids = Ids::default();
    let wanted: Vec<_> = crontab
        .entries
        .iter()
        .filter_map(|entry| Planned::of(entry, settings, now, &mut ids))
        .collect();
    let mut stored = BTreeSet::new();
    for job in scheduler.get_jobs(JobQuery::new().job_store(STORE)).await? {
        if ids.contains(job.id.as_str()) {
            stored.insert(job.id.as_str().to_owned());
        } else {
            scheduler.remove_job((STORE, job.id.as_str())).await?;
            info!(job = %job.id, "removed, as no line has its time, zone, user and command any more: {}", job.name());
        }
    }
    let count = wanted.len();
    let mut new = Vec::new();
    for job in wanted {
        if stored.contains(&job.id) {
            let id = job.id.clone();
            scheduler.modify_job((STORE, &*id), job.change(settings)).await?;
        } else {
            new.push(job.added(settings));
        }
    }
    scheduler.add_jobs(new).await?;
    Ok(count)
}

/// An entry that can be run.
struct Planned {
    id: String,
    trigger: CronTrigger,
    command: ShellCommand,
}

impl Planned {
    fn of(entry: &Entry, settings: &JobSettings, now: Timestamp, ids: &mut Ids) -> Option<Self> {
        let Schedule::Times { trigger, .. } = &entry.schedule else {
            return None;
        };
        let command = runnable(entry, settings)?;
        if trigger.next_fire_time(None, now).is_none() {
            warn!(line = entry.line, "left out: there is no such time");
            return None;
        }
        Some(Self { id: ids.of(entry), trigger: (**trigger).clone(), command })
    }

    /// What to change of a job that is there: everything but its times, which its id stands for.
    fn change(self, settings: &JobSettings) -> JobChange {
        JobChange::new()
            .call(shell_command(self.command))
            .misfire_grace_time(settings.misfire_grace_time)
            .max_instances(settings.max_instances)
    }

    fn added(self, settings: &JobSettings) -> NewJob {
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

/// The command of an entry; none, with a line in the log, if it can't be run here.
pub(super) fn runnable(entry: &Entry, settings: &JobSettings) -> Option<ShellCommand> {
    ShellCommand::of_entry(entry, &settings.current, settings.output_limit)
        .inspect_err(|error| warn!(line = entry.line, "left out: {}", error_chain(error)))
        .ok()
}
