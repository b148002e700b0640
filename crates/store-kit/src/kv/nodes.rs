//! Leases of nodes, and the take-over from expired nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use punctual_core::{
    Claim, CorruptKind, CorruptRecord, Fence, InFlightRun, NodeId, NodeLease, OrphanedRun, Renewal,
    StoreError, TakeOver, TakeOverFrom, TaskFilter, Timestamp,
};
use serde::{Deserialize, Serialize};

use super::change::{Change, Target};
use super::record::DecodedJob;
use super::scan::JobScan;
use super::{JobQuery, KvBackend, KvEntry, KvNamespace, KvStore, format};

/// How long expired leases are kept.
const EXPIRED_LEASE_RETENTION: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Serialize, Deserialize)]
struct Header {
    node: NodeId,
    until: Timestamp,
}

pub(super) fn read<M: KvStore>(
    entry: &KvEntry<M::Version>,
) -> Result<(NodeId, NodeLease), CorruptRecord> {
    let parse = || {
        let Header { node, until } = format::read(KvNamespace::Node, &entry.value.header)?;
        format::check_key::<M>(KvNamespace::Node, entry, node.as_str())?;
        Ok((node, NodeLease { until }))
    };
    parse().map_err(|reason: String| {
        format::corrupt::<M>((KvNamespace::Node, CorruptKind::Node), entry, "/node", &reason)
    })
}

/// The lease in an entry. A corrupt lease counts as missing.
fn lease_in<M: KvStore>(entry: Option<&KvEntry<M::Version>>) -> Option<NodeLease> {
    Some(read::<M>(entry?).ok()?.1)
}

fn write(node: &NodeId, NodeLease { until }: NodeLease) -> Change {
    Change::Write(format::value(&Header { node: node.clone(), until }), None)
}

type Leases = BTreeMap<NodeId, NodeLease>;

fn live_nodes(leases: &Leases, now: Timestamp) -> BTreeSet<NodeId> {
    let live = leases.iter().filter(|(_, lease)| !NodeLease::is_dead(Some(**lease), now));
    live.map(|(node, _)| node.clone()).collect()
}

/// Whether the lease expired longer ago than the retention period. Revoked leases are kept: the next renewal of the
/// node must return `expired`.
fn is_purgeable(lease: NodeLease, now: Timestamp) -> bool {
    lease != NodeLease::REVOKED && lease.until.saturating_add(EXPIRED_LEASE_RETENTION) < now
}

/// The orphans of one job that are to be taken over, as they were read.
struct TakeoverPlan {
    fence: Fence,
    claim: Option<Claim>,
    release: bool,
    runs: Vec<InFlightRun>,
}

impl<M: KvStore> KvBackend<M> {
    pub(super) async fn renew_lease(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renew = |_, entry: Option<&KvEntry<M::Version>>| {
            let expired = NodeLease::has_expired(lease_in::<M>(entry), now);
            (write(node, NodeLease { until }), expired)
        };
        let expired = self.change(KvNamespace::Node, vec![target::<M>(node)], renew).await?;
        let leases = self.leases().await?;
        let mut live = live_nodes(&leases, now);
        live.insert(node.clone());
        let scan = self.next_and_orphans(&live, filter).await?;
        let owners: BTreeSet<_> = scan.owners(filter).collect();
        let mut orphans = owners.iter().any(|owner| !live.contains(*owner));
        if orphans {
            // The leases may have been renewed since they were read.
            let live = live_nodes(&self.leases().await?, now);
            orphans = owners.iter().any(|owner| *owner != node && !live.contains(*owner));
        }
        let purgeable = leases
            .iter()
            .filter(|(node, lease)| is_purgeable(**lease, now) && !owners.contains(*node));
        self.purge(purgeable.map(|(node, _)| node).collect(), now).await?;
        let expired = expired.contains(&true);
        Ok(Renewal::new(expired, scan.next_wakeup(filter), orphans))
    }

    async fn next_and_orphans(
        &self,
        live_nodes: &BTreeSet<NodeId>,
        filter: &TaskFilter,
    ) -> Result<JobScan<M::Version>, StoreError> {
        let queries = |limit| {
            vec![JobQuery::Next { filter, limit }, JobQuery::Orphans { live_nodes, filter }]
        };
        self.query_at_least(1, queries, |decoded| can_be_next(decoded, filter)).await
    }

    /// Returns all leases except corrupt ones.
    async fn leases(&self) -> Result<Leases, StoreError> {
        let entries = self.store.list(KvNamespace::Node).await?;
        Ok(entries.iter().filter_map(|entry| read::<M>(entry).ok()).collect())
    }

    async fn purge(&self, nodes: Vec<&NodeId>, now: Timestamp) -> Result<(), StoreError> {
        let targets = nodes.into_iter().map(target::<M>).collect();
        let purge = |_, entry: Option<&KvEntry<M::Version>>| {
            let is_purgeable = lease_in::<M>(entry).is_some_and(|lease| is_purgeable(lease, now));
            (if is_purgeable { Change::Remove } else { Change::Keep }, ())
        };
        self.change(KvNamespace::Node, targets, purge).await.map(drop)
    }

