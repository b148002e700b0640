//! Adding jobs.

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::SqliteConnection;

use super::database::Sqlite;
use super::sql;
use crate::client::Client;
use crate::client::Value::{Bytes, Int, MaybeInt, Text};
use crate::dialect::Dialect;

impl Sqlite {
    /// One after the other: there is no way to the database that could be saved.
    pub(super) async fn add_each(
        &self,
        connection: &mut SqliteConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let (add, add_definition) = (self.sql(sql::ADD), self.sql(sql::ADD_DEFINITION));
        let mut outcomes = Vec::with_capacity(records.len());
        for new in records {
            let values = [
                Text(new.id.as_str()),
                Text(new.task.as_str()),
                Int(Revision::FIRST.0),
                Int(Fence::random().0),
                MaybeInt(new.schedule.map(|schedule| schedule.next_run_time.as_micros())),
                MaybeInt(new.schedule.map(|schedule| schedule.due_at.as_micros())),
            ];
            if connection.execute(add.clone(), &values).await? == 0 {
                outcomes.push(AddOutcome::Exists);
                continue;
            }
            let definition = [Bytes(new.definition.as_bytes())];
            connection.execute(add_definition.clone(), &definition).await?;
            outcomes.push(AddOutcome::Added);
        }
        Ok(outcomes)
    }
}
