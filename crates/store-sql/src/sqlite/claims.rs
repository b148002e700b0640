//! Claiming what is due, and when something will be.

use std::time::Duration;

use punctual_core::{Claim, StoreError, TaskFilter, Timestamp};

use super::database::Database;
use super::error::store_error;
use super::{rows, sql};
use crate::batch::json;

impl Database {
    pub(super) async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        let tasks = tasks(filter)?;
        let statement = if tasks.is_some() { sql::DUE_OF_TASKS } else { sql::DUE };
        let mut query =
            sqlx::query(self.sql(statement)).bind(now.as_micros()).bind(rows::limit(limit));
        if let Some(tasks) = tasks {
            query = query.bind(tasks);
        }
        let mut transaction = self.write().await?;
        let due = query.fetch_all(&mut *transaction).await.map_err(store_error)?;
        let mut claims = Vec::with_capacity(due.len());
        let mut claimed: Vec<i64> = Vec::with_capacity(due.len());
        for row in &due {
            let mut record = rows::record(row)?;
            record.fence = record.fence.next();
            claims.push(Claim { record });
            claimed.push(rows::get(row, rows::RECORD_COLUMNS)?);
        }
        if claimed.is_empty() {
            return Ok(claims);
        }
        sqlx::query(self.sql(sql::CLAIM))
            .bind(now.saturating_add(lease).as_micros())
            .bind(json(&claimed)?)
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        Ok(claims)
    }

    pub(super) async fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> Result<Option<Timestamp>, StoreError> {
        let query = match tasks(filter)? {
            None => sqlx::query(self.sql(sql::NEXT_WAKEUP)),
            Some(tasks) => sqlx::query(self.sql(sql::NEXT_WAKEUP_OF_TASKS)).bind(tasks),
        };
        let row = query.fetch_optional(&mut *self.read().await?).await.map_err(store_error)?;
        row.map(|row| Ok(Timestamp::from_micros(rows::get(&row, 0)?))).transpose()
    }
}

/// The tasks that a filter lets pass as a JSON array; none for all of them.
pub(super) fn tasks(filter: &TaskFilter) -> Result<Option<String>, StoreError> {
    match filter {
        TaskFilter::Any => Ok(None),
        TaskFilter::Only(names) => json(names.as_ref()).map(Some),
        // A kind of filter that a newer core knows and this build doesn't lets nothing pass.
        _ => Ok(Some("[]".into())),
    }
}
