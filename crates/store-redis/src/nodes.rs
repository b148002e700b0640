//! Wake-ups, leases of nodes, and the take-over from expired nodes.

use std::time::Duration;

use punctual_core::{
    NodeId, OrphanedRun, Renewal, StoreError, TakeOver, TakeOverFrom, TaskFilter, Timestamp,
};

use crate::database::{LIMIT, REPLY_BYTES, Redis};
use crate::layout;
use crate::scripts;

/// How long expired leases are kept.
const EXPIRED_LEASE_RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A caller that takes over from itself.
struct Caller {
    /// The end of its lease.
    lease: String,
    /// The runs that it knows.
    known: String,
}

impl Redis {
    pub(crate) async fn earliest(
        &self,
        filter: &TaskFilter,
    ) -> Result<Option<Timestamp>, StoreError> {
        self.read(self.call(&scripts::NEXT_WAKEUP).filter(filter)).await?.instant(0)
    }

    pub(crate) async fn renew_lease(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let call = self
            .call(&scripts::RENEW)
            .arg(node.as_str())
            .arg(layout::instant(now))
            .arg(layout::instant(until))
            .arg(layout::instant(now.saturating_sub(EXPIRED_LEASE_RETENTION)))
            .filter(filter);
        let mut reply = self.read(call).await?;
        let renewal = Renewal::new(reply.flag(0)?, reply.instant(1)?, reply.flag(2)?);
        Ok(renewal.with_time(Some(reply.time(3)?)))
    }

    pub(crate) async fn take_over_orphans(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let mut taken = TakeOver::default();
        let caller = match from {
            TakeOverFrom::Caller { until, known } => {
                Some(Caller { lease: layout::instant(*until), known: layout::known_runs(known) })
            }
            TakeOverFrom::ExpiredNodes => None,
        };
        let caller = caller.as_ref();
        self.release(node, caller, now, limit, filter, &mut taken).await?;
        // The node's own earlier runs come first: those of other nodes become its own.
        let parts: &[_] = match caller {
            Some(_) => &["caller"],
            None => &["expired caller", "expired others"],
        };
        for &of in parts {
            self.take_over_runs(node, (of, caller), now, limit, filter, &mut taken).await?;
        }
        Ok(taken)
    }

    async fn release(
        &self,
        node: &NodeId,
        caller: Option<&Caller>,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
        taken: &mut TakeOver,
    ) -> Result<(), StoreError> {
        let (of, lease) = caller.map_or(("", ""), |caller| (node.as_str(), caller.lease.as_str()));
        let mut after = Vec::new();
        while taken.released < limit {
            let call = self
                .call(&scripts::RELEASE)
                .arg(&after)
                .arg(layout::instant(now))
                .arg((limit - taken.released).min(LIMIT.count))
                .step()
                .arg(of)
                .arg(lease)
                .filter(filter);
            let mut reply = self.write(call).await?;
            taken.released += reply.number::<usize>(0)?;
            after = reply.bytes(1)?;
            if !reply.flag(2)? {
                break;
            }
            if after.is_empty() {
                return Ok(());
            }
        }
        taken.has_more = true;
        Ok(())
    }

    async fn take_over_runs(
        &self,
        node: &NodeId,
        (of, caller): (&str, Option<&Caller>),
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
        taken: &mut TakeOver,
    ) -> Result<(), StoreError> {
        let (lease, known) =
            caller.map_or(("", ""), |caller| (caller.lease.as_str(), caller.known.as_str()));
        let mut after = Vec::new();
        while taken.runs.len() < limit {
            let call = self
                .call(&scripts::TAKE_OVER)
                .arg(&after)
                .arg(layout::instant(now))
                .arg((limit - taken.runs.len()).min(LIMIT.count))
                .arg(REPLY_BYTES)
                .step()
                .arg(node.as_str())
                .arg(of)
                .arg(lease)
                .arg(known)
                .filter(filter);
            let mut reply = self.write(call).await?;
            after = reply.bytes(0)?;
            if !reply.flag(1)? {
                break;
            }
            for row in (2..reply.len()).step_by(5) {
                let (id, header) = (reply.bytes(row)?, reply.bytes(row + 1)?);
                let (definition, run) = (reply.bytes(row + 2)?, reply.bytes(row + 3)?);
                let run = layout::job(&id, &header, definition).and_then(|job| {
                    let run = layout::run(&job.record.id, run.get(1..).unwrap_or_default())?;
                    Ok(OrphanedRun::new(job.record, run))
                });
                match run {
                    Ok(run) => taken.runs.push(run),
                    Err(corrupt) => taken.corrupt.push(corrupt),
                }
            }
            if after.is_empty() {
                return Ok(());
            }
        }
        taken.has_more = true;
        Ok(())
    }
}
