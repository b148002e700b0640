//! The finished runs.

use punctual_core::{
    HistoryRecord, HistoryRecordPage, HistoryRecordQuery, JobId, StoreError, Timestamp,
};
use punctual_store_kit::{PageReader, history_range};

use crate::batch::json;
use crate::client::Value::{Int, NullableText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::rows;

/// An entry in JSON: finish time, run, attempt, job, task, node, scheduled time, start time, outcome, error.
type Row<'a> =
    (i64, String, u32, &'a str, &'a str, &'a str, i64, Option<i64>, &'static str, Option<&'a str>);

/// Converts entries to rows for a statement that inserts them.
pub(crate) fn entry_rows(entries: &[HistoryRecord]) -> Vec<Row<'_>> {
    entries.iter().map(entry_row).collect()
}

fn entry_row(entry: &HistoryRecord) -> Row<'_> {
    (
        entry.finished.as_micros(),
        entry.run_id.to_string(),
        entry.attempt,
        entry.job_id.as_str(),
        entry.task.as_str(),
        entry.node.as_str(),
        entry.scheduled_time.as_micros(),
        entry.started.map(Timestamp::as_micros),
        entry.outcome.name(),
        entry.error.as_deref(),
    )
}

impl<D: Dialect> Database<D> {
    pub(crate) async fn read_history(
        &self,
        query: &HistoryRecordQuery,
    ) -> Result<HistoryRecordPage, StoreError> {
        let range = history_range(query);
        let outcomes: Vec<_> = query.outcomes.iter().map(|outcome| outcome.name()).collect();
        let outcomes = (!outcomes.is_empty()).then(|| json(&outcomes)).transpose()?;
        let read = match query.job {
            None => D::HISTORY.read,
            Some(_) => D::HISTORY.read_for_job,
        };
        let after = query.after.map_or((i64::MAX, String::new(), 0), |after| {
            (after.finished().as_micros(), after.run_id().to_string(), after.attempt().into())
        });
        let mut page = PageReader::new(query.limit);
        while let Some(wanted) = page.wanted() {
            let (finished, run, attempt) = page.after().unwrap_or(&after);
            let mut values = vec![
                rows::limit(wanted),
                Int(range.start().as_micros()),
                Int(range.end().as_micros().min(*finished)),
                Int(*finished),
                Text(run),
                Int(*attempt),
                NullableText(outcomes.as_deref()),
            ];
            values.extend(query.job.as_ref().map(|job| Text(job.as_str())));
            let found = self.query(read, &values).await?;
            page.push(found.iter().map(rows::entry).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(page.into_page())
    }

    pub(crate) async fn delete_history_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let values = [Int(before.as_micros()), rows::limit(limit)];
        self.execute_in_transaction(D::HISTORY.forget_before, &values).await
    }

    pub(crate) async fn trim_history(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let jobs = json(&jobs.iter().map(JobId::as_str).collect::<Vec<_>>())?;
        let values = [Text(&jobs), rows::limit(keep), rows::limit(limit)];
        self.execute_in_transaction(D::HISTORY.forget_beyond, &values).await
    }
}
