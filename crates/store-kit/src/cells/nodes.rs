//! Leases, and what is taken over from the dead.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Fence, InFlightRun, NodeId, NodeLease, OrphanedRun, Renewal,
    StoreError, TakeOver, TaskFilter, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::change::{Change, Target};
use super::record::Kept;
use super::scan::Scan;
use super::{Cell, CellKind, CellStore, Medium, Wanted, format};

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Serialize, Deserialize)]
struct Head {
    node: NodeId,
    until: Timestamp,
}

pub(super) fn read<M: Medium>(
    cell: &Cell<M::Version>,
) -> Result<(NodeId, NodeLease), CorruptRecord> {
    let parse = || {
        let Head { node, until } = format::read(CellKind::Node, &cell.value.head)?;
        format::check_name::<M>(CellKind::Node, cell, node.as_str())?;
        Ok((node, NodeLease { until }))
    };
    parse().map_err(|reason: String| {
        format::corrupt::<M>((CellKind::Node, CorruptKind::Node), cell, "/node", &reason)
    })
}

/// A lease that can't be read is none.
fn lease_in<M: Medium>(cell: Option<&Cell<M::Version>>) -> Option<NodeLease> {
    Some(read::<M>(cell?).ok()?.1)
}

fn write(node: &NodeId, NodeLease { until }: NodeLease) -> Change {
    Change::Write(format::value(&Head { node: node.clone(), until }), None)
}

type Leases = BTreeMap<NodeId, NodeLease>;

fn living(leases: &Leases, now: Timestamp) -> BTreeSet<NodeId> {
    let alive = leases.iter().filter(|(_, lease)| !NodeLease::is_dead(Some(**lease), now));
    alive.map(|(node, _)| node.clone()).collect()
}

/// Whether the node has been dead for a week. One that lost something has still to be told.
fn is_forgotten(lease: NodeLease, now: Timestamp) -> bool {
    lease != NodeLease::REVOKED && lease.until.saturating_add(WEEK) < now
}

/// What is to be taken of a job, as it was seen.
struct Seen {
    fence: Fence,
    claim: Option<Claim>,
    release: bool,
    runs: Vec<InFlightRun>,
}

impl<M: Medium> CellStore<M> {
    pub(super) async fn renew_lease(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renew = |_, cell: Option<&Cell<M::Version>>| {
            let expired = NodeLease::has_expired(lease_in::<M>(cell), now);
            (write(node, NodeLease { until }), expired)
        };
        let expired = self.change(CellKind::Node, vec![target::<M>(node)], renew).await?;
        let leases = self.leases().await?;
        let mut living_nodes = living(&leases, now);
        living_nodes.insert(node.clone());
        let scan = self.next_and_orphans(&living_nodes, filter).await?;
        let owners: BTreeSet<_> = scan.owners(filter).collect();
        let mut orphans = owners.iter().any(|owner| !living_nodes.contains(*owner));
        if orphans {
            // Unless they came since the leases were read.
            let living_nodes = living(&self.leases().await?, now);
            orphans = owners.iter().any(|owner| *owner != node && !living_nodes.contains(*owner));
        }
        let forgotten = leases
            .iter()
            .filter(|(node, lease)| is_forgotten(**lease, now) && !owners.contains(*node));
        self.forget(forgotten.map(|(node, _)| node).collect(), now).await?;
        let expired = expired.contains(&true);
        Ok(Renewal::new(expired, scan.next_wakeup(filter), orphans))
    }

    async fn next_and_orphans(
        &self,
        living: &BTreeSet<NodeId>,
        filter: &TaskFilter,
    ) -> Result<Scan<M::Version>, StoreError> {
        let wanted =
            |limit| vec![Wanted::Next { filter, limit }, Wanted::Orphans { living, filter }];
        self.search(1, wanted, |kept| can_be_next(kept, filter)).await
    }

    /// All leases that can be read.
    async fn leases(&self) -> Result<Leases, StoreError> {
        let cells = self.medium.list(CellKind::Node).await?;
        Ok(cells.iter().filter_map(|cell| read::<M>(cell).ok()).collect())
    }

    async fn forget(&self, nodes: Vec<&NodeId>, now: Timestamp) -> Result<(), StoreError> {
        let targets = nodes.into_iter().map(target::<M>).collect();
        let forget = |_, cell: Option<&Cell<M::Version>>| {
            let is_forgotten = lease_in::<M>(cell).is_some_and(|lease| is_forgotten(lease, now));
            (if is_forgotten { Change::Remove } else { Change::Keep }, ())
        };
        self.change(CellKind::Node, targets, forget).await.map(drop)
    }

