//! The finished runs.

use std::borrow::Cow;

use punctual_core::{
    CorruptKind, CorruptRecord, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobId,
    NodeId, OutcomeKind, StoreError, StoreErrorKind, TaskName, Timestamp,
};
use punctual_store_kit::{PageReader, history_range};

use crate::client::Call;
use crate::database::{LIMIT, Redis};
use crate::layout::{self, SEPARATOR};
use crate::scripts;

/// An entry with its key.
type Row = (String, Result<HistoryRecord, CorruptRecord>);

/// The fields of an entry that are neither in its key nor the job: task, node, scheduled time, start time, outcome, error.
type Fields<'a> =
    (Cow<'a, str>, Cow<'a, str>, i64, Option<i64>, Cow<'a, str>, Option<Cow<'a, str>>);

/// Adds an entry to the arguments of a commit.
pub(crate) fn entry_args(call: Call, entry: &HistoryRecord) -> Result<Call, StoreError> {
    let fields: Fields<'_> = (
        entry.task.as_str().into(),
        entry.node.as_str().into(),
        entry.scheduled_time.as_micros(),
        entry.started.map(Timestamp::as_micros),
        entry.outcome.name().into(),
        entry.error.as_deref().map(Cow::from),
    );
    let json = serde_json::to_string(&fields).map_err(|error| {
        let message = "can't serialize a history entry as JSON";
        StoreError::new(StoreErrorKind::Other, message).with_source(error)
    })?;
    let (key, job) = (layout::history_key(entry.cursor()), &entry.job_id);
    Ok(call.arg(format!("{key}{job}{SEPARATOR}{json}")).arg(format!("{job}{SEPARATOR}{key}")))
}

impl Redis {
    pub(crate) async fn history_page(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let mut page = PageReader::new(query.limit);
        let range = history_range(query);
        let first = format!("[{}", layout::instant(*range.start()));
        // All keys with the last instant of the range sort before it with this letter.
        let last = match query.after {
            Some(after) if after.finished() <= *range.end() => layout::history_key(after),
            _ => layout::instant(*range.end()) + "g",
        };
        while let Some(wanted) = page.wanted() {
            let before = page.after().unwrap_or(&last).clone();
            page.push(self.history_rows(query, before, &first, wanted).await?);
        }
        Ok(page.into_page())
    }

    /// Reads up to `wanted` entries that match the query and precede a key; fewer if these are the last ones.
    async fn history_rows(
        &self,
        query: &HistoryRecordQuery,
        mut before: String,
        first: &str,
        wanted: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let job = query.job.as_ref().map(|job| format!("{job}{SEPARATOR}")).unwrap_or_default();
        let mut rows = Vec::new();
        while rows.len() < wanted {
            let call = self
                .call(&scripts::READ_HISTORY)
                .arg(if job.is_empty() { "0" } else { "1" })
                .arg(job.len())
                .arg(format!("({job}{before}"))
                .arg(format!("[{job}{}", &first[1..]))
                .arg(wanted.min(LIMIT.count));
            let mut reply = self.read(call).await?;
            for row in 0..reply.len() / 2 {
                before = String::from_utf8_lossy(&reply.bytes(2 * row)?).into_owned();
                // The index by job may refer to an entry that was edited.
                let Some(stored) = reply.take(2 * row + 1)? else { continue };
                let entry = entry(&before, &stored);
                if entry.as_ref().map_or(true, |entry| query.matches(entry)) {
                    rows.push((before.clone(), entry));
                }
            }
            if reply.len() % 2 != 0 {
                break;
            }
        }
        rows.truncate(wanted);
        Ok(rows)
    }

    pub(crate) async fn forget_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let call = || self.call(&scripts::FORGET_BEFORE).arg(layout::instant(before));
        self.forget(limit, |limit| call().arg(limit)).await
    }

    pub(crate) async fn forget_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for jobs in jobs.chunks(LIMIT.count) {
            let call = |limit: usize| {
                let call = self.call(&scripts::FORGET_BEYOND).arg(keep).arg(limit);
                call.args(jobs.iter().map(JobId::as_str))
            };
            let left = limit.saturating_sub(usize::try_from(deleted).unwrap_or(usize::MAX));
            deleted += self.forget(left, call).await?;
        }
        Ok(deleted)
    }

    /// Deletes up to `limit` entries by a script that deletes up to the given number.
    async fn forget(&self, limit: usize, call: impl Fn(usize) -> Call) -> Result<u64, StoreError> {
        let mut left = limit;
        while left > 0 {
            let part = left.min(LIMIT.count);
            let deleted: usize = self.write(call(part)).await?.number(0)?;
            left -= deleted.min(left);
            if deleted < part {
                break;
            }
        }
        Ok((limit - left) as u64)
    }
}

/// Reads an entry, which is preceded by the id of its job.
fn entry(key: &str, stored: &[u8]) -> Result<HistoryRecord, CorruptRecord> {
    parse_entry(key, stored).map_err(|reason| CorruptRecord::new(CorruptKind::History, key, reason))
}

fn parse_entry(key: &str, stored: &[u8]) -> Result<HistoryRecord, String> {
    let cursor = layout::parse_history_key(key)?;
    let stored = str::from_utf8(stored).map_err(|error| error.to_string())?;
    let (job, json) = stored.split_once(SEPARATOR).ok_or("job is missing")?;
    let (task, node, scheduled, started, outcome, error): Fields<'_> =
        serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(HistoryRecord {
        run_id: cursor.run_id(),
        attempt: cursor.attempt(),
        job_id: JobId::new(job).map_err(|error| error.to_string())?,
        task: TaskName::new(task).map_err(|error| error.to_string())?,
        node: NodeId::new(node).map_err(|error| error.to_string())?,
        scheduled_time: Timestamp::from_micros(scheduled),
        started: started.map(Timestamp::from_micros),
        finished: cursor.finished(),
        outcome: OutcomeKind::from_name(&outcome)
            .ok_or_else(|| format!("outcome {outcome:?} is unknown"))?,
        error: error.map(Cow::into_owned),
    })
}
