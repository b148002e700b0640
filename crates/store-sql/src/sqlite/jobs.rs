//! Adding of jobs.

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::SqliteConnection;

use super::database::Sqlite;
use super::sql;
use crate::batch::{from_json, json};
use crate::client::Value::{Bytes, Int, Text};
use crate::client::{Client, SqlRow};
use crate::dialect::{AddJobs, Dialect};

impl AddJobs<SqliteConnection> for Sqlite {
    /// Adds any number of jobs by two statements, because each statement is sent to the thread of the connection.
    async fn add(
        &self,
        connection: &mut SqliteConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let (mut rows, mut definitions) = (Vec::with_capacity(records.len()), Vec::new());
        for new in records {
            let schedule = new.schedule;
            let definition = new.definition.as_bytes();
            rows.push((
                new.id.as_str(),
                // Random fences identify the jobs that were added.
                Fence::random().0,
                new.task.as_str(),
                schedule.map(|schedule| schedule.next_run_time.as_micros()),
                schedule.map(|schedule| schedule.due_at.as_micros()),
                definitions.len() + 1,
                definition.len(),
            ));
            definitions.extend_from_slice(definition);
        }
        let rows = json(&rows)?;
        let values = [Text(&rows), Int(Revision::FIRST.0)];
        let added = connection.execute(self.sql(sql::ADD), &values).await?;
        let values = [Text(&rows), Bytes(&definitions)];
        connection.execute(self.sql(sql::ADD_DEFINITIONS), &values).await?;
        // Usually all jobs are new.
        if added == records.len() as u64 {
            return Ok(vec![AddOutcome::Added; records.len()]);
        }
        let mut outcomes = vec![AddOutcome::Exists; records.len()];
        for row in connection.fetch(self.sql(sql::ADDED), &[Text(&rows)]).await? {
            for index in from_json::<Vec<usize>>(row.text(0)?)? {
                if let Some(outcome) = outcomes.get_mut(index) {
                    *outcome = AddOutcome::Added;
                }
            }
        }
        Ok(outcomes)
    }
}
