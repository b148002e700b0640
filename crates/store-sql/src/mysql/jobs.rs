//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{
    AddOutcome, BatchLimit, Fence, NewRecord, Revision, StoreError, StoreErrorKind, Timestamp,
};
use sqlx::MySqlConnection;

use super::database::{MySql, STATEMENT_OVERHEAD};
use super::error::store_error;
use super::script::{Script, StatementResult};
use super::sql;
use crate::batch::{json, parts};
use crate::client::SqlRow;
use crate::client::Value::{Bytes, Int, NullableInt, Text};
use crate::dialect::AddJobs;

/// The limit of one statement that adds jobs: their number, and the approximate size of their definitions.
const STATEMENT_LIMIT: BatchLimit = BatchLimit { count: 500, bytes: 128 * 1024 };

/// Jobs with their first fences. The fences are random and identify the jobs that were added: a job with another fence
/// existed before.
type Additions<'a> = Vec<(&'a NewRecord, Fence)>;

impl AddJobs<MySqlConnection> for MySql {
    /// Adds several jobs per statement.
    async fn add(
        &self,
        connection: &mut MySqlConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let new = self.additions(records)?;
        let sorted = sorted(&new);
        let mut parts = statements(&sorted).peekable();
        let mut found = HashSet::new();
        // Large batches are split into several scripts: writing one could take so long on a busy machine that the
        // server aborts the transaction as idle.
        while parts.peek().is_some() {
            let mut script = Script::new(&self.tables);
            let mut fences = Vec::new();
            while !script.is_long()
                && let Some(part) = parts.next()
            {
                fences.push(push(&mut script, part)?);
            }
            let results = script.run(connection).await.map_err(store_error)?;
            for index in fences {
                found.extend(found_fences(&results[index])?);
            }
        }
        Ok(outcomes(&new, &found))
    }

    async fn add_at_once(
        &self,
        records: &[NewRecord],
    ) -> Result<Option<Vec<AddOutcome>>, StoreError> {
        let new = self.additions(records)?;
        let sorted = sorted(&new);
        let mut parts = statements(&sorted);
        let (Some(part), None) = (parts.next(), parts.next()) else { return Ok(None) };
        let mut script = self.script();
        let index = push(&mut script, part)?;
        let results = self.run(script).await?;
        Ok(Some(outcomes(&new, &found_fences(&results[index])?)))
    }
}

impl MySql {
    fn additions<'a>(&self, records: &'a [NewRecord]) -> Result<Additions<'a>, StoreError> {
        let addition = |record| self.check_size(record).map(|()| (record, Fence::random()));
        records.iter().map(addition).collect()
    }

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

/// In the order of the ids, so that concurrent additions of the same jobs can't deadlock.
fn sorted<'a>(new: &Additions<'a>) -> Additions<'a> {
    let mut sorted = new.clone();
    sorted.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
    sorted
}

/// Splits jobs into those of each statement.
fn statements<'a, 'r>(
    sorted: &'a [(&'r NewRecord, Fence)],
) -> impl Iterator<Item = &'a [(&'r NewRecord, Fence)]> {
    parts(sorted, STATEMENT_LIMIT, |(record, _)| record.definition.as_bytes().len())
}

/// Adds the statement for these jobs, and one that returns their fences, whose index is returned.
fn push(script: &mut Script<'_>, part: &[(&NewRecord, Fence)]) -> Result<usize, StoreError> {
    script.push_list(sql::ADD, part.iter().map(|(record, fence)| row(record, *fence)));
    let ids: Vec<_> = part.iter().map(|(record, _)| record.id.as_str()).collect();
    Ok(script.push(sql::FENCES, &[Text(&json(&ids)?)]))
}

fn found_fences(result: &StatementResult) -> Result<HashSet<i64>, StoreError> {
    result.rows.iter().map(|row| row.int(0)).collect()
}

fn outcomes(new: &Additions<'_>, found: &HashSet<i64>) -> Vec<AddOutcome> {
    let outcome = |(_, fence): &(&NewRecord, Fence)| match found.contains(&fence.0) {
        true => AddOutcome::Added,
        false => AddOutcome::Exists,
    };
    new.iter().map(outcome).collect()
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
