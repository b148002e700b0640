//! Claiming of due jobs.

use punctual_core::{Claims, StoreError};

use super::database::MySql;
use super::sql;
use crate::batch::tasks;
use crate::client::SqlRow;
use crate::client::Value::{Int, NullableText, Text};
use crate::dialect::{ClaimJobs, ClaimRequest};
use crate::rows;

impl ClaimJobs for MySql {
    async fn claim(&self, request: ClaimRequest<'_>) -> Result<Claims, StoreError> {
        let ClaimRequest { node, now, until, limit, filter } = request;
        let tasks = tasks(filter)?;
        let due =
            |limit| [Int(now.as_micros()), rows::limit(limit), NullableText(tasks.as_deref())];
        let mut script = self.script();
        script.push(sql::LOCK_DUE, &due(limit));
        // With a limit of 0, one row is selected to determine whether any job is due.
        let more = script.push(sql::HAS_MORE_DUE, &due(limit.max(1)));
        script.push(sql::CLAIM, &[Text(node.as_str()), Int(until.as_micros())]);
        let claimed = script.push(sql::CLAIMED, &[]);
        let results = self.run(script).await?;
        let more = results[more].rows.first().map_or(Ok(false), |row| row.bool(0))?;
        Ok(rows::claims(&results[claimed].rows, more))
    }
}
