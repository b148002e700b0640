//! Runs in flight, and the nodes that they belong to.

use std::time::Duration;

use punctual_core::{InFlightRun, JobId, NodeId, OrphanedRun, StoreError, TaskFilter, Timestamp};
use sqlx::SqliteConnection;

use super::claims::tasks;
use super::database::Database;
use super::error::store_error;
use super::{rows, sql};
use crate::batch::json;

/// How long dead nodes are remembered: the contract's week.
const DEAD_NODES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl Database {
    pub(super) async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut transaction = self.write().await?;
        let before = sqlx::query(self.sql(sql::NODE))
            .bind(node.as_str())
            .fetch_optional(&mut *transaction)
            .await
            .map_err(store_error)?;
        let forgotten = now.saturating_sub(DEAD_NODES);
        let renew = sqlx::query(self.sql(sql::RENEW)).bind(node.as_str()).bind(until.as_micros());
        renew.execute(&mut *transaction).await.map_err(store_error)?;
        let forget = sqlx::query(self.sql(sql::FORGET_NODES)).bind(forgotten.as_micros());
        forget.execute(&mut *transaction).await.map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        match before {
            Some(row) => Ok(rows::get::<i64>(&row, 0)? <= now.as_micros()),
            None => Ok(false),
        }
    }

    pub(super) async fn take_over(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        // Nearly always there is nothing: then nobody has to wait for the write lock.
        let any = self.orphans(&mut *self.read().await?, now, limit.min(1), filter).await?;
        if any.is_empty() {
            return Ok(any);
        }
        let mut transaction = self.write().await?;
        let mut orphans = self.orphans(&mut transaction, now, limit, filter).await?;
        let taken: Vec<_> = orphans
            .iter()
            .map(|orphan| (orphan.record.id.as_str(), orphan.run.run_id.to_string()))
            .collect();
        sqlx::query(self.sql(sql::TAKE_OVER))
            .bind(json(&taken)?)
            .bind(heir.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(store_error)?;
        transaction.commit().await.map_err(store_error)?;
        for OrphanedRun { run, .. } in &mut orphans {
            run.node = heir.clone();
            run.fence = run.fence.next();
            run.attempt += 1;
        }
        Ok(orphans)
    }

    /// The runs of dead nodes, still as they are.
    async fn orphans(
        &self,
        connection: &mut SqliteConnection,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        let tasks = tasks(filter)?;
        let statement = if tasks.is_some() { sql::ORPHANS_OF_TASKS } else { sql::ORPHANS };
        let mut query =
            sqlx::query(self.sql(statement)).bind(now.as_micros()).bind(rows::limit(limit));
        if let Some(tasks) = tasks {
            query = query.bind(tasks);
        }
        let found = query.fetch_all(connection).await.map_err(store_error)?;
        found
            .iter()
            .map(|row| {
                let record = rows::record(row)?;
                Ok(OrphanedRun { record, run: rows::run(row, rows::RECORD_COLUMNS)? })
            })
            .collect()
    }

    pub(super) async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        let query = sqlx::query(self.sql(sql::IN_FLIGHT)).bind(id.as_str());
        let found = query.fetch_all(&mut *self.read().await?).await.map_err(store_error)?;
        found.iter().map(|row| rows::run(row, 0)).collect()
    }
}
