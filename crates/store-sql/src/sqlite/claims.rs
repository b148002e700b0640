//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claims, NodeId, StoreError, TaskFilter, Timestamp};

use super::database::Sqlite;
use super::error::store_error;
use super::sql;
use crate::batch::{json, tasks};
use crate::client::Value::{Int, MaybeText, Text};
use crate::client::{Client, Columns};
use crate::dialect::{Claiming, Dialect};
use crate::rows;

impl Claiming for Sqlite {
    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let tasks = tasks(filter)?;
        // One more than asked for tells whether there is more.
        let wanted = rows::limit(limit.saturating_add(1));
        let values = [Int(now.as_micros()), wanted, MaybeText(tasks.as_deref())];
        let mut transaction = self.write().await?;
        let due = transaction.fetch(self.sql(sql::DUE), &values).await?;
        let mut claims = Claims { more: due.len() > limit, ..Claims::default() };
        let mut claimed: Vec<i64> = Vec::with_capacity(due.len());
        for row in due.iter().take(limit) {
            claimed.push(row.int(rows::RECORD_COLUMNS)?);
            match rows::record(row) {
                Ok(mut record) => {
                    record.fence = record.fence.next();
                    record.claims = record.claims.saturating_add(1);
                    claims.records.push(record);
                }
                Err(corrupt) => claims.corrupt.push(corrupt),
            }
        }
        if claimed.is_empty() {
            return Ok(claims);
        }
        let until = Int(now.saturating_add(lease).as_micros());
        let values = [Text(&json(&claimed)?), Text(node.as_str()), until];
        transaction.execute(self.sql(sql::CLAIM), &values).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(claims)
    }
}