    pub(super) async fn take_over_orphans(
        &self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        let mut taken = TakeOver::default();
        let leases = self.leases().await?;
        if !from.is_current(leases.get(new_owner).copied()) {
            taken.has_more = true;
            return Ok(taken);
        }
        let others: BTreeSet<_> = match from {
            TakeOverFrom::ExpiredNodes => live_nodes(&leases, now),
            TakeOverFrom::Caller { .. } => {
                leases.into_keys().filter(|node| node != new_owner).collect()
            }
        };
        let orphans = [JobQuery::Orphans { live_nodes: &others, filter }];
        let result = self.store.query_jobs(&orphans).await?;
        let scan = JobScan::of::<M>(result.entries);
        let owners = match from {
            // The leases are read again after the jobs. A node renews its lease before it claims, so every live owner of
            // a job read above has a valid lease by now.
            TakeOverFrom::ExpiredNodes => {
                let owners: BTreeSet<_> = scan.owners(filter).cloned().collect();
                self.revoke(owners.difference(&others).collect(), now).await?
            }
            TakeOverFrom::Caller { .. } => BTreeSet::from([new_owner.clone()]),
        };
        let is_owner = |node: &NodeId| owners.contains(node);

        taken.has_more = !result.is_complete;
        let (mut max_runs, mut max_claims) = (limit, limit);
        let (mut targets, mut plans) = (Vec::new(), Vec::new());
        for (entry, decoded) in scan.jobs {
            if !filter.matches(&decoded.job.record.task) {
                continue;
            }
            taken.corrupt.extend(decoded.corrupt_runs.into_iter().map(|(_, corrupt)| corrupt));
            let claim = decoded.job.claim;
            let owns_claim = claim.as_ref().is_some_and(|claim| is_owner(&claim.node));
            let mut runs = decoded.job.runs;
            runs.retain(|run| is_owner(&run.node) && !from.is_known(run));
            let release = owns_claim && max_claims > 0;
            taken.has_more |= runs.len() > max_runs || release != owns_claim;
            runs.truncate(max_runs);
            max_runs -= runs.len();
            max_claims -= usize::from(release);
            if release || !runs.is_empty() {
                targets.push(Target::loaded(entry));
                plans.push(TakeoverPlan { fence: decoded.job.record.fence, claim, release, runs });
            }
        }
        let apply = |index: usize, job: &mut Option<_>| {
            apply_takeover(&plans[index], job, new_owner, is_owner)
        };
        for outcome in self.change_jobs(targets, apply).await? {
            taken.has_more |= !outcome.is_complete;
            taken.released += usize::from(outcome.released);
            taken.runs.extend(outcome.runs);
        }
        Ok(taken)
    }

    /// Revokes the leases of the nodes that have expired, and returns these nodes. Leases are revoked before anything
    /// is taken over. A renewal after the revocation returns `expired`; a node that renewed before it is not in the
    /// result.
    async fn revoke(
        &self,
        nodes: Vec<&NodeId>,
        now: Timestamp,
    ) -> Result<BTreeSet<NodeId>, StoreError> {
        let targets = nodes.iter().map(|node| target::<M>(node)).collect();
        let revoke = |index: usize, entry: Option<&KvEntry<M::Version>>| {
            let node = nodes[index];
            let is_dead = NodeLease::is_dead(lease_in::<M>(entry), now);
            let change = match is_dead && entry.is_some() {
                true => write(node, NodeLease::REVOKED),
                false => Change::Keep,
            };
            (change, is_dead.then(|| node.clone()))
        };
        let dead = self.change(KvNamespace::Node, targets, revoke).await?;
        Ok(dead.into_iter().flatten().collect())
    }
}

fn target<M: KvStore>(node: &NodeId) -> Target<M::Version> {
    Target::new(M::storage_key(KvNamespace::Node, node.as_str()))
}

/// Whether the job matches [`JobQuery::Next`].
pub(super) fn can_be_next(decoded: &DecodedJob, filter: &TaskFilter) -> bool {
    decoded.job.claimable_at().is_some() && filter.matches(&decoded.job.record.task)
}

/// The result of the take-over for one job.
#[derive(Default)]
struct TakeoverOutcome {
    released: bool,
    runs: Vec<OrphanedRun>,
    /// Whether all planned orphans were taken over.
    is_complete: bool,
}

/// Takes over only the claim and the runs that were read before; the node may have restarted with a new claim since.
fn apply_takeover(
    plan: &TakeoverPlan,
    job: &mut Option<super::record::DecodeResult>,
    new_owner: &NodeId,
    is_owner: impl Fn(&NodeId) -> bool + Copy,
) -> TakeoverOutcome {
    let Some(Ok(DecodedJob { job, .. })) = job else { return TakeoverOutcome::default() };
    let is_unchanged = job.record.fence == plan.fence && job.claim == plan.claim;
    let released = plan.release && is_unchanged && job.release(is_owner);
    let mut runs = Vec::new();
    for run in &plan.runs {
        if job.runs.contains(run) {
            runs.extend(job.take_over(run.run_id, new_owner, is_owner));
        }
    }
    let is_complete = released == plan.release && runs.len() == plan.runs.len();
    let record = &job.record;
    let runs = runs.into_iter().map(|run| OrphanedRun::new(record.clone(), run)).collect();
    TakeoverOutcome { released, runs, is_complete }
}
