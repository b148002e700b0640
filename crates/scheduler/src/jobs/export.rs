//! Jobs as JSON.

use std::collections::HashSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use punctual_core::{
    Alias, Codec, Encoded, JobCursor, JobDefinition, JobId, JobRecord, JobRef, Schedule, Timestamp,
    error_chain,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::query::CheckedQuery;
use super::{JobQuery, Jobs, PAGE_SIZE};
use crate::error::SchedulerError;
use crate::import_error::ImportError;
use crate::store::RegisteredStore;

/// The version of the format.
const VERSION: u32 = 1;

/// Jobs as data, to be imported into a store of any kind: for backups, and to move jobs between stores, programs and
/// machines.
///
/// A job is exported with everything that determines its further runs: its definition as it is stored (task,
/// arguments, trigger, options, tags), its next run time and due time, or that it is paused, and the number of its runs. Not
/// exported are runs in progress, the run history, and the revision, which counts the changes in one store.
///
/// ```
/// use punctual_scheduler::{BackgroundScheduler, JobExport, JobQuery, OnConflict};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
/// let json = scheduler.export_jobs(JobQuery::new().tag("billing"))?.to_json();
///
/// let export = JobExport::from_json(&json)?;
/// let imported = scheduler.import_jobs(export, OnConflict::Skip)?;
/// assert!(imported.failed.is_empty() && imported.interrupted.is_none());
/// # scheduler.shutdown()?;
/// # Ok(())
/// # }
/// ```
///
/// The JSON contains the arguments of jobs, which can be confidential. `Debug` shows only the ids.
#[derive(Clone)]
#[must_use = "an export does nothing until it is written or imported"]
pub struct JobExport {
    pub(super) jobs: Vec<ExportedJob>,
    skipped: Vec<SkippedJob>,
}

/// A job in an export.
#[derive(Clone)]
pub(super) struct ExportedJob {
    pub(super) job: JobRef,
    /// The stored form.
    pub(super) definition: Encoded,
    pub(super) schedule: Option<Schedule>,
    pub(super) fire_count: u64,
}

/// A job that can't be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SkippedJob {
    /// The job.
    pub job: JobRef,
    /// Why it can't be exported: it is a closure, for example.
    pub reason: String,
}

/// The JSON of an export.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportForm {
    version: u32,
    jobs: Vec<JobForm>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    skipped: Vec<SkippedForm>,
}

/// The JSON of a job. Names and times are checked afterwards, so that errors name the field and the job.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JobForm {
    job_store: String,
    id: String,
    /// `None` for a paused job.
    next_run_time: Option<String>,
    /// `None` if it is the next run time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    due_at: Option<String>,
    fire_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    definition: Option<Box<RawValue>>,
    /// Instead of `definition`, if its codec is not JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    definition_base64: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SkippedForm {
    job_store: String,
    id: String,
    reason: String,
}

impl JobExport {
    /// Number of jobs, without those that were skipped.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether no job was exported.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The exported jobs, with the aliases of their stores.
    pub fn jobs(&self) -> impl Iterator<Item = &JobRef> {
        self.jobs.iter().map(|job| &job.job)
    }

