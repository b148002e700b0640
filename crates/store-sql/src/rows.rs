//! Rows as the contract's types.

use punctual_core::{
    Encoded, Fence, InFlightRun, JobId, JobRecord, NodeId, Revision, RunId, Schedule, StoreError,
    StoreErrorKind, TaskName, Timestamp,
};

use crate::client::{Columns, Value};
use crate::error::corrupt;

/// The number of columns that [`record`] reads.
pub(crate) const RECORD_COLUMNS: usize = 10;

/// The record in the first columns of a row.
pub(crate) fn record(row: &impl Columns) -> Result<JobRecord, StoreError> {
    let (next_run_time, due_at) = (row.maybe_int(5)?, row.maybe_int(6)?);
    Ok(JobRecord {
        id: JobId::new(row.text(0)?).map_err(corrupt)?,
        task: TaskName::new(row.text(1)?).map_err(corrupt)?,
        definition: Encoded::from(row.bytes(2)?),
        revision: Revision(row.int(3)?),
        fence: Fence(row.int(4)?),
        schedule: next_run_time.zip(due_at).map(|(next_run_time, due_at)| Schedule {
            next_run_time: Timestamp::from_micros(next_run_time),
            due_at: Timestamp::from_micros(due_at),
        }),
        fire_count: row.int(7)? as u64,
        finished: row.flag(8)?,
        in_flight: small(row, 9)?,
    })
}

/// The run in five columns of a row.
pub(crate) fn run(row: &impl Columns, first: usize) -> Result<InFlightRun, StoreError> {
    Ok(InFlightRun {
        run_id: run_id(row, first)?,
        scheduled_time: Timestamp::from_micros(row.int(first + 1)?),
        attempt: small(row, first + 2)?,
        node: NodeId::new(row.text(first + 3)?).map_err(corrupt)?,
        fence: Fence(row.int(first + 4)?),
    })
}

pub(crate) fn run_id(row: &impl Columns, column: usize) -> Result<RunId, StoreError> {
    row.text(column)?.parse().map_err(|error: std::num::ParseIntError| {
        StoreError::new(StoreErrorKind::Corrupt, "the database holds an invalid run id")
            .with_source(error)
    })
}

pub(crate) fn small(row: &impl Columns, column: usize) -> Result<u32, StoreError> {
    u32::try_from(row.int(column)?).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "the database holds an impossible number")
            .with_source(error)
    })
}

/// Databases' integers have a sign.
pub(crate) fn limit(limit: usize) -> Value<'static> {
    Value::Int(i64::try_from(limit).unwrap_or(i64::MAX))
}
