//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::{PgConnection, Row};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::dialect::{AddJobs, Dialect};

impl AddJobs<PgConnection> for Postgres {
    async fn add(
        &self,
        connection: &mut PgConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let column = |of: fn(&NewRecord) -> &str| records.iter().map(of).collect::<Vec<_>>();
        let instant =
            |of: fn(&NewRecord) -> Option<i64>| records.iter().map(of).collect::<Vec<_>>();
        // Random fences identify the jobs that were added.
        let fences: Vec<i64> = records.iter().map(|_| Fence::random().0).collect();
        let added = sqlx::query(self.sql(sql::ADD))
            .bind(column(|new| new.id.as_str()))
            .bind(column(|new| new.task.as_str()))
            .bind(&fences)
            .bind(instant(|new| Some(new.schedule?.next_run_time.as_micros())))
            .bind(instant(|new| Some(new.schedule?.due_at.as_micros())))
            .bind(Revision::FIRST.0)
            .fetch_all(&mut *connection)
            .await
            .and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect())
            .map_err(store_error)?;
        let added: HashSet<i64> = added;
        let new: Vec<&NewRecord> = records
            .iter()
            .zip(&fences)
            .filter(|(_, f)| added.contains(f))
            .map(|(r, _)| r)
            .collect();
        if !new.is_empty() {
            sqlx::query(self.sql(sql::ADD_DEFINITIONS))
                .bind(new.iter().map(|new| new.id.as_str()).collect::<Vec<_>>())
                .bind(new.iter().map(|new| new.definition.as_bytes()).collect::<Vec<_>>())
                .execute(connection)
                .await
                .map_err(store_error)?;
        }
        let outcome = |fence| match added.contains(fence) {
            true => AddOutcome::Added,
            false => AddOutcome::Exists,
        };
        Ok(fences.iter().map(outcome).collect())
    }
}