    pub(super) async fn take_from_dead(
        &self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let living = living(&self.leases().await?, now);
        let orphans = [Wanted::Orphans { living: &living, filter }];
        let scan = Scan::of::<M>(self.medium.find(&orphans).await?.cells);
        // The leases are read once more, after the jobs: a node renews before it claims, so whoever owns what was
        // seen has one by now, if it lives.
        let owners: BTreeSet<_> = scan.owners(filter).cloned().collect();
        let dead = self.revoke(owners.difference(&living).collect(), now).await?;
        let is_dead = |node: &NodeId| dead.contains(node);

        let mut taken = TakeOver::default();
        let (mut room, mut claims) = (limit, limit);
        let (mut targets, mut plans) = (Vec::new(), Vec::new());
        for (cell, kept) in scan.jobs {
            if !filter.passes(&kept.job.record.task) {
                continue;
            }
            taken.corrupt.extend(kept.corrupt_runs.into_iter().map(|(_, corrupt)| corrupt));
            let claim = kept.job.claim;
            let holds = claim.as_ref().is_some_and(|claim| is_dead(&claim.node));
            let mut runs = kept.job.runs;
            runs.retain(|run| is_dead(&run.node));
            let release = holds && claims > 0;
            taken.has_more |= runs.len() > room || release != holds;
            runs.truncate(room);
            room -= runs.len();
            claims -= usize::from(release);
            if release || !runs.is_empty() {
                targets.push(Target::seen(cell));
                plans.push(Seen { fence: kept.job.record.fence, claim, release, runs });
            }
        }
        let take = |place: usize, job: &mut Option<_>| take(&plans[place], job, heir, is_dead);
        for outcome in self.change_jobs(targets, take).await? {
            taken.has_more |= !outcome.is_whole;
            taken.released += usize::from(outcome.released);
            taken.runs.extend(outcome.runs);
        }
        Ok(taken)
    }

    /// Those of these nodes that are dead. Their leases are revoked before anything of theirs is taken: whoever
    /// renews in between is told that it was dead, and whoever has renewed before is not among the dead.
    async fn revoke(
        &self,
        nodes: Vec<&NodeId>,
        now: Timestamp,
    ) -> Result<BTreeSet<NodeId>, StoreError> {
        let targets = nodes.iter().map(|node| target::<M>(node)).collect();
        let revoke = |place: usize, cell: Option<&Cell<M::Version>>| {
            let node = nodes[place];
            let is_dead = NodeLease::is_dead(lease_in::<M>(cell), now);
            let change = match is_dead && cell.is_some() {
                true => write(node, NodeLease::REVOKED),
                false => Change::Keep,
            };
            (change, is_dead.then(|| node.clone()))
        };
        let dead = self.change(CellKind::Node, targets, revoke).await?;
        Ok(dead.into_iter().flatten().collect())
    }
}

fn target<M: Medium>(node: &NodeId) -> Target<M::Version> {
    Target::new(M::name_of(CellKind::Node, node.as_str()))
}

/// Whether it is a job that [`Wanted::Next`] asks for.
pub(super) fn can_be_next(kept: &Kept, filter: &TaskFilter) -> bool {
    kept.job.claimable_at().is_some() && filter.passes(&kept.job.record.task)
}

/// What was taken of one job.
#[derive(Default)]
struct Taken {
    released: bool,
    runs: Vec<OrphanedRun>,
    /// Whether it is all that was to be taken.
    is_whole: bool,
}

/// Takes what was seen, and nothing else: its node may be back by now, with another claim.
fn take(
    seen: &Seen,
    job: &mut Option<super::record::Job>,
    heir: &NodeId,
    is_dead: impl Fn(&NodeId) -> bool + Copy,
) -> Taken {
    let Some(Ok(Kept { job, .. })) = job else { return Taken::default() };
    let same = job.record.fence == seen.fence && job.claim == seen.claim;
    let released = seen.release && same && job.release(is_dead);
    let mut runs = Vec::new();
    for run in &seen.runs {
        if job.runs.contains(run) {
            runs.extend(job.take_over(run.run_id, heir, is_dead));
        }
    }
    let is_whole = released == seen.release && runs.len() == seen.runs.len();
    let record = &job.record;
    let runs = runs.into_iter().map(|run| OrphanedRun::new(record.clone(), run)).collect();
    Taken { released, runs, is_whole }
}
