//! Rows as the contract's types.

use punctual_core::{
    Encoded, Fence, InFlightRun, JobId, JobRecord, NodeId, Revision, RunId, Schedule, StoreError,
    StoreErrorKind, TaskName, Timestamp,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Row, Sqlite, Type};

use super::error::store_error;
use crate::error::corrupt;

/// The number of columns that [`record`] reads.
pub(super) const RECORD_COLUMNS: usize = 10;

/// The record in the first columns of a row.
pub(super) fn record(row: &SqliteRow) -> Result<JobRecord, StoreError> {
    let next_run_time: Option<i64> = get(row, 5)?;
    let due_at: Option<i64> = get(row, 6)?;
    Ok(JobRecord {
        id: JobId::new(get::<&str>(row, 0)?).map_err(corrupt)?,
        task: TaskName::new(get::<&str>(row, 1)?).map_err(corrupt)?,
        definition: Encoded::from(get::<&[u8]>(row, 2)?),
        revision: Revision(get(row, 3)?),
        fence: Fence(get(row, 4)?),
        schedule: next_run_time.zip(due_at).map(|(next_run_time, due_at)| Schedule {
            next_run_time: Timestamp::from_micros(next_run_time),
            due_at: Timestamp::from_micros(due_at),
        }),
        fire_count: get::<i64>(row, 7)? as u64,
        finished: get(row, 8)?,
        in_flight: get(row, 9)?,
    })
}

/// The run in five columns of a row.
pub(super) fn run(row: &SqliteRow, first: usize) -> Result<InFlightRun, StoreError> {
    let run_id = get::<&str>(row, first)?.parse::<RunId>().map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database holds an invalid run id")
            .with_source(error)
    })?;
    Ok(InFlightRun {
        run_id,
        scheduled_time: Timestamp::from_micros(get(row, first + 1)?),
        attempt: get(row, first + 2)?,
        node: NodeId::new(get::<&str>(row, first + 3)?).map_err(corrupt)?,
        fence: Fence(get(row, first + 4)?),
    })
}

pub(super) fn get<'r, T>(row: &'r SqliteRow, column: usize) -> Result<T, StoreError>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).map_err(store_error)
}

/// SQLite's integers have a sign.
pub(super) fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
