//! Claiming of due jobs.

use punctual_core::{Claims, StoreError};

use super::database::Sqlite;
use super::error::store_error;
use super::sql;
use crate::batch::{json, tasks};
use crate::client::Value::{Int, NullableText, Text};
use crate::client::{Client, SqlRow};
use crate::dialect::{ClaimJobs, ClaimRequest, Dialect};
use crate::rows;

impl ClaimJobs for Sqlite {
    async fn claim(&self, request: ClaimRequest<'_>) -> Result<Claims, StoreError> {
        let ClaimRequest { node, now, until, limit, filter } = request;
        let tasks = tasks(filter)?;
        // One job more than the limit is selected to determine whether there are more.
        let limit_and_one = rows::limit(limit.saturating_add(1));
        let values = [Int(now.as_micros()), limit_and_one, NullableText(tasks.as_deref())];
        let mut transaction = self.write().await?;
        let mut due = transaction.fetch(self.sql(sql::DUE), &values).await?;
        let more = due.len() > limit;
        due.truncate(limit);
        let keys = due.iter().map(|row| row.int(rows::RECORD_COLUMNS));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let mut claims = rows::claims(&due, more);
        if keys.is_empty() {
            return Ok(claims);
        }
        // The records were read before the claim.
        for record in &mut claims.records {
            record.fence = record.fence.next();
            record.claims = record.claims.saturating_add(1);
        }
        let keys = json(&keys)?;
        if due.iter().any(|row| row.bool(rows::RECORD_COLUMNS + 1).unwrap_or(true)) {
            transaction.execute(self.sql(sql::END_EXPIRED), &[Text(&keys)]).await?;
        }
        let values = [Text(&keys), Text(node.as_str()), Int(until.as_micros())];
        transaction.execute(self.sql(sql::CLAIM), &values).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(claims)
    }
}
