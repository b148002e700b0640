//! Adding jobs.

use std::collections::HashSet;

use punctual_core::{AddOutcome, Fence, NewRecord, Revision, StoreError};
use sqlx::{PgConnection, Row};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::dialect::Dialect;

/// How many jobs go into one statement, and how many bytes of definitions.
const MOST_ROWS: usize = 5_000;
const MOST_BYTES: usize = 16 << 20;

impl Postgres {
    pub(super) async fn add_all(
        &self,
        connection: &mut PgConnection,
        mut records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let mut outcomes = Vec::with_capacity(records.len());
        while !records.is_empty() {
            let (now, later) = records.split_at(portion(records));
            outcomes.extend(self.add_some(connection, now).await?);
            records = later;
        }
        Ok(outcomes)
    }

    async fn add_some(
        &self,
        connection: &mut PgConnection,
        records: &[NewRecord],
    ) -> Result<Vec<AddOutcome>, StoreError> {
        let column = |of: fn(&NewRecord) -> &str| records.iter().map(of).collect::<Vec<_>>();
        let instant =
            |of: fn(&NewRecord) -> Option<i64>| records.iter().map(of).collect::<Vec<_>>();
        // Random, and so they tell which of the jobs are new.
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

/// How many of the records go into the next statement: at least one.
fn portion(records: &[NewRecord]) -> usize {
    let mut bytes = 0;
    let fits = |new: &&NewRecord| {
        bytes += new.definition.as_bytes().len();
        bytes <= MOST_BYTES
    };
    records.iter().take(MOST_ROWS).take_while(fits).count().max(1)
}
