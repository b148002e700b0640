//! Runs in flight, and the nodes that they belong to.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use punctual_core::{
    InFlightRun, JobId, NodeId, OrphanedRun, Renewal, StoreError, TaskFilter, Timestamp,
};

use crate::batch::{json, tasks};
use crate::client::Columns;
use crate::client::Value::{Int, MaybeText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::rows;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long dead nodes are remembered: the contract's week, and as much as they may have been dated back.
const DEAD_NODES: Duration = DAY.saturating_mul(8);

/// A node that has lost its runs has been dead for so long: longer than any renewal is on its way.
const BURIED: Duration = DAY;

impl<D: Dialect> Database<D> {
    pub(crate) async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let tasks = tasks(filter)?;
        let (node, until) = (Text(node.as_str()), Int(until.as_micros()));
        let values = [node, Int(now.as_micros()), MaybeText(tasks.as_deref()), until];
        if let Some(row) = self.dialect.prolong(&values).await? {
            return renewal(&row, false);
        }
        // Rarely: it was dead, or has just been started.
        let forgotten = Int(now.saturating_sub(DEAD_NODES).as_micros());
        let mut transaction = self.dialect.write().await?;
        let before = self.fetch(&mut transaction, D::STATEMENTS.node, &[node]).await?;
        self.execute(&mut transaction, D::STATEMENTS.renew, &[node, until]).await?;
        self.execute(&mut transaction, D::STATEMENTS.forget_nodes, &[forgotten]).await?;
        let found = self.fetch(&mut transaction, D::STATEMENTS.look, &values[..3]).await?;
        self.end(transaction).await?;
        let lapsed = match before.first() {
            Some(row) => row.int(0)? <= now.as_micros(),
            None => false,
        };
        renewal(&found[0], lapsed)
    }

    pub(crate) async fn take_over(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        let mut transaction = self.dialect.write().await?;
        // A search sees the nodes as they were when it began, but runs as they are when it comes to them: those
        // of a node that has come to life meanwhile look like those of nobody. Once the runs are held, they stay
        // as they are, and so do their nodes once they are buried.
        let mut orphans = self.orphans(&mut transaction, now, limit, filter).await?;
        while self.bury_dead(&mut transaction, now, &orphans).await? {
            orphans = self.orphans(&mut transaction, now, limit, filter).await?;
        }
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

    /// The runs of dead nodes, still as they are.
    async fn orphans(
        &self,
        connection: &mut D::Connection,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Vec<OrphanedRun>, StoreError> {
        let (now, limit) = (Int(now.as_micros()), rows::limit(limit));
        let found = match tasks(filter)? {
            None => self.fetch(connection, D::STATEMENTS.orphans, &[now, limit]).await?,
            Some(tasks) => {
                let values = [now, limit, Text(&tasks)];
                self.fetch(connection, D::STATEMENTS.orphans_of_tasks, &values).await?
            }
        };
        found
            .iter()
            .map(|row| {
                let record = rows::record(row)?;
                Ok(OrphanedRun { record, run: rows::run(row, rows::RECORD_COLUMNS)? })
            })
            .collect()
    }

    /// Buries the nodes of the runs that were found: one whose renewal is on its way since before its end would not be
    /// told otherwise that it comes too late. Answers whether one of them is alive after all.
    async fn bury_dead(
        &self,
        connection: &mut D::Connection,
        now: Timestamp,
        found: &[OrphanedRun],
    ) -> Result<bool, StoreError> {
        if found.is_empty() {
            return Ok(false);
        }
        let since = Int(now.saturating_sub(BURIED).as_micros());
        let now = Int(now.as_micros());
        // In one order, so that of two that bury the same nodes none waits for the other in a circle.
        let nodes: BTreeSet<&str> = found.iter().map(|orphan| orphan.run.node.as_str()).collect();
        for node in nodes {
            self.execute(connection, D::STATEMENTS.bury, &[Text(node), now, since]).await?;
        }
        let rows = self.fetch(connection, D::STATEMENTS.living, &[now]).await?;
        let living: HashSet<&str> = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        Ok(found.iter().any(|orphan| living.contains(orphan.run.node.as_str())))
    }

    pub(crate) async fn in_flight(&self, id: &JobId) -> Result<Vec<InFlightRun>, StoreError> {
        let found = self.ask(D::STATEMENTS.in_flight, &[Text(id.as_str())]).await?;
        found.iter().map(|row| rows::run(row, 0)).collect()
    }
}

/// The row of `look`, and whether the lease had lapsed.
fn renewal(row: &impl Columns, lapsed: bool) -> Result<Renewal, StoreError> {
    let instant = |column| Ok(row.maybe_int(column)?.map(Timestamp::from_micros));
    Ok(Renewal { lapsed, next_wakeup: instant(0)?, orphans: row.flag(1)?, time: instant(2)? })
}