    /// The jobs that match the query and can't be exported, with the reasons.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedJob] {
        &self.skipped
    }

    /// Changes the store of all jobs: they are imported into this one.
    ///
    /// # Errors
    ///
    /// [`NameError`](punctual_core::NameError) if the alias is invalid.
    pub fn into_store(mut self, alias: impl AsRef<str>) -> Result<Self, punctual_core::NameError> {
        let alias = Alias::new(alias)?;
        self.jobs.iter_mut().for_each(|exported| exported.job.job_store = alias.clone());
        Ok(self)
    }

    /// Returns the export as JSON.
    ///
    /// # Panics
    ///
    /// Never: the values can be represented in JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        let skipped = |skipped: &SkippedJob| SkippedForm {
            job_store: skipped.job.job_store.to_string(),
            id: skipped.job.job_id.to_string(),
            reason: skipped.reason.clone(),
        };
        let form = ExportForm {
            version: VERSION,
            jobs: self.jobs.iter().map(JobForm::of).collect(),
            skipped: self.skipped.iter().map(skipped).collect(),
        };
        serde_json::to_string_pretty(&form).expect("text, numbers and JSON")
    }

    /// Reads an export from JSON, which may come from an untrusted source. Names, times and numbers are checked here, and
    /// whether the scheduler can run the jobs by `import_jobs`.
    ///
    /// ```
    /// use punctual_core::error_chain;
    /// use punctual_scheduler::JobExport;
    ///
    /// let error = JobExport::from_json(r#"{"version": 1, "jobs": [{"job_store": "default", "id": "",
    ///     "next_run_time": null, "fire_count": 0, "definition": {}}]}"#).unwrap_err();
    /// assert!(error_chain(&error).to_string().starts_with("job 0 of the export can't be imported: id is \"\""));
    /// ```
    ///
    /// # Errors
    ///
    /// [`ImportError`] with the first job and field that are not valid.
    pub fn from_json(text: &str) -> Result<Self, ImportError> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let head: Head = serde_json::from_str(text)?;
        if head.version == 0 || head.version > VERSION {
            return Err(ImportError::Version { found: head.version, supported: VERSION });
        }
        let form: ExportForm = serde_json::from_str(text)?;
        let jobs = form.jobs.into_iter().enumerate().map(|(n, job)| job.check(n));
        let jobs: Vec<_> = jobs.collect::<Result<_, _>>()?;
        let skipped = form.skipped.into_iter().enumerate().map(|(n, skipped)| {
            let SkippedForm { job_store, id, reason } = skipped;
            let job = checked_ref(&format_args!("skipped job {n}"), &job_store, &id)?;
            Ok(SkippedJob { job, reason })
        });
        let skipped = skipped.collect::<Result<_, ImportError>>()?;
        Ok(Self { jobs, skipped })
    }

    /// Checks that no job occurs twice.
    pub(super) fn check_unique(&self) -> Result<(), ImportError> {
        let mut known = HashSet::new();
        for ExportedJob { job, .. } in &self.jobs {
            if !known.insert(job) {
                let (subject, id) = (JobSubject(&job.job_id), format!("{:?}", job.job_id));
                let reason = format!("another job of the store {:?} has this id", job.job_store);
                return Err(ImportError::invalid(subject, "id", id, reason));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for JobExport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<_> = self.jobs().map(|job| &job.job_id).collect();
        f.debug_struct("JobExport").field("jobs", &ids).field("skipped", &self.skipped).finish()
    }
}

/// A job in the text of an error.
pub(super) struct JobSubject<'a>(pub(super) &'a JobId);

impl fmt::Display for JobSubject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job {:?}", self.0)
    }
}

fn checked_ref(subject: &dyn fmt::Display, store: &str, id: &str) -> Result<JobRef, ImportError> {
    let invalid = |field, value: &str, error: punctual_core::NameError| {
        ImportError::invalid(subject, field, format_args!("{value:?}"), error)
    };
    let job_id = JobId::new(id).map_err(|error| invalid("id", id, error))?;
    let alias = Alias::new(store).map_err(|error| invalid("job_store", store, error))?;
    Ok(JobRef::new(alias, job_id))
}

impl JobForm {
    fn of(exported: &ExportedJob) -> Self {
        let ExportedJob { job, definition, schedule, fire_count } = exported;
        let (definition, definition_base64) = match json(definition) {
            Some(json) => (Some(json), None),
            None => (None, Some(BASE64.encode(definition.as_bytes()))),
        };
        let due_at = schedule.filter(|schedule| schedule.due_at != schedule.next_run_time);
        Self {
            job_store: job.job_store.to_string(),
            id: job.job_id.to_string(),
            next_run_time: schedule.map(|schedule| schedule.next_run_time.to_string()),
            due_at: due_at.map(|schedule| schedule.due_at.to_string()),
            fire_count: *fire_count,
            definition,
            definition_base64,
        }
    }

