//! Listing in pages.

use super::{CorruptRecord, JobRecord};
use crate::job::JobId;
use crate::time::Timestamp;

/// Where a page ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobCursor {
    /// The last job's next run time.
    pub next_run_time: Option<Timestamp>,
    /// The last job's id.
    pub id: JobId,
}

impl JobCursor {
    /// The place of a record in the list; sorts as the list does.
    #[must_use]
    pub fn of(record: &JobRecord) -> Self {
        Self { next_run_time: record.next_run_time(), id: record.id.clone() }
    }

    fn key(&self) -> (bool, Option<Timestamp>, &JobId) {
        (self.next_run_time.is_none(), self.next_run_time, &self.id)
    }
}

impl Ord for JobCursor {
    /// Soonest first, those without a time last, ties by id.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for JobCursor {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Some jobs, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct JobPage {
    /// The jobs, in order.
    pub records: Vec<JobRecord>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<JobCursor>,
    /// Jobs that stand here and can't be read.
    pub corrupt: Vec<CorruptRecord>,
}

impl JobPage {
    /// A page of which all can be read.
    #[must_use]
    pub fn new(records: Vec<JobRecord>, next: Option<JobCursor>) -> Self {
        Self { records, next, corrupt: Vec::new() }
    }
}
