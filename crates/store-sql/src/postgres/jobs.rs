//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::{PgConnection, Row};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::batch::{STATEMENT_LIMIT, job_chunks};
use crate::dialect::{AddJobs, Dialect};

impl AddJobs<PgConnection> for Postgres {
    async fn add(
        &self,
        connection: &mut PgConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        // Random fences identify the jobs that were added.
        let fences: Vec<i64> = records.iter().map(|_| Fence::random().0).collect();
        let mut sorted: Vec<(&NewRecord, i64)> =
            records.iter().zip(fences.iter().copied()).collect();
        // Of several jobs with the same id, the first one is added.
        sorted.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        let schedules = || sorted.iter().map(|(new, _)| new.schedule);
        let row = sqlx::query(self.sql(sql::ADD))
            .bind(sorted.iter().map(|(new, _)| new.id.as_str()).collect::<Vec<_>>())
            .bind(sorted.iter().map(|(new, _)| new.task.as_str()).collect::<Vec<_>>())
            .bind(sorted.iter().map(|(new, _)| new.definition.as_bytes()).collect::<Vec<_>>())
            .bind(sorted.iter().map(|(_, fence)| *fence).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.next_run_time.as_micros())).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.due_at.as_micros())).collect::<Vec<_>>())
            .bind(Revision::FIRST.0)
            .bind(self.channel())
            .fetch_one(connection)
            .await
            .map_err(store_error)?;
        let added: Option<Vec<i64>> = row.try_get(0).map_err(store_error)?;
        let added: HashSet<i64> = added.into_iter().flatten().collect();
        let outcome = |fence| match added.contains(fence) {
            true => AddOutcome::Added,
            false => AddOutcome::Exists,
        };
        Ok(fences.iter().map(outcome).collect())
    }

    async fn add_at_once(
        &self,
        records: &[NewRecord],
    ) -> Result<Option<Vec<AddOutcome>>, StoreError> {
        let mut parts = job_chunks(records, STATEMENT_LIMIT);
        let (Some(part), None) = (parts.next(), parts.next()) else { return Ok(None) };
        let mut connection = self.read().await?;
        let outcomes = self.add(&mut connection, part).await?;
        connection.release();
        Ok(Some(outcomes))
    }
}
