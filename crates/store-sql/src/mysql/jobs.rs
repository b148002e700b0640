//! Adding jobs.

use std::collections::HashSet;

use punctual_core::{
    AddOutcome, BatchLimit, Fence, NewRecord, Revision, StoreError, StoreErrorKind, Timestamp,
};
use sqlx::MySqlConnection;

use super::database::{AROUND, MySql};
use super::error::store_error;
use super::script::Script;
use super::sql;
use crate::batch::{json, parts};
use crate::client::Columns;
use crate::client::Value::{Bytes, Int, MaybeInt, Text};
use crate::dialect::Adding;

/// How many jobs a statement adds, and about how many bytes of definitions.
const PART: BatchLimit = BatchLimit { count: 500, bytes: 128 * 1024 };

impl Adding<MySqlConnection> for MySql {
    /// Many jobs in one statement. The first fences are drawn at random and so tell which of them it added:
    /// where there is another fence, there was a job before.
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
        let mut parts = parts(&sorted, PART, size).peekable();
        let mut found = HashSet::new();
        // Not all of a large batch at once: on a busy machine that could take so long to write that the server ends
        // the transaction, in which it hears nothing meanwhile.
        while parts.peek().is_some() {
            let mut script = Script::new(&self.tables);
            let mut asked = Vec::new();
            while !script.is_long()
                && let Some(part) = parts.next()
            {
                script.push_list(sql::ADD, part.iter().map(|(record, fence)| row(record, *fence)));
                let ids: Vec<_> = part.iter().map(|(record, _)| record.id.as_str()).collect();
                asked.push(script.push(sql::FENCES, &[Text(&json(&ids)?)]));
            }
            let answers = script.run(connection).await.map_err(store_error)?;
            for row in asked.into_iter().flat_map(|place| &answers[place].rows) {
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
        // Two digits for each byte.
        if 2 * size + AROUND <= self.max_packet {
            return Ok(());
        }
        Err(StoreError::new(
            StoreErrorKind::Invalid,
            format!(
                "the definition of job {:?} has {size} bytes; the database's max_allowed_packet of \
                 {} lets pass {}",
                record.id.as_str(),
                self.max_packet,
                self.max_packet.saturating_sub(AROUND) / 2,
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
        MaybeInt(schedule.map(|schedule| micros(schedule.next_run_time))),
        MaybeInt(schedule.map(|schedule| micros(schedule.due_at))),
        Bytes(record.definition.as_bytes()),
    ]
}
