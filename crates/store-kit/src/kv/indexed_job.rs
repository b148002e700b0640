//! What an index of the jobs contains about each of them.

use std::collections::BTreeSet;

use punctual_core::{Claim, InFlightRun, JobRecord, NodeId, StoredJob, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

/// What an index of the jobs of a [`KvStore`](super::KvStore) contains about one of them, and what determines whether other
/// schedulers are notified of a change.
///
/// ```
/// use punctual_core::{Fence, JobId, NewRecord, Schedule, StoredDefinition, StoredJob, TaskName, Timestamp};
/// use punctual_store_kit::kv::IndexedJob;
///
/// let record = NewRecord {
///     id: JobId::new("mail")?,
///     task: TaskName::new("send_mail")?,
///     definition: StoredDefinition::from(&b"{}"[..]),
///     schedule: Some(Schedule::at(Timestamp::from_seconds(60))),
/// };
/// let indexed = IndexedJob::of(&StoredJob::new(record, Fence::random()));
/// assert_eq!(indexed.task.as_deref(), Some("send_mail"));
/// assert_eq!(indexed.times, Some((Timestamp::from_seconds(60), Timestamp::from_seconds(60))));
/// assert!(indexed.is_told_after(None));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IndexedJob {
    /// The task; `None` if the job is corrupt.
    pub task: Option<String>,
    /// When it is due, and when it can be claimed, which is later if it is claimed.
    pub times: Option<(Timestamp, Timestamp)>,
    /// The owner of the claim.
    pub claimed_by: Option<NodeId>,
    /// The owners of the runs.
    pub owners: BTreeSet<NodeId>,
    /// Whether all of the job could be read, so that the index contains nothing else of it.
    pub is_exact: bool,
    revision: Option<i64>,
}

/// The header of a job.
#[derive(Deserialize)]
struct Header {
    record: JobRecord,
    claim: Option<Claim>,
    runs: Vec<Box<RawValue>>,
}

impl IndexedJob {
    /// The job that is stored by a swap.
    #[must_use]
    pub fn of(job: &StoredJob) -> Self {
        let record = &job.record;
        Self {
            task: Some(record.task.as_str().to_owned()),
            times: record.schedule.map(|schedule| schedule.due_at).zip(job.claimable_at()),
            claimed_by: job.claim.as_ref().map(|claim| claim.node.clone()),
            owners: job.runs.iter().map(|run| run.node.clone()).collect(),
            is_exact: true,
            revision: Some(record.revision.0),
        }
    }

    /// The job with this header. If it is corrupt, nothing is known about it.
    #[must_use]
    pub fn read(header: &[u8]) -> Self {
        let Ok(Header { record, claim, runs }) = serde_json::from_slice(header) else {
            return Self::default();
        };
        let count = runs.len();
        let runs: Vec<InFlightRun> =
            runs.iter().filter_map(|run| serde_json::from_str(run.get()).ok()).collect();
        let is_exact = runs.len() == count;
        let job = StoredJob { record, claim, last_unsettled_fence: Default::default(), runs };
        Self { is_exact, ..Self::of(&job) }
    }

    /// Whether other schedulers are notified of a change to this state: of new jobs, of changes by users, and if the job is
    /// due earlier, or at the same time but no longer claimed. The run of a job makes it due later.
    #[must_use]
    pub fn is_told_after(&self, before: Option<&Self>) -> bool {
        let Some(before) = before else { return true };
        let is_earlier = match (self.times, before.times) {
            (Some(times), Some(before)) => times < before,
            (times, _) => times.is_some(),
        };
        is_earlier || self.revision != before.revision
    }
}

/// The position of a job in the order of [`JobStore::list`](punctual_core::JobStore::list).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ListPosition {
    next: Timestamp,
    is_never: bool,
    id: String,
}

impl ListPosition {
    /// The position of the job with this id and header; `None` if it is corrupt.
    #[must_use]
    pub fn read(id: &str, header: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Header {
            record: Record,
        }
        #[derive(Deserialize)]
        struct Record {
            schedule: Option<Schedule>,
        }
        #[derive(Deserialize)]
        struct Schedule {
            next_run_time: Timestamp,
        }
        let Header { record } = serde_json::from_slice(header).ok()?;
        Some(Self::new(record.schedule.map(|schedule| schedule.next_run_time), id))
    }

    /// That of a cursor.
    #[must_use]
    pub fn of(cursor: &punctual_core::JobCursor) -> Self {
        Self::new(cursor.next_run_time, cursor.id.as_str())
    }

    /// The id of the job.
    #[must_use]
    pub fn into_id(self) -> String {
        self.id
    }

    fn new(next: Option<Timestamp>, id: &str) -> Self {
        Self { next: next.unwrap_or(Timestamp::MAX), is_never: next.is_none(), id: id.to_owned() }
    }
}
