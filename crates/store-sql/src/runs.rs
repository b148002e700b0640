//! Wake-ups, leases of nodes, and take-over of runs and claims.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use punctual_core::{
    InFlightRun, JobRecord, NodeId, OrphanedRun, Renewal, StoreError, TakeOver, TakeOverFrom,
    TaskFilter, Timestamp,
};

use crate::batch::{json, tasks};
use crate::client::SqlRow;
use crate::client::Value::{Int, NullableText, Text};
use crate::database::Database;
use crate::dialect::Dialect;
use crate::{rows, sql};

/// How long expired leases are kept.
const EXPIRED_LEASE_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Claims and runs of expired nodes.
struct Orphans {
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
        let found =
            self.query(D::STATEMENTS.next_wakeup, &[NullableText(tasks.as_deref())]).await?;
        instant(&found)
    }

    pub(crate) async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        match D::STATEMENTS.time {
            Some(time) => instant(&self.query(time, &[]).await?),
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
        let values = [node, Int(now.as_micros()), NullableText(tasks.as_deref()), until];
        if let Some(row) = self.dialect.renew_lease(&values).await? {
            return renewal(&row, false);
        }
        // Rare: the lease has expired, or the node has just been started.
        let purge_before = Int(now.saturating_sub(EXPIRED_LEASE_RETENTION).as_micros());
        let mut transaction = self.dialect.write().await?;
        let expired = self.fetch(&mut transaction, sql::HAS_EXPIRED, &values[..2]).await?;
        self.execute(&mut transaction, D::STATEMENTS.renew, &[node, until]).await?;
        self.execute(&mut transaction, D::STATEMENTS.purge_nodes, &[purge_before]).await?;
        let found =
            self.fetch(&mut transaction, D::STATEMENTS.renewal_status, &values[..3]).await?;
        self.commit(transaction).await?;
        renewal(&found[0], !expired.is_empty())
    }

    pub(crate) async fn take_over(
        &self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let mut transaction = self.dialect.write().await?;
        if let TakeOverFrom::Caller { until, .. } = from {
            let values = [Text(new_owner.as_str()), Int(until.as_micros())];
            self.execute(&mut transaction, sql::LOCK_LEASE, &values[..1]).await?;
            if self.fetch(&mut transaction, sql::HAS_LEASE, &values).await?.is_empty() {
                let mut nothing = TakeOver::default();
                nothing.has_more = true;
                return Ok(nothing);
            }
        }
        let select = async |transaction: &mut D::Connection| {
            self.select_orphans(transaction, (new_owner, from), now, limit, filter).await
        };
        let mut orphans = select(&mut transaction).await?;
        // A statement reads the leases from its snapshot but locks the current version of runs and claims; a node that
        // renewed its lease in between would appear expired. Therefore the rows are locked, then the leases are
        // revoked, and the search is repeated if one of the nodes has a valid lease.
        while *from == TakeOverFrom::ExpiredNodes
            && self.revoke(&mut transaction, now, &orphans).await?
        {
            orphans = select(&mut transaction).await?;
        }
        let Orphans { claims, runs, mut taken } = orphans;
        let released: HashSet<&str> = claims.iter().map(|(id, _)| id.as_str()).collect();
        if !released.is_empty() {
            let ids = json(&released)?;
            self.execute(&mut transaction, D::STATEMENTS.release, &[Text(&ids)]).await?;
        }
        if !runs.is_empty() {
            let keys = runs.iter().map(|(job, run)| (job.id.as_str(), run.run_id.to_string()));
            let values = [Text(&json(&keys.collect::<Vec<_>>())?), Text(new_owner.as_str())];
            self.execute(&mut transaction, D::STATEMENTS.take_over, &values).await?;
        }
        self.commit(transaction).await?;
        taken.released = released.len();
        taken.runs = runs
            .into_iter()
            .map(|(mut record, mut run)| {
                if released.contains(record.id.as_str()) {
                    record.fence = record.fence.next();
                }
                run.node = new_owner.clone();
                run.fence = run.fence.next();
                run.attempt = run.attempt.saturating_add(1);
                OrphanedRun::new(record, run)
            })
            .collect();
        Ok(taken)
    }

    /// Selects and locks the claims and runs that the caller takes over.
    async fn select_orphans(
        &self,
        connection: &mut D::Connection,
        (caller, from): (&NodeId, &TakeOverFrom),
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<Orphans, StoreError> {
        let tasks = tasks(filter)?;
        let (now, tasks) = (Int(now.as_micros()), NullableText(tasks.as_deref()));
        let of = Text(match from {
            TakeOverFrom::Caller { .. } => caller.as_str(),
            TakeOverFrom::ExpiredNodes => "",
        });
        // One row more than the limit is selected to determine whether there are more.
        let max_rows = limit.saturating_add(1);
        let values = [now, rows::limit(max_rows), tasks, of];
        let found = self.fetch(connection, D::STATEMENTS.orphaned_claims, &values).await?;
        let claims =
            found.iter().take(limit).map(|row| (row.lossy_text(0), row.lossy_text(1))).collect();
        let mut taken = TakeOver::default();
        taken.has_more = found.len() > limit;
        // Corrupt runs and those that the caller knows are not taken over, so the limit is increased by their number.
        let mut runs = Vec::new();
        let max_rows_and_known = max_rows.saturating_add(match from {
            TakeOverFrom::Caller { known, .. } => known.len(),
            TakeOverFrom::ExpiredNodes => 0,
        });
        let mut row_limit = max_rows_and_known;
        loop {
            runs.clear();
            taken.corrupt.clear();
            let values = [now, rows::limit(row_limit), tasks, of];
            let found = self.fetch(connection, D::STATEMENTS.orphans, &values).await?;
            for row in &found {
                let run = rows::run(row, &row.lossy_text(0), rows::RECORD_COLUMNS);
                match rows::record(row).and_then(|record| Ok((record, run?))) {
                    Ok((_, run)) if from.is_known(&run) => {}
                    Ok(run) => runs.push(run),
                    Err(corrupt) => taken.corrupt.push(corrupt),
                }
            }
            if found.len() < row_limit || runs.len() >= max_rows {
                break;
            }
            row_limit = max_rows_and_known.saturating_add(taken.corrupt.len());
        }
        taken.has_more |= runs.len() > limit;
        runs.truncate(limit);
        Ok(Orphans { claims, runs, taken })
    }

    /// Revokes the leases of the owners. Otherwise a renewal that was sent before the expiry would succeed without
    /// returning `expired`. Returns whether one of the owners has a valid lease after all.
    async fn revoke(
        &self,
        connection: &mut D::Connection,
        now: Timestamp,
        orphans: &Orphans,
    ) -> Result<bool, StoreError> {
        // In sorted order, so that concurrent revocations of the same nodes can't deadlock.
        let claimed = orphans.claims.iter().map(|(_, node)| node.as_str());
        let nodes: BTreeSet<&str> =
            orphans.runs.iter().map(|(_, run)| run.node.as_str()).chain(claimed).collect();
        if nodes.is_empty() {
            return Ok(false);
        }
        let now = Int(now.as_micros());
        for node in &nodes {
            self.execute(connection, sql::REVOKE, &[Text(node), now]).await?;
        }
        let live = self.fetch(connection, sql::LIVE_NODES, &[now]).await?;
        Ok(live.iter().any(|row| nodes.contains(row.lossy_text(0).as_str())))
    }
}

/// Converts the row of `renewal_status`. `expired` is whether the lease had expired.
fn renewal(row: &impl SqlRow, expired: bool) -> Result<Renewal, StoreError> {
    let instant = |column| Ok(row.nullable_int(column)?.map(Timestamp::from_micros));
    Ok(Renewal::new(expired, instant(0)?, row.bool(1)?).with_time(instant(2)?))
}

/// The instant in the first row, or `None`.
fn instant(rows: &[impl SqlRow]) -> Result<Option<Timestamp>, StoreError> {
    let found = rows.first().map(|row| row.nullable_int(0)).transpose()?;
    Ok(found.flatten().map(Timestamp::from_micros))
}
