//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use super::copy::CopyRows;
use super::copy::CopyValue::{Bytes, Int};
use super::database::Postgres;
use super::error::{is_unique_violation, is_unsupported, store_error};
use super::sql;
use crate::batch::{STATEMENT_LIMIT, job_chunks};
use crate::dialect::{AddJobs, Dialect};

/// The least number of jobs for which it is first assumed that none of them exists, so that they can be copied. If one
/// does, the statement has been in vain, and the server logs an error, which is too much for programs that add their jobs
/// at each start.
const BULK: usize = 1_000;

impl AddJobs<PgConnection> for Postgres {
    async fn add(
        &self,
        connection: &mut PgConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        self.insert(connection, &NewRows::of(records)).await.map_err(store_error)
    }

    async fn add_at_once(
        &self,
        records: &[NewRecord],
    ) -> Result<Option<Vec<AddOutcome>>, StoreError> {
        let mut parts = job_chunks(records, STATEMENT_LIMIT);
        let (Some(part), None) = (parts.next(), parts.next()) else { return Ok(None) };
        let new = NewRows::of(part);
        let mut connection = self.read().await?;
        let outcomes = match part.len() >= BULK {
            true => self.copy_or_insert(&mut connection, &new).await,
            false => self.insert(&mut connection, &new).await,
        };
        let outcomes = outcomes.map_err(store_error)?;
        connection.release();
        Ok(Some(outcomes))
    }
}

impl Postgres {
    /// Inserts the jobs that don't exist.
    async fn insert(
        &self,
        connection: &mut PgConnection,
        new: &NewRows<'_>,
    ) -> Result<Vec<AddOutcome>, sqlx::Error> {
        let rows = || new.sorted.iter();
        let schedules = || rows().map(|(new, _)| new.schedule);
        let row = sqlx::query(self.sql(sql::ADD))
            .bind(rows().map(|(new, _)| new.id.as_str()).collect::<Vec<_>>())
            .bind(rows().map(|(new, _)| new.task.as_str()).collect::<Vec<_>>())
            .bind(rows().map(|(new, _)| new.definition.as_bytes()).collect::<Vec<_>>())
            .bind(rows().map(|(_, fence)| *fence).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.next_run_time.as_micros())).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.due_at.as_micros())).collect::<Vec<_>>())
            .bind(Revision::FIRST.0)
            .bind(self.channel())
            .fetch_one(connection)
            .await?;
        new.outcomes(&row)
    }

    /// Copies the jobs, or inserts those that don't exist if one of them does, or if the table can't be copied to.
    async fn copy_or_insert(
        &self,
        connection: &mut PgConnection,
        new: &NewRows<'_>,
    ) -> Result<Vec<AddOutcome>, sqlx::Error> {
        match self.copy(connection, new).await {
            Ok(()) => Ok(vec![AddOutcome::Added; new.sorted.len()]),
            Err(error) if is_unique_violation(&error) || is_unsupported(&error) => {
                self.insert(connection, new).await
            }
            Err(error) => Err(error),
        }
    }

    /// Copies the jobs in a transaction of their own. It fails if one of them exists.
    async fn copy(
        &self,
        connection: &mut PgConnection,
        new: &NewRows<'_>,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = connection.begin().await?;
        let mut copy = CopyRows::begin(&mut transaction, self.sql(sql::COPY).as_str()).await?;
        for (new, fence) in &new.sorted {
            copy.row([
                Bytes(new.id.as_str().as_bytes()),
                Bytes(new.task.as_str().as_bytes()),
                Bytes(new.definition.as_bytes()),
                Int(Some(Revision::FIRST.0)),
                Int(Some(*fence)),
                Int(Some(*fence)),
                Int(new.schedule.map(|at| at.next_run_time.as_micros())),
                Int(new.schedule.map(|at| at.due_at.as_micros())),
            ])
            .await?;
        }
        copy.finish().await?;
        let due_at = new.sorted.iter().filter_map(|(new, _)| Some(new.schedule?.due_at)).min();
        let due_at = due_at.map(|at| at.as_micros().to_string()).unwrap_or_default();
        let notify = sqlx::query(self.sql(sql::NOTIFY)).bind(self.channel()).bind(due_at);
        notify.execute(&mut *transaction).await?;
        transaction.commit().await
    }
}

/// Jobs to be added, sorted by id.
struct NewRows<'a> {
    /// In the given order. Random fences identify the jobs that were added.
    fences: Vec<i64>,
    /// Of several jobs with the same id, the first one is added.
    sorted: Vec<(&'a NewRecord, i64)>,
}

impl<'a> NewRows<'a> {
    fn of(records: &'a [NewRecord]) -> Self {
        let fences: Vec<i64> = records.iter().map(|_| Fence::random().0).collect();
        let mut sorted: Vec<_> = records.iter().zip(fences.iter().copied()).collect();
        sorted.sort_by(|(a, _), (b, _)| a.id.cmp(&b.id));
        Self { fences, sorted }
    }

    /// The outcomes in the given order, from the row that [`sql::ADD`] returned.
    fn outcomes(&self, row: &PgRow) -> Result<Vec<AddOutcome>, sqlx::Error> {
        let added: Option<Vec<i64>> = row.try_get(0)?;
        let added: HashSet<i64> = added.into_iter().flatten().collect();
        let outcome = |fence| match added.contains(fence) {
            true => AddOutcome::Added,
            false => AddOutcome::Exists,
        };
        Ok(self.fences.iter().map(outcome).collect())
    }
}
