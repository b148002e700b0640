//! Conversion of rows to the types of the contract. An invalid row becomes a `CorruptRecord` and affects no other row.

use std::fmt::Display;
use std::ops::RangeInclusive;

use punctual_core::{
    Claim, Claims, CorruptKind, CorruptRecord, Fence, HistoryRecord, InFlightRun, JobId, JobRecord,
    NodeId, OutcomeKind, Revision, RunId, Schedule, StoreError, StoreErrorKind, StoredDefinition,
    StoredJob, TaskName, Timestamp, error_chain,
};
use punctual_store_kit::check_metadata_key;
use serde_json::json;

use crate::client::{SqlRow, Value};

/// The number of columns that [`record`] reads.
pub(crate) const RECORD_COLUMNS: usize = 11;

/// The index of the first run column in the rows that [`stored`] reads.
const STORED_RUN: usize = RECORD_COLUMNS + 4;

/// A field, or the reason why it is invalid.
type Field<T> = Result<T, String>;

/// Reads the record in the first columns of a row.
pub(crate) fn record(row: &impl SqlRow) -> Result<JobRecord, CorruptRecord> {
    fields_of_record(row)
        .map_err(|reason| CorruptRecord::new(CorruptKind::Job, row.lossy_text(0), reason))
}

/// Reads the records of claimed jobs, earliest first.
pub(crate) fn claims<'r, R: SqlRow>(rows: impl IntoIterator<Item = &'r R>, more: bool) -> Claims {
    let mut claims = Claims::new(Vec::new(), more);
    for row in rows {
        match record(row) {
            Ok(record) => claims.records.push(record),
            Err(corrupt) => claims.corrupt.push(corrupt),
        }
    }
    claims.records.sort_by_key(|record| record.schedule.map(|schedule| schedule.due_at));
    claims
}

fn fields_of_record(row: &impl SqlRow) -> Field<JobRecord> {
    Ok(JobRecord {
        id: name(row, 0, JobId::new)?,
        task: name(row, 1, TaskName::new)?,
        definition: StoredDefinition::from(
            row.bytes(2).map_err(|_| "definition is missing".to_owned())?,
        ),
        revision: Revision(number(row, 3, "revision", 0..=Revision::MAX.0)?),
        fence: fence(row, 4, "fence")?,
        schedule: schedule(row)?,
        fire_count: number(row, 7, "fire_count", 0..=i64::MAX)?.unsigned_abs(),
        finished: row.bool(8).map_err(|error| unreadable("finished", &error))?,
        claims: u32_field(row, 9, "claims")?,
        in_flight: u32_field(row, 10, "in_flight")?,
    })
}

fn schedule(row: &impl SqlRow) -> Field<Option<Schedule>> {
    match (instant(row, 5, "next_run_time")?, instant(row, 6, "due_at")?) {
        (None, None) => Ok(None),
        (Some(next_run_time), Some(due_at)) => Ok(Some(Schedule { next_run_time, due_at })),
        (next, due) => {
            Err(format!("next_run_time is {next:?} and due_at is {due:?}: one is missing"))
        }
    }
}

/// Reads the job in the rows of the statement [`get`](crate::sql::Statements::get): one row with the record and its
/// claim, and one for each run.
pub(crate) fn stored(rows: &[impl SqlRow]) -> Result<Option<StoredJob>, CorruptRecord> {
    let Some(own) = rows.iter().find(|row| row.is_some(0)) else { return Ok(None) };
    let record = record(own)?;
    let (claim, lost) = fields_of_claim(own)
        .map_err(|reason| CorruptRecord::new(CorruptKind::Job, record.id.as_str(), reason))?;
    let runs = rows.iter().filter(|row| row.is_some(STORED_RUN));
    let mut runs: Vec<_> =
        runs.map(|row| run(row, record.id.as_str(), STORED_RUN)).collect::<Result<_, _>>()?;
    runs.sort_unstable_by_key(|run| run.run_id);
    Ok(Some(StoredJob { record, claim, last_unsettled_fence: lost, runs }))
}

/// Reads the claim, and the highest fence of a claim that ended without being settled.
fn fields_of_claim(row: &impl SqlRow) -> Field<(Option<Claim>, Fence)> {
    let [lost, is_claimed, node, until] = [0, 1, 2, 3].map(|column| RECORD_COLUMNS + column);
    let claim = match row.bool(is_claimed).map_err(|error| unreadable("claimed", &error))? {
        false => None,
        true => Some(Claim {
            node: name(row, node, NodeId::new)?,
            until: time(row, until, "claimed_until")?,
        }),
    };
    Ok((claim, fence(row, lost, "lost_fence")?))
}

