//! Adding of jobs.

use std::collections::HashSet;

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{PgConnection, Row};

use super::database::Postgres;
use super::error::{is_unique_violation, store_error};
use super::sql;
use crate::batch::{STATEMENT_LIMIT, job_chunks};
use crate::dialect::{AddJobs, Dialect};

/// The least number of jobs for which it is first assumed that none of them exists. If one does, the statement has been
/// in vain, and the server logs an error, which is too much for programs that add their jobs at each start.
const BULK: usize = 1_000;

impl AddJobs<PgConnection> for Postgres {
    async fn add(
        &self,
        connection: &mut PgConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let new = NewRows::of(records);
        let row = self.insert(sql::ADD, &new).fetch_one(connection).await.map_err(store_error)?;
        new.outcomes(&row)
    }

    async fn add_at_once(
        &self,
        records: &[NewRecord],
    ) -> Result<Option<Vec<AddOutcome>>, StoreError> {
        let mut parts = job_chunks(records, STATEMENT_LIMIT);
        let (Some(part), None) = (parts.next(), parts.next()) else { return Ok(None) };
        let new = NewRows::of(part);
        let mut connection = self.read().await?;
        if part.len() >= BULK {
            let added = self.insert(sql::ADD_NEW, &new).execute(&mut *connection).await;
            match added {
                Ok(_) => {
                    connection.release();
                    return Ok(Some(vec![AddOutcome::Added; part.len()]));
                }
                Err(error) if is_unique_violation(&error) => {}
                Err(error) => return Err(store_error(error)),
            }
        }
        let row = self.insert(sql::ADD, &new).fetch_one(&mut *connection).await;
        let outcomes = new.outcomes(&row.map_err(store_error)?)?;
        connection.release();
        Ok(Some(outcomes))
    }
}

impl Postgres {
    fn insert<'q>(
        &'q self,
        statement: &'static str,
        new: &'q NewRows<'_>,
    ) -> Query<'q, sqlx::Postgres, PgArguments> {
        let rows = || new.sorted.iter();
        let schedules = || rows().map(|(new, _)| new.schedule);
        sqlx::query(self.sql(statement))
            .bind(rows().map(|(new, _)| new.id.as_str()).collect::<Vec<_>>())
            .bind(rows().map(|(new, _)| new.task.as_str()).collect::<Vec<_>>())
            .bind(rows().map(|(new, _)| new.definition.as_bytes()).collect::<Vec<_>>())
            .bind(rows().map(|(_, fence)| *fence).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.next_run_time.as_micros())).collect::<Vec<_>>())
            .bind(schedules().map(|at| Some(at?.due_at.as_micros())).collect::<Vec<_>>())
            .bind(Revision::FIRST.0)
            .bind(self.channel())
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
    fn outcomes(&self, row: &PgRow) -> Result<Vec<AddOutcome>, StoreError> {
        let added: Option<Vec<i64>> = row.try_get(0).map_err(store_error)?;
        let added: HashSet<i64> = added.into_iter().flatten().collect();
        let outcome = |fence| match added.contains(fence) {
            true => AddOutcome::Added,
            false => AddOutcome::Exists,
        };
        Ok(self.fences.iter().map(outcome).collect())
    }
}
