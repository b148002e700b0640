//! Pages of jobs.

use super::{CorruptRecord, JobRecord};
use crate::job::JobId;
use crate::time::Timestamp;

/// The position after the last job of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCursor {
    /// The next run time of the last job.
    pub next_run_time: Option<Timestamp>,
    /// The id of the last job.
    pub id: JobId,
}

impl JobCursor {
    /// Returns the position of a record in the list. Cursors sort like the list.
    #[must_use]
    pub fn of(record: &JobRecord) -> Self {
        Self { next_run_time: record.next_run_time(), id: record.id.clone() }
    }

    fn key(&self) -> (bool, Option<Timestamp>, &JobId) {
        (self.next_run_time.is_none(), self.next_run_time, &self.id)
    }
}

impl Ord for JobCursor {
    /// Orders by next run time in ascending order, jobs without one last, then by id.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for JobCursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A page of the jobs of one store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobRecordPage {
    /// The jobs, in order.
    pub records: Vec<JobRecord>,
    /// The cursor of the next page; `None` if this is the last page.
    pub next: Option<JobCursor>,
    /// Jobs within the page that can't be decoded.
    pub corrupt: Vec<CorruptRecord>,
}

impl JobRecordPage {
    /// Creates a page without corrupt jobs.
    #[must_use]
    pub fn new(records: Vec<JobRecord>, next: Option<JobCursor>) -> Self {
        Self { records, next, corrupt: Vec::new() }
    }
}
