//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{
    AddOutcome, BatchLimit, Fence, NewRecord, Revision, StoreError, StoreErrorKind, Timestamp,
};
use sqlx::MySqlConnection;

use super::database::{MySql, STATEMENT_OVERHEAD};
use super::error::store_error;
use super::script::Script;
use super::sql;
use crate::batch::{json, parts};
use crate::client::SqlRow;
use crate::client::Value::{Bytes, Int, NullableInt, Text};
use crate::dialect::AddJobs;

/// The limit of one statement that adds jobs: their number, and the approximate size of their definitions.
const STATEMENT_LIMIT: BatchLimit = BatchLimit { count: 500, bytes: 128 * 1024 };

impl AddJobs<MySqlConnection> for MySql {
    /// Adds several jobs per statement. The first fences are random and identify the jobs that were added: a job with
    /// another fence existed before.
    async fn add(
        &self,
        connection: &mut MySqlConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let mut new: Vec<(&NewRecord, Fence)> = Vec::with_capacity(records.len());
        for record in records {
            self.check_size(record)?;
            new.push((record, Fence::random()));
        }
        let mut sorted = new.clone();
        sorted.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let size = |(record, _): &(&NewRecord, Fence)| record.definition.as_bytes().len();
        let mut parts = parts(&sorted, STATEMENT_LIMIT, size).peekable();
        let mut found = HashSet::new();
        // Large batches are split into several scripts: writing one could take so long on a busy machine that the
        // server aborts the transaction as idle.
        while parts.peek().is_some() {
            let mut script = Script::new(&self.tables);
            let mut fences = Vec::new();
            while !script.is_long()
                && let Some(part) = parts.next()
            {
                script.push_list(sql::ADD, part.iter().map(|(record, fence)| row(record, *fence)));
                let ids: Vec<_> = part.iter().map(|(record, _)| record.id.as_str()).collect();
                fences.push(script.push(sql::FENCES, &[Text(&json(&ids)?)]));
            }
            let results = script.run(connection).await.map_err(store_error)?;
            for row in fences.into_iter().flat_map(|index| &results[index].rows) {
                found.insert(row.int(0)?);
            }
        }
        let outcome = |(_, fence): &(&NewRecord, Fence)| match found.contains(&fence.0) {
            true => AddOutcome::Added,
            false => AddOutcome::Exists,
        };
        Ok(new.iter().map(outcome).collect())
    }
}

impl MySql {
    fn check_size(&self, record: &NewRecord) -> Result<(), StoreError> {
        let size = record.definition.as_bytes().len();
        // Each byte is sent as two hexadecimal digits.
        if 2 * size + STATEMENT_OVERHEAD <= self.max_packet {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Invalid,
            format!(
                "the definition of job {:?} has {size} bytes; the database's max_allowed_packet of \
                 {} allows {}",
                record.id.as_str(),
                self.max_packet,
                self.max_packet.saturating_sub(STATEMENT_OVERHEAD) / 2,
            ),
        ))
    }
}

fn row<'r>(record: &'r NewRecord, fence: Fence) -> [crate::client::Value<'r>; 7] {
    let schedule = record.schedule;
    let micros = |time: Timestamp| time.as_micros();
    [
        Text(record.id.as_str()),
        Text(record.task.as_str()),
        Int(Revision::FIRST.0),
        Int(fence.0),
        NullableInt(schedule.map(|schedule| micros(schedule.next_run_time))),
        NullableInt(schedule.map(|schedule| micros(schedule.due_at))),
        Bytes(record.definition.as_bytes()),
    ]
}
