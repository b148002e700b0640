//! Listings of jobs as text.

use std::collections::BTreeMap;
use std::io;

use comfy_table::{Table, presets};
use punctual_core::{Alias, Tag};

use super::{JobQuery, Jobs};
use crate::error::SchedulerError;
use crate::job::{Job, JobState};

/// The format of the next run times in tables.
const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S %Z";

/// Jobs, to be printed.
pub(crate) struct JobListing {
    /// The jobs of each store, sorted by alias. `None` if the scheduler is not started: its jobs are pending.
    stores: Option<BTreeMap<Alias, Vec<Job>>>,
    pending: Vec<Job>,
}

impl Jobs {
    /// Lists the jobs that match a query; while the scheduler is not started, the pending ones.
    pub(crate) async fn listing(&self, query: JobQuery) -> Result<JobListing, SchedulerError> {
        if self.pending.is_accepting() {
            let pending = self.get_jobs(query.or_state(JobState::Pending)).await?;
            return Ok(JobListing { stores: None, pending });
        }
        let alias = query.selected_store()?;
        let stores = self.stores.select(alias.as_ref())?;
        let mut stores: BTreeMap<_, Vec<Job>> =
            stores.iter().map(|store| (store.alias.clone(), Vec::new())).collect();
        for job in self.get_jobs(query).await? {
            stores.entry(job.job_store.clone()).or_default().push(job);
        }
        Ok(JobListing { stores: Some(stores), pending: Vec::new() })
    }
}

impl JobListing {
    /// Writes the jobs like APScheduler's `print_jobs`.
    pub(crate) fn write_lines(&self, mut out: impl io::Write) -> io::Result<()> {
        let Some(stores) = &self.stores else {
            writeln!(out, "Pending jobs:")?;
            return write_group(&mut out, &self.pending, "No pending jobs");
        };
        for (alias, jobs) in stores {
            writeln!(out, "Jobstore {alias}:")?;
            write_group(&mut out, jobs, "No scheduled jobs")?;
        }
        Ok(())
    }

    /// Writes the jobs as a table.
    pub(crate) fn write_table(&self, mut out: impl io::Write) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(["STORE", "ID", "NAME", "STATE", "NEXT RUN", "RUNS", "TAGS", "TRIGGER"]);
        for job in self.stores.iter().flat_map(BTreeMap::values).flatten().chain(&self.pending) {
            let trigger = job.trigger.as_ref().map(ToString::to_string);
            table.add_row([
                job.job_store.to_string(),
                one_line(job.id.as_str()),
                one_line(job.name()),
                job.state.to_string(),
                job.next_run_local()
                    .map_or_else(|| "-".to_owned(), |time| time.format(TIME_FORMAT).to_string()),
                job.fire_count.to_string(),
                tags(job),
                one_line(trigger.as_deref().unwrap_or("unknown")),
            ]);
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim())?;
        }
        Ok(())
    }
}

fn tags(job: &Job) -> String {
    let tags: Vec<_> = job.tags().iter().map(Tag::as_str).collect();
    if tags.is_empty() { "-".to_owned() } else { tags.join(",") }
}

fn write_group(out: &mut impl io::Write, jobs: &[Job], empty: &str) -> io::Result<()> {
    if jobs.is_empty() {
        return writeln!(out, "    {empty}");
    }
    jobs.iter().try_for_each(|job| writeln!(out, "    {}", one_line(&job.to_string())))
}

/// Escapes control characters, so that a name neither breaks the line nor controls the terminal.
fn one_line(text: &str) -> String {
    let escaped = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.into() };
    text.chars().map(escaped).collect()
}
