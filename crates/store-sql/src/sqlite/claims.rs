//! Claiming what is due.

use punctual_core::{Claims, StoreError};

use super::database::Sqlite;
use super::error::store_error;
use super::sql;
use crate::batch::{json, tasks};
use crate::client::Value::{Int, MaybeText, Text};
use crate::client::{Client, Columns};
use crate::dialect::{Claiming, Dialect, Wanted};
use crate::rows;

impl Claiming for Sqlite {
    async fn claim(&self, wanted: Wanted<'_>) -> Result<Claims, StoreError> {
        let Wanted { node, now, until, limit, filter } = wanted;
        let tasks = tasks(filter)?;
        // One more than asked for tells whether there is more.
        let asked = rows::limit(limit.saturating_add(1));
        let values = [Int(now.as_micros()), asked, MaybeText(tasks.as_deref())];
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
        // They were read before they are claimed.
        for record in &mut claims.records {
            record.fence = record.fence.next();
            record.claims = record.claims.saturating_add(1);
        }
        let values = [Text(&json(&keys)?), Text(node.as_str()), Int(until.as_micros())];
        transaction.execute(self.sql(sql::CLAIM), &values).await?;
        transaction.commit().await.map_err(store_error)?;
        Ok(claims)
    }
}
