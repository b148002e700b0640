//! Claiming what is due.

use punctual_core::{Claims, StoreError};

use super::database::MySql;
use super::sql;
use crate::batch::tasks;
use crate::client::Columns;
use crate::client::Value::{Int, MaybeText, Text};
use crate::dialect::{Claiming, Wanted};
use crate::rows;

impl Claiming for MySql {
    async fn claim(&self, wanted: Wanted<'_>) -> Result<Claims, StoreError> {
        let Wanted { node, now, until, limit, filter } = wanted;
        let tasks = tasks(filter)?;
        let due = |limit| [Int(now.as_micros()), rows::limit(limit), MaybeText(tasks.as_deref())];
        let mut script = self.script();
        script.push(sql::HOLD_DUE, &due(limit));
        // Where none may be held, one tells whether there are any.
        let more = script.push(sql::MORE, &due(limit.max(1)));
        script.push(sql::CLAIM, &[Text(node.as_str()), Int(until.as_micros())]);
        let claimed = script.push(sql::CLAIMED, &[]);
        let answers = self.run(script).await?;
        let more = answers[more].rows.first().map_or(Ok(false), |row| row.flag(0))?;
        Ok(rows::claims(&answers[claimed].rows, more))
    }
}
