//! Claiming what is due.

use std::time::Duration;

use punctual_core::{Claim, StoreError, TaskFilter, Timestamp};

use super::database::MySql;
use super::sql;
use crate::batch::tasks;
use crate::client::Value::{Int, Text};
use crate::dialect::Claiming;
use crate::rows;

impl Claiming for MySql {
    async fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Vec<Claim>, StoreError> {
        let tasks = tasks(filter)?;
        let (now_micros, limit) = (Int(now.as_micros()), rows::limit(limit));
        let mut script = self.script();
        match &tasks {
            None => script.push(sql::HOLD_DUE, &[now_micros, limit]),
            Some(tasks) => script.push(sql::HOLD_DUE_OF_TASKS, &[now_micros, limit, Text(tasks)]),
        };
        let held = script.push(sql::HELD, &[]);
        script.push(sql::CLAIM, &[Int(now.saturating_add(lease).as_micros())]);
        let answers = self.run(script).await?;
        let claim = |row| {
            let mut record = rows::record(row)?;
            record.fence = record.fence.next();
            Ok(Claim { record })
        };
        let mut claims: Vec<Claim> =
            answers[held].rows.iter().map(claim).collect::<Result<_, _>>()?;
        // The keys went through an array, whose order nobody promises.
        claims.sort_by_key(|claim| claim.record.schedule.map(|schedule| schedule.due_at));
        Ok(claims)
    }
}
