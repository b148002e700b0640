//! The runs that have ended.

use punctual_core::{
    HistoryEntry, HistoryPage, HistoryQuery, JobId, NodeId, OutcomeKind, StoreError,
    StoreErrorKind, TaskName, Timestamp,
};

use crate::batch::json;
use crate::client::Columns;
use crate::client::Value::{Int, MaybeText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::error::corrupt;
use crate::rows;

/// The statements about the table `{p}history`; one of each per dialect that has it. Its key is `finished`,
/// `run_id` and `attempt`.
pub(crate) struct HistoryStatements {
    /// Limit, the first and the last instant of the end, end and run and attempt of the entry before (far
    /// in the future if there is none), outcomes as a JSON array or null for all. Answers the columns that
    /// [`entry`] reads, newest first.
    pub(crate) read: &'static str,
    /// The same, and the job.
    pub(crate) read_of_job: &'static str,
    /// An instant, limit: deletes the oldest that ended before it.
    pub(crate) forget_before: &'static str,
    /// Jobs as a JSON array, how many entries of each stay, limit.
    pub(crate) forget_beyond: &'static str,
}

/// What entries are in JSON: end, run, attempt, job, task, node, scheduled time, begin, outcome, error.
type Row<'a> =
    (i64, String, u32, &'a str, &'a str, &'a str, i64, Option<i64>, &'static str, Option<&'a str>);

/// Entries as rows for a statement that writes them.
pub(crate) fn entry_rows(entries: &[HistoryEntry]) -> Vec<Row<'_>> {
    entries.iter().map(entry_row).collect()
}

fn entry_row(entry: &HistoryEntry) -> Row<'_> {
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
    fn statements() -> Result<&'static HistoryStatements, StoreError> {
        D::HISTORY.ok_or_else(|| {
            StoreError::new(StoreErrorKind::Unsupported, "this store keeps no history of runs")
        })
    }

    pub(crate) async fn history(&self, query: &HistoryQuery) -> Result<HistoryPage, StoreError> {
        let statements = Self::statements()?;
        if query.limit == 0 {
            return Ok(HistoryPage::default());
        }
        let before = query.until.map(|until| until.as_micros() - 1);
        let after = query.after.map(|after| after.finished.as_micros());
        let last = before.into_iter().chain(after).min().unwrap_or(i64::MAX);
        let run = query.after.map(|after| after.run_id.to_string()).unwrap_or_default();
        let outcomes: Vec<_> = query.outcomes.iter().map(|outcome| outcome.name()).collect();
        let outcomes = (!outcomes.is_empty()).then(|| json(&outcomes)).transpose()?;
        let mut values = vec![
            // One more than asked for tells whether there is another page.
            rows::limit(query.limit.saturating_add(1)),
            Int(query.since.map_or(i64::MIN, Timestamp::as_micros)),
            Int(last),
            Int(after.unwrap_or(i64::MAX)),
            Text(&run),
            Int(query.after.map_or(0, |after| after.attempt.into())),
            MaybeText(outcomes.as_deref()),
        ];
        values.extend(query.job.as_ref().map(|job| Text(job.as_str())));
        let read = if query.job.is_some() { statements.read_of_job } else { statements.read };
        let found = self.ask(read, &values).await?;
        let entries = found.iter().map(entry).collect::<Result<_, _>>()?;
        Ok(HistoryPage::of(entries, query.limit))
    }

    pub(crate) async fn forget_before(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let values = [Int(before.as_micros()), rows::limit(limit)];
        self.change(Self::statements()?.forget_before, &values).await
    }

    pub(crate) async fn forget_beyond(
        &self,
        jobs: &[JobId],
        keep: usize,
        limit: usize,
    ) -> Result<u64, StoreError> {
        let jobs = json(&jobs.iter().map(JobId::as_str).collect::<Vec<_>>())?;
        let values = [Text(&jobs), rows::limit(keep), rows::limit(limit)];
        self.change(Self::statements()?.forget_beyond, &values).await
    }
}

/// Run, attempt, job, task, node, scheduled time, begin, end, outcome, error.
fn entry(row: &impl Columns) -> Result<HistoryEntry, StoreError> {
    let outcome = row.text(8)?;
    let outcome = OutcomeKind::from_name(outcome).ok_or_else(|| {
        let text = format!("the database holds a run of the unknown outcome {outcome:?}");
        StoreError::new(StoreErrorKind::Corrupt, text)
    })?;
    Ok(HistoryEntry {
        run_id: rows::run_id(row, 0)?,
        attempt: rows::small(row, 1)?,
        job_id: JobId::new(row.text(2)?).map_err(corrupt)?,
        task: TaskName::new(row.text(3)?).map_err(corrupt)?,
        node: NodeId::new(row.text(4)?).map_err(corrupt)?,
        scheduled_time: Timestamp::from_micros(row.int(5)?),
        started: row.maybe_int(6)?.map(Timestamp::from_micros),
        finished: Timestamp::from_micros(row.int(7)?),
        outcome,
        error: row.maybe_text(9)?.map(Into::into),
    })
}
