//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claim, StoreError, TaskFilter, Timestamp};

use super::database::Sqlite;
use super::error::store_error;
use super::sql;
use crate::batch::{json, tasks};
use crate::client::Value::{Int, Text};
use crate::client::{Client, Columns};
use crate::dialect::{Claiming, Dialect};
use crate::rows;

impl Claiming for Sqlite {
    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        let tasks = tasks(filter)?;
        let values = [Int(now.as_micros()), rows::limit(limit)];
        let mut transaction = self.write().await?;
        let due = match &tasks {
            None => transaction.fetch(self.sql(sql::DUE), &values).await?,
            Some(tasks) => {
                let values = [values[0], values[1], Text(tasks)];
                transaction.fetch(self.sql(sql::DUE_OF_TASKS), &values).await?
            }
        };
        let mut claims = Vec::with_capacity(due.len());
        let mut claimed: Vec<i64> = Vec::with_capacity(due.len());
        for row in &due {
            let mut record = rows::record(row)?;
            record.fence = record.fence.next();
            claims.push(Claim { record });
            claimed.push(row.int(rows::RECORD_COLUMNS)?);
        }
        if claimed.is_empty() {
            return Ok(claims);
        }
        let values = [Int(now.saturating_add(lease).as_micros()), Text(&json(&claimed)?)];
        transaction.execute(self.sql(sql::CLAIM), &values).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(claims)
    }
}