    /// Checks the job at this position.
    fn check(self, position: usize) -> Result<ExportedJob, ImportError> {
        let job = checked_ref(&format_args!("job {position}"), &self.job_store, &self.id)?;
        let subject = JobSubject(&job.job_id);
        let instant = |field, text: &str| {
            text.parse::<Timestamp>().map_err(|error| {
                ImportError::invalid(&subject, field, format_args!("{text:?}"), error)
            })
        };
        let next = self.next_run_time.as_deref().map(|at| instant("next_run_time", at));
        let due = self.due_at.as_deref().map(|at| instant("due_at", at)).transpose()?;
        let schedule = match (next.transpose()?, due) {
            (Some(next_run_time), due) => {
                Some(Schedule { next_run_time, due_at: due.unwrap_or(next_run_time) })
            }
            (None, None) => None,
            (None, Some(due)) => {
                let reason = "a job without a next_run_time is paused";
                return Err(ImportError::invalid(subject, "due_at", due, reason));
            }
        };
        if i64::try_from(self.fire_count).is_err() {
            let reason = "it must be at most 9223372036854775807";
            return Err(ImportError::invalid(subject, "fire_count", self.fire_count, reason));
        }
        let definition = match (self.definition, self.definition_base64) {
            (Some(json), None) => Encoded::from(json.get().as_bytes()),
            (None, Some(text)) => Encoded::from(BASE64.decode(&text).map_err(|error| {
                let value = format_args!("a text of {} bytes", text.len());
                ImportError::invalid(&subject, "definition_base64", value, error)
            })?),
            (json, _) => {
                let value = if json.is_some() { "given twice" } else { "missing" };
                let reason = "one of definition and definition_base64 is required";
                return Err(ImportError::invalid(subject, "definition", value, reason));
            }
        };
        Ok(ExportedJob { job, definition, schedule, fire_count: self.fire_count })
    }
}

/// The definition as JSON, if that is its codec.
fn json(definition: &Encoded) -> Option<Box<RawValue>> {
    let is_json = matches!(definition.codec(), Ok(Codec::Json));
    let text = std::str::from_utf8(definition.as_bytes()).ok().filter(|_| is_json)?;
    RawValue::from_string(text.to_owned()).ok()
}

impl Jobs {
    /// Exports the jobs that match a query.
    pub(crate) async fn export_jobs(&self, query: JobQuery) -> Result<JobExport, SchedulerError> {
        if self.pending.is_accepting() {
            return Err(SchedulerError::NotRunning);
        }
        let query = query.check()?;
        let mut export = JobExport { jobs: Vec::new(), skipped: Vec::new() };
        for (store, after) in self.stores_after(&query)? {
            self.export_store(&store, after, &query, &mut export).await?;
        }
        Ok(export)
    }

    async fn export_store(
        &self,
        store: &RegisteredStore,
        mut after: Option<JobCursor>,
        query: &CheckedQuery,
        export: &mut JobExport,
    ) -> Result<(), SchedulerError> {
        loop {
            let page = store.backend.list(after.as_ref(), PAGE_SIZE).await;
            let page = page.map_err(|error| store.error(error))?;
            store.report_corrupt(page.corrupt);
            for record in page.records {
                if export.jobs.len() + export.skipped.len() >= query.limit {
                    return Ok(());
                }
                if query.matches(&self.job(store, &record)) {
                    export.add(store, record);
                }
            }
            after = page.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}

impl JobExport {
    fn add(&mut self, store: &RegisteredStore, record: JobRecord) {
        let job = store.job_ref(&record.id);
        match not_exportable(&record) {
            Some(reason) => self.skipped.push(SkippedJob { job, reason }),
            None => self.jobs.push(ExportedJob {
                job,
                definition: record.definition.encoded().clone(),
                schedule: record.schedule,
                fire_count: record.fire_count,
            }),
        }
    }
}

/// Why a job can't be exported.
fn not_exportable(record: &JobRecord) -> Option<String> {
    if record.task.is_closure() {
        return Some("it is a closure, which exists only in its process; use a #[task]".to_owned());
    }
    if record.finished {
        return Some(
            "it has no further fire time, and is removed when its last run ends".to_owned(),
        );
    }
    let decoded = JobDefinition::decode(record.definition.as_bytes());
    decoded.err().map(|error| error_chain(&error).to_string())
}
