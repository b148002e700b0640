//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claims, NodeId, StoreError, TaskFilter, Timestamp};

use super::database::Postgres;
use super::error::store_error;
use super::sql;
use crate::batch::task_names;
use crate::client::Columns;
use crate::dialect::{Claiming, Dialect};
use crate::rows;

impl Claiming for Postgres {
    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let query = sqlx::query(self.sql(sql::CLAIM))
            .bind(node.as_str())
            .bind(now.as_micros())
            .bind(now.saturating_add(lease).as_micros())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(task_names(filter));
        let mut connection = self.read().await?;
        let found = query.fetch_all(&mut *connection).await.map_err(store_error)?;
        connection.finish();
        let mut claims = Claims::default();
        for row in &found {
            if !row.is_some(0) {
                claims.more = true;
                continue;
            }
            match rows::record(row) {
                Ok(record) => claims.records.push(record),
                Err(corrupt) => claims.corrupt.push(corrupt),
            }
        }
        claims.records.sort_by_key(|record| record.schedule.map(|schedule| schedule.due_at));
        Ok(claims)
    }
}