/// Reads the run of this job in five columns of a row.
pub(crate) fn run(
    row: &impl SqlRow,
    job: &str,
    first: usize,
) -> Result<InFlightRun, CorruptRecord> {
    let fields = || {
        Ok(InFlightRun {
            run_id: run_id(row, first)?,
            scheduled_time: time(row, first + 1, "scheduled_time")?,
            attempt: u32_field(row, first + 2, "attempt")?,
            node: name(row, first + 3, NodeId::new)?,
            fence: fence(row, first + 4, "fence")?,
        })
    };
    fields().map_err(|reason: String| {
        let key = json!([job, row.lossy_text(first)]).to_string();
        CorruptRecord::new(CorruptKind::Run, key, reason)
    })
}

/// A history entry, from the columns run, attempt, job, task, node, scheduled time, start time, finish time, outcome,
/// error. The first element is its stored key: finish time, run, attempt.
pub(crate) type EntryRow = ((i64, String, i64), Result<HistoryRecord, CorruptRecord>);

pub(crate) fn entry(row: &impl SqlRow) -> Result<EntryRow, StoreError> {
    let key = (row.int(7)?, row.lossy_text(0), row.int(1)?);
    let entry = fields_of_entry(row)
        .map_err(|reason| CorruptRecord::new(CorruptKind::History, json!(key).to_string(), reason));
    Ok((key, entry))
}

fn fields_of_entry(row: &impl SqlRow) -> Field<HistoryRecord> {
    let outcome = text(row, 8, "outcome")?;
    Ok(HistoryRecord {
        run_id: run_id(row, 0)?,
        attempt: u32_field(row, 1, "attempt")?,
        job_id: name(row, 2, JobId::new)?,
        task: name(row, 3, TaskName::new)?,
        node: name(row, 4, NodeId::new)?,
        scheduled_time: time(row, 5, "scheduled_time")?,
        started: instant(row, 6, "started")?,
        finished: time(row, 7, "finished")?,
        outcome: OutcomeKind::from_name(outcome)
            .ok_or_else(|| format!("outcome {outcome:?} is unknown"))?,
        error: match row.is_some(9) {
            true => Some(text(row, 9, "error")?.into()),
            false => None,
        },
    })
}

/// Reads a key and its value in the first two columns of a row.
pub(crate) fn metadata(row: &impl SqlRow) -> Result<(String, String), CorruptRecord> {
    let fields = || {
        let key = text(row, 0, "key")?;
        check_metadata_key(key)?;
        Ok((key.to_owned(), text(row, 1, "value")?.to_owned()))
    };
    fields().map_err(|reason: String| {
        CorruptRecord::new(CorruptKind::Metadata, row.lossy_text(0), reason)
    })
}

fn text<'r>(row: &'r impl SqlRow, column: usize, field: &str) -> Field<&'r str> {
    row.text(column).map_err(|_| format!("{field} is not text: {:?}", row.lossy_text(column)))
}

/// Reads a name. The error of `new` contains the purpose of the name and its value.
fn name<'r, T, E: Display>(
    row: &'r impl SqlRow,
    column: usize,
    new: impl FnOnce(&'r str) -> Result<T, E>,
) -> Field<T> {
    new(text(row, column, "a name")?).map_err(|error| error.to_string())
}

fn run_id(row: &impl SqlRow, column: usize) -> Field<RunId> {
    let text = text(row, column, "run_id")?;
    text.parse().map_err(|error| format!("run_id is {text:?}: {error}"))
}

fn number(row: &impl SqlRow, column: usize, field: &str, range: RangeInclusive<i64>) -> Field<i64> {
    let number = row.int(column).map_err(|error| unreadable(field, &error))?;
    match range.contains(&number) {
        true => Ok(number),
        false => Err(format!("{field} is {number}, which is outside of {range:?}")),
    }
}

fn unreadable(field: &str, error: &StoreError) -> String {
    format!("{field}: {}", error_chain(error))
}

fn u32_field(row: &impl SqlRow, column: usize, field: &str) -> Field<u32> {
    let number = number(row, column, field, 0..=u32::MAX.into())?;
    u32::try_from(number).map_err(|error| error.to_string())
}

fn fence(row: &impl SqlRow, column: usize, field: &str) -> Field<Fence> {
    number(row, column, field, 0..=Fence::MAX.0).map(Fence)
}

fn time(row: &impl SqlRow, column: usize, field: &str) -> Field<Timestamp> {
    let range = Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros();
    number(row, column, field, range).map(Timestamp::from_micros)
}

fn instant(row: &impl SqlRow, column: usize, field: &str) -> Field<Option<Timestamp>> {
    row.is_some(column).then(|| time(row, column, field)).transpose()
}

/// The error of a call that concerns only this record.
pub(crate) fn corrupt(record: CorruptRecord) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, record.to_string())
}

/// Converts a limit to a signed integer, because the databases have no unsigned ones.
pub(crate) fn limit(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
