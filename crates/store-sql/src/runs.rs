//! Runs in flight, and the nodes that they belong to.

use std::time::Duration;

use punctual_core::{InFlightRun, JobId, NodeId, OrphanedRun, StoreError, TaskFilter, Timestamp};

use crate::batch::{json, tasks};
use crate::client::Columns;
use crate::client::Value::{Int, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::rows;
use crate::sql::Renewal;

/// How long dead nodes are remembered: the contract's week.
const DEAD_NODES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl<D: Dialect> Database<D> {
    pub(crate) async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let (name, until) = (Text(node.as_str()), Int(until.as_micros()));
        let forgotten = Int(now.saturating_sub(DEAD_NODES).as_micros());
        let before = match D::STATEMENTS.renewal {
            Renewal::AtOnce(statement) => self.ask(statement, &[name, until, forgotten]).await?,
            Renewal::InSteps { prolong, node, renew, forget } => {
                let mut transaction = self.dialect.write().await?;
                let alive = [name, until, Int(now.as_micros())];
                if self.execute(&mut transaction, prolong, &alive).await? > 0 {
                    self.end(transaction).await?;
                    return Ok(false);
                }
                // Rarely: it was dead, or has just been started.
                let before = self.fetch(&mut transaction, node, &[name]).await?;
                self.execute(&mut transaction, renew, &[name, until]).await?;
                self.execute(&mut transaction, forget, &[forgotten]).await?;
                self.end(transaction).await?;
                before
            }
        };
        match before.first() {
            Some(row) => Ok(row.int(0)? <= now.as_micros()),
            None => Ok(false),
        }
    }

    pub(crate) async fn take_over(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        // Nearly always there is nothing: then nobody has to wait for a lock.
        let statements = [D::STATEMENTS.orphans, D::STATEMENTS.orphans_of_tasks];
        let mut connection = self.dialect.read().await?;
        let any = self.orphans(&mut connection, statements, now, limit.min(1), filter).await?;
        connection.finish();
        if any.is_empty() {
            return Ok(any);
        }
        let mut transaction = self.dialect.write().await?;
        let statements = [D::STATEMENTS.lock_orphans, D::STATEMENTS.lock_orphans_of_tasks];
        let mut orphans = self.orphans(&mut transaction, statements, now, limit, filter).await?;
        let taken: Vec<_> = orphans
            .iter()
            .map(|orphan| (orphan.record.id.as_str(), orphan.run.run_id.to_string()))
            .collect();
        let values = [Text(&json(&taken)?), Text(heir.as_str())];
        self.execute(&mut transaction, D::STATEMENTS.take_over, &values).await?;
        self.end(transaction).await?;
        for OrphanedRun { run, .. } in &mut orphans {
            run.node = heir.clone();
            run.fence = run.fence.next();
            run.attempt += 1;
        }
        Ok(orphans)
    }

    /// The runs of dead nodes, still as they are; the statements are for any tasks and for some.
    async fn orphans(
        &self,
        connection: &mut D::Connection,
        [any, of_tasks]: [&'static str; 2],
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        let (now, limit) = (Int(now.as_micros()), rows::limit(limit));
        let found = match tasks(filter)? {
            None => self.fetch(connection, any, &[now, limit]).await?,
            Some(tasks) => self.fetch(connection, of_tasks, &[now, limit, Text(&tasks)]).await?,
        };
        found
            .iter()
            .map(|row| {
                let record = rows::record(row)?;
                Ok(OrphanedRun { record, run: rows::run(row, rows::RECORD_COLUMNS)? })
            })
            .collect()
    }

    pub(crate) async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        let found = self.ask(D::STATEMENTS.in_flight, &[Text(id.as_str())]).await?;
        found.iter().map(|row| rows::run(row, 0)).collect()
    }
}
