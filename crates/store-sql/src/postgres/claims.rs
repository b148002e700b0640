//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claim, StoreError, TaskFilter, Timestamp};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::batch::task_names;
use crate::dialect::{Claiming, Dialect};
use crate::rows;

impl Claiming for Postgres {
    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        let query = sqlx::query(self.sql(sql::CLAIM))
            .bind(now.as_micros())
            .bind(now.saturating_add(lease).as_micros())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(task_names(filter));
        let mut connection = self.read().await?;
        let found = query.fetch_all(&mut *connection).await.map_err(store_error)?;
        connection.finish();
        let records = found.iter().map(|row| Ok(Claim { record: rows::record(row)? }));
        let mut claims = records.collect::<Result<Vec<_>, StoreError>>()?;
        claims.sort_by_key(|claim| claim.record.schedule.map(|schedule| schedule.due_at));
        Ok(claims)
    }
}
