//! When jobs can be claimed, and nodes with the runs and claims that they have, or leave behind.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use punctual_core::{
    InFlightRun, JobRecord, NodeId, OrphanedRun, Renewal, StoreError, TakeOver, TaskFilter,
    Timestamp,
};

use crate::batch::{json, tasks};
use crate::client::Columns;
use crate::client::Value::{Int, MaybeText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::{rows, sql};

/// How long dead nodes are remembered.
const DEAD_NODES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What dead nodes have left.
struct Left {
    claims: Vec<(String, String)>,
    runs: Vec<(JobRecord, InFlightRun)>,
    taken: TakeOver,
}

impl<D: Dialect> Database<D> {
    pub(crate) async fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> Result<Option<Timestamp>, StoreError> {
        let tasks = tasks(filter)?;
        let found = self.ask(D::STATEMENTS.next_wakeup, &[MaybeText(tasks.as_deref())]).await?;
        instant(&found)
    }

    pub(crate) async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        match D::STATEMENTS.time {
            Some(time) => instant(&self.ask(time, &[]).await?),
            None => Ok(None),
        }
    }

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
        let expired = self.fetch(&mut transaction, sql::HAS_EXPIRED, &values[..2]).await?;
        self.execute(&mut transaction, D::STATEMENTS.renew, &[node, until]).await?;
        self.execute(&mut transaction, D::STATEMENTS.forget_nodes, &[forgotten]).await?;
        let found = self.fetch(&mut transaction, D::STATEMENTS.look, &values[..3]).await?;
        self.end(transaction).await?;
        renewal(&found[0], !expired.is_empty())
    }

    pub(crate) async fn take_over(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let mut transaction = self.dialect.write().await?;
        // A search sees the nodes as they were when it began, but runs and claims as they are when it comes to
        // them: those of a node that has come to life meanwhile look like those of nobody. Once they are held, they
        // stay as they are, and so do their nodes once their leases are revoked.
        let mut left = self.left(&mut transaction, now, limit, filter).await?;
        while self.revoke(&mut transaction, now, &left).await? {
            left = self.left(&mut transaction, now, limit, filter).await?;
        }
        let Left { claims, runs, mut taken } = left;
        let released: HashSet<&str> = claims.iter().map(|(id, _)| id.as_str()).collect();
        if !released.is_empty() {
            let ids = json(&released)?;
            self.execute(&mut transaction, D::STATEMENTS.release, &[Text(&ids)]).await?;
        }
        if !runs.is_empty() {
            let keys = runs.iter().map(|(job, run)| (job.id.as_str(), run.run_id.to_string()));
            let values = [Text(&json(&keys.collect::<Vec<_>>())?), Text(heir.as_str())];
            self.execute(&mut transaction, D::STATEMENTS.take_over, &values).await?;
        }
        self.end(transaction).await?;
        taken.released = released.len();
        taken.runs = runs
            .into_iter()
            .map(|(mut record, mut run)| {
                if released.contains(record.id.as_str()) {
                    record.fence = record.fence.next();
                }
                run.node = heir.clone();
                run.fence = run.fence.next();
                run.attempt = run.attempt.saturating_add(1);
                OrphanedRun::new(record, run)
            })
            .collect();
        Ok(taken)
    }

    /// What dead nodes have left, still as it is.
    async fn left(
        &self,
        connection: &mut D::Connection,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Left, StoreError> {
        let tasks = tasks(filter)?;
        let (now, tasks) = (Int(now.as_micros()), MaybeText(tasks.as_deref()));
        // One more than asked for tells whether there are more.
        let wanted = limit.saturating_add(1);
        let values = [now, rows::limit(wanted), tasks];
        let found = self.fetch(connection, D::STATEMENTS.orphaned_claims, &values).await?;
        let claims = found.iter().take(limit).map(|row| (row.raw(0), row.raw(1))).collect();
        let mut taken = TakeOver::default();
        taken.has_more = found.len() > limit;
        // What can't be read stays, and leaves its place to others.
        let mut runs = Vec::new();
        let mut asked = wanted;
        loop {
            runs.clear();
            taken.corrupt.clear();
            let values = [now, rows::limit(asked), tasks];
            let found = self.fetch(connection, D::STATEMENTS.orphans, &values).await?;
            for row in &found {
                let run = rows::run(row, &row.raw(0), rows::RECORD_COLUMNS);
                match rows::record(row).and_then(|record| Ok((record, run?))) {
                    Ok(run) => runs.push(run),
                    Err(corrupt) => taken.corrupt.push(corrupt),
                }
            }
            if found.len() < asked || runs.len() >= wanted {
                break;
            }
            asked = wanted.saturating_add(taken.corrupt.len());
        }
        taken.has_more |= runs.len() > limit;
        runs.truncate(limit);
        Ok(Left { claims, runs, taken })
    }

    /// Revokes the leases of the nodes that have left something: one whose renewal is on its way since before its
    /// end would not be told otherwise that it comes too late. Answers whether one of them is alive after all.
    async fn revoke(
        &self,
        connection: &mut D::Connection,
        now: Timestamp,
        left: &Left,
    ) -> Result<bool, StoreError> {
        // In one order, so that of two that revoke the same none waits for the other in a circle.
        let claimed = left.claims.iter().map(|(_, node)| node.as_str());
        let nodes: BTreeSet<&str> =
            left.runs.iter().map(|(_, run)| run.node.as_str()).chain(claimed).collect();
        if nodes.is_empty() {
            return Ok(false);
        }
        let now = Int(now.as_micros());
        for node in &nodes {
            self.execute(connection, sql::REVOKE, &[Text(node), now]).await?;
        }
        let living = self.fetch(connection, sql::LIVING, &[now]).await?;
        Ok(living.iter().any(|row| nodes.contains(row.raw(0).as_str())))
    }
}

/// The row of `look`, and whether the lease had expired.
fn renewal(row: &impl Columns, expired: bool) -> Result<Renewal, StoreError> {
    let instant = |column| Ok(row.maybe_int(column)?.map(Timestamp::from_micros));
    Ok(Renewal::new(expired, instant(0)?, row.flag(1)?).with_time(instant(2)?))
}

/// The instant in the first row, if there is one.
fn instant(rows: &[impl Columns]) -> Result<Option<Timestamp>, StoreError> {
    let found = rows.first().map(|row| row.maybe_int(0)).transpose()?;
    Ok(found.flatten().map(Timestamp::from_micros))
}
