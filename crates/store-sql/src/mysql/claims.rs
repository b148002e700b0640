//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claims, NodeId, StoreError, TaskFilter, Timestamp};

use super::database::MySql;
use super::sql;
use crate::batch::tasks;
use crate::client::Columns;
use crate::client::Value::{Int, MaybeText, Text};
use crate::dialect::Claiming;
use crate::rows;

impl Claiming for MySql {
    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let tasks = tasks(filter)?;
        let due = |limit| [Int(now.as_micros()), rows::limit(limit), MaybeText(tasks.as_deref())];
        let until = Int(now.saturating_add(lease).as_micros());
        let mut script = self.script();
        script.push(sql::HOLD_DUE, &due(limit));
        // Of those that nobody asks for one tells whether there are any.
        let more = script.push(sql::MORE, &due(limit.max(1)));
        script.push(sql::CLAIM, &[Text(node.as_str()), until]);
        let claimed = script.push(sql::CLAIMED, &[]);
        let answers = self.run(script).await?;
        let mut claims = Claims::default();
        for row in &answers[claimed].rows {
            match rows::record(row) {
                Ok(record) => claims.records.push(record),
                Err(corrupt) => claims.corrupt.push(corrupt),
            }
        }
        for row in &answers[more].rows {
            claims.more = row.flag(0)?;
        }
        // The keys went through an array, whose order nobody promises.
        claims.records.sort_by_key(|record| record.schedule.map(|schedule| schedule.due_at));
        Ok(claims)
    }
}
