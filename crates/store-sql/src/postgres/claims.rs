//! Claiming of due jobs.

use punctual_core::{Claims, StoreError};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::batch::task_names;
use crate::client::SqlRow;
use crate::dialect::{ClaimJobs, ClaimRequest, Dialect};
use crate::rows;

impl ClaimJobs for Postgres {
    async fn claim(&self, request: ClaimRequest<'_>) -> Result<Claims, StoreError> {
        let ClaimRequest { node, now, until, limit, filter } = request;
        let query = sqlx::query(self.sql(sql::CLAIM))
            .bind(node.as_str())
            .bind(now.as_micros())
            .bind(until.as_micros())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(task_names(filter));
        let mut connection = self.read().await?;
        let mut found = query.fetch_all(&mut *connection).await.map_err(store_error)?;
        connection.release();
        let count = found.len();
        found.retain(|row| row.is_some(0));
        Ok(rows::claims(&found, found.len() < count))
    }
}
