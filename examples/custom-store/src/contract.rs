//! The contract of stores, operation by operation.

use std::collections::HashSet;
use std::time::Duration;

use punctual_core::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cells::name_of;
use crate::record::{self, Found, Kept};
use crate::store::{FolderJobStore, Scan};

/// By which rules the files are written; other rules have another number.
const LAYOUT: u64 = 1;

const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

impl JobStore for FolderJobStore {
    fn caps(&self) -> StoreCaps {
        // No more in one call than it carries out while a lease lasts, on a slow disk too.
        StoreCaps::shared().with_max_batch(BatchLimit { count: 100, bytes: 1 << 20 })
    }

    async fn start(&self) -> Result<(), StoreError> {
        self.jobs.create().await?;
        self.shared.create().await?;
        let layout =
            self.change_map("layout", |map| map.entry("layout").or_insert(LAYOUT.into()).clone());
        match layout.await?.as_u64() {
            Some(LAYOUT) => Ok(()),
            other => {
                let message = format!("the folder has layout {other:?}, this store knows {LAYOUT}");
                Err(StoreError::new(StoreErrorKind::Unsupported, message))
            }
        }
    }

    async fn shutdown(&self) {}

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        let mut outcomes = Vec::new();
        for new in records {
            let add = |found: &mut Option<Found>| {
                if found.is_some() {
                    return AddOutcome::Exists;
                }
                let job = StoredJob::new(new.clone(), Fence::random());
                *found = Some(Ok(Kept { job, corrupt_runs: Vec::new() }));
                AddOutcome::Added
            };
            outcomes.push(self.change(&new.id, add).await?);
        }
        Ok(outcomes)
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let update = |found: &mut Option<Found>| match found {
            Some(Ok(kept)) => kept.job.update(expected, update.clone()),
            Some(Err(corrupt)) => Err(unreadable(corrupt)),
            None => Err(StoreError::not_found(id)),
        };
        self.change(id, update).await?
    }

    async fn remove(&self, ids: &[JobId]) -> Result<Vec<bool>, StoreError> {
        let mut removed = Vec::new();
        for id in ids {
            removed.push(self.change(id, |found| found.take().is_some()).await?);
        }
        Ok(removed)
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        let name = name_of(id.as_str());
        let Some(value) = self.jobs.read(&name).await? else { return Ok(None) };
        let kept = record::read(&name, &value).map_err(|corrupt| unreadable(&corrupt))?;
        match kept.corrupt_runs.first() {
            Some((_, corrupt)) => Err(unreadable(corrupt)),
            None => Ok(Some(kept.job)),
        }
    }

    async fn list(&self, after: Option<&JobCursor>, limit: usize) -> Result<JobPage, StoreError> {
        let Scan { kept, corrupt } = self.scan().await?;
        let mut records: Vec<_> = kept.into_iter().map(|kept| kept.job.record).collect();
        records.retain(|record| after.is_none_or(|after| JobCursor::of(record) > *after));
        records.sort_by_cached_key(JobCursor::of);
        let more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| more).map(JobCursor::of);
        // Nobody knows where they would stand: they are on the first page.
        let corrupt = if after.is_none() { corrupt } else { Vec::new() };
        Ok(JobPage { records, next, corrupt })
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let scan = self.scan().await?;
        let passing = scan.passing(filter).map(|kept| &kept.job);
        let mut due: Vec<_> = passing.filter(|job| job.is_claimable(now)).collect();
        due.sort_by_key(|job| job.record.schedule.map(|schedule| schedule.due_at));
        let mut claims = Claims { more: due.len() > limit, ..Claims::default() };
        for seen in due.into_iter().take(limit) {
            let claim = |job: &mut StoredJob| {
                // Somebody else may have been quicker since it was seen.
                (job.is_claimable(now) && filter.passes(&job.record.task)).then(|| {
                    job.claim(node, now, lease);
                    job.record.clone()
                })
            };
            let claimed = self.change_job(&seen.record.id, claim).await?.flatten();
            claims.more |= claimed.is_none();
            claims.records.extend(claimed);
        }
        claims.corrupt = scan.corrupt;
        Ok(claims)
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let mut outcomes = Vec::new();
        for commit in batch.commits {
            let carry_out = |found: &mut Option<Found>| {
                let Some(Ok(kept)) = found else { return CommitOutcome::Stale };
                let outcome = kept.job.commit(commit.fence, commit.action.clone());
                if outcome == CommitOutcome::Removed {
                    *found = None;
                }
                outcome
            };
            outcomes.push(self.change(&commit.id, carry_out).await?);
        }
        Ok(outcomes)
    }

    async fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Result<Renewal, StoreError> {
        let renew = |leases: &mut Leases| {
            let expired = NodeLease::has_expired(lease_of(leases, node), now);
            leases.insert(node.to_string(), json!(NodeLease { until }));
            leases.retain(|_, lease| !is_forgotten(lease, now));
            expired
        };
        let expired = self.change_map("nodes", renew).await?;
        let scan = self.scan().await?;
        let leases = self.change_map("nodes", |leases| leases.clone()).await?;
        let is_dead = |owner: &NodeId| NodeLease::is_dead(lease_of(&leases, owner), now);
        let orphans = scan.owners(filter).any(|owner| owner != node && is_dead(owner));
        Ok(Renewal { expired, next_wakeup: scan.next_wakeup(filter), orphans, time: None })
    }

    async fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Result<TakeOver, StoreError> {
        // First the jobs, then the leases: a node renews before it claims, so whoever owns what was seen has one.
        let scan = self.scan().await?;
        // First the leases are revoked, then something is taken: whoever renews in between is told that it was
        // dead, and whoever has renewed before is not among the dead.
        let revoke = |leases: &mut Leases| {
            let is_dead = |owner: &&NodeId| NodeLease::is_dead(lease_of(leases, owner), now);
            let dead: HashSet<&NodeId> = scan.owners(filter).filter(is_dead).collect();
            for owner in &dead {
                if let Some(lease) = leases.get_mut(owner.as_str()) {
                    *lease = json!(NodeLease::REVOKED);
                }
            }
            dead
        };
        let dead = self.change_map("nodes", revoke).await?;
        let is_dead = |node: &NodeId| dead.contains(node);

        let mut taken = TakeOver::default();
        for kept in scan.passing(filter) {
            taken.corrupt.extend(kept.corrupt_runs.iter().map(|(_, corrupt)| corrupt.clone()));
            let seen = &kept.job;
            let holds = seen.claim.as_ref().is_some_and(|claim| is_dead(&claim.node));
            let runs: Vec<_> = seen.runs.iter().filter(|run| is_dead(&run.node)).collect();
            if runs.is_empty() && !holds {
                continue;
            }
            // What was seen is taken, and nothing else: its node may be back by now, with another claim.
            let room = limit - taken.runs.len();
            let take = |job: &mut StoredJob| {
                let same = job.record.fence == seen.record.fence && job.claim == seen.claim;
                let released = same && taken.released < limit && job.release(is_dead);
                let runs = runs.iter().take(room).filter(|run| job.runs.contains(run));
                let runs: Vec<_> = runs.map(|run| run.run_id).collect();
                let runs = runs.into_iter().filter_map(|run| job.take_over(run, node, is_dead));
                (released, runs.collect::<Vec<_>>(), job.record.clone())
            };
            let Some((released, mine, record)) = self.change_job(&seen.record.id, take).await?
            else {
                continue;
            };
            // Beyond the limit, or changed since it was seen.
            taken.more |= mine.len() < runs.len() || released != holds;
            taken.released += usize::from(released);
            let orphan = |run| OrphanedRun { record: record.clone(), run };
            taken.runs.extend(mine.into_iter().map(orphan));
        }
        Ok(taken)
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.scan().await?.next_wakeup(filter))
    }

    async fn metadata(&self) -> Result<Metadata, StoreError> {
        let mut metadata = Metadata::default();
        for (key, value) in self.change_map("metadata", |map| map.clone()).await? {
            match value {
                Value::String(value) if is_key(&key) => metadata.values.push((key, value)),
                value => {
                    let reason = format!("key {key:?} or value {value} can't be");
                    metadata.corrupt.push(CorruptRecord::new(CorruptKind::Metadata, key, reason));
                }
            }
        }
        Ok(metadata)
    }

    async fn set_metadata(&self, key: &str, value: &str) -> Result<(), StoreError> {
        self.change_map("metadata", |map| map.insert(key.to_owned(), value.into())).await?;
        Ok(())
    }

    async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        if record.kind == CorruptKind::Metadata {
            let key = &record.key;
            let remove = |map: &mut Map<String, Value>| {
                let can_be = map.get(key).is_none_or(|value| is_key(key) && value.is_string());
                !can_be && map.remove(key).is_some()
            };
            return self.change_map("metadata", remove).await;
        }
        let is_it = |other: &CorruptRecord| other.kind == record.kind && other.key == record.key;
        let mut discarded = false;
        for (name, _) in self.jobs.all().await? {
            let discard = |found: &mut Option<Found>| match found {
                Some(Err(corrupt)) if is_it(corrupt) => found.take().is_some(),
                Some(Ok(kept)) => {
                    let before = kept.corrupt_runs.len();
                    kept.corrupt_runs.retain(|(_, corrupt)| !is_it(corrupt));
                    kept.corrupt_runs.len() < before
                }
                _ => false,
            };
            discarded |= self.change_cell(&name, discard).await?;
        }
        Ok(discarded)
    }
}

/// It keeps no history of runs.
impl RunHistory for FolderJobStore {}

/// It takes part in nobody's transactions.
impl TransactionalJobs for FolderJobStore {}

/// The lease of each node, by its name.
type Leases = Map<String, Value>;

/// A lease that can't be read is none.
fn lease_of(leases: &Leases, node: &NodeId) -> Option<NodeLease> {
    NodeLease::deserialize(leases.get(node.as_str())?).ok()
}

/// Whether the node has been dead for a week. One that lost something has still to be told.
fn is_forgotten(lease: &Value, now: Timestamp) -> bool {
    let lease = NodeLease::deserialize(lease).unwrap_or(NodeLease::REVOKED);
    lease != NodeLease::REVOKED && lease.until.saturating_add(WEEK) < now
}

fn is_key(key: &str) -> bool {
    (1..=255).contains(&key.len())
}

fn unreadable(corrupt: &CorruptRecord) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, corrupt.to_string())
}
