//! The jobs, indexed by id and by the instant at which they can be claimed.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::time::Duration;

use hashbrown::{DefaultHashBuilder, HashTable};
use punctual_core::{
    AddOutcome, Claims, Commit, CommitOutcome, Fence, InFlightRun, JobCursor, JobId, JobRecord,
    JobRecordPage, NewRecord, NodeId, OrphanedRun, RecordUpdate, Revision, RunId, StoreError,
    StoredJob, TakeOver, TaskFilter, Timestamp,
};

/// The index of a job in `slots`. It is smaller than an id and faster to compare when many jobs are due.
pub(crate) type Slot = u32;

/// All jobs. State changes are made by `StoredJob`; this type maintains the indexes.
#[derive(Default)]
pub(crate) struct Jobs {
    slots: Vec<Option<StoredJob>>,
    free: Vec<Slot>,
    /// The slots by job id. They contain the ids, which are not kept twice.
    by_id: HashTable<Slot>,
    hasher: DefaultHashBuilder,
    /// The `due_at` of each scheduled job that is not claimed.
    due: BTreeSet<(Timestamp, Slot)>,
    /// The instant at which each claim expires.
    claimed: BTreeSet<(Timestamp, Slot)>,
    /// The jobs with runs in flight.
    running: BTreeSet<Slot>,
    /// At least the largest fence of all removed jobs, so that a job that is added again gets a larger one.
    last_fence: Fence,
}

/// The keys under which a job is in the indexes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct IndexKeys {
    at: Option<Timestamp>,
    is_claimed: bool,
    is_running: bool,
}

impl IndexKeys {
    fn of(job: &StoredJob) -> Self {
        Self {
            at: job.claimable_at(),
            is_claimed: job.claim.is_some(),
            is_running: !job.runs.is_empty(),
        }
    }
}

impl Jobs {
    pub(crate) fn add(&mut self, new: NewRecord) -> AddOutcome {
        if self.slot(&new.id).is_some() {
            return AddOutcome::Exists;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        self.last_fence = self.last_fence.next();
        let job = StoredJob::new(new, self.last_fence);
        let hash = self.hasher.hash_one(&job.record.id);
        self.insert_into_indexes(slot, IndexKeys::of(&job));
        self.slots[slot as usize] = Some(job);
        let (slots, hasher) = (&self.slots, &self.hasher);
        self.by_id.insert_unique(hash, slot, |&slot| {
            slots[slot as usize].as_ref().map_or(0, |job| hasher.hash_one(&job.record.id))
        });
        AddOutcome::Added
    }

    /// The slot of the job with this id.
    fn slot(&self, id: &JobId) -> Option<Slot> {
        let is_job = |&slot: &Slot| self.at(slot).is_some_and(|job| job.record.id == *id);
        self.by_id.find(self.hasher.hash_one(id), is_job).copied()
    }

    pub(crate) fn update(
        &mut self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.change(id, |job| job.update(expected, update))
            .unwrap_or_else(|| Err(StoreError::not_found(id)))
    }

    pub(crate) fn commit(&mut self, commit: Commit) -> CommitOutcome {
        let Commit { id, fence, action } = commit;
        let outcome = self.change(&id, |job| job.commit(fence, action));
        if outcome == Some(CommitOutcome::Removed) {
            self.remove(&id);
        }
        outcome.unwrap_or(CommitOutcome::Stale)
    }

    /// Applies a change of `StoredJob` and updates the indexes. Returns `None` if the job doesn't exist.
    fn change<T>(&mut self, id: &JobId, change: impl FnOnce(&mut StoredJob) -> T) -> Option<T> {
        let slot = self.slot(id)?;
        self.change_at(slot, change)
    }

    fn change_at<T>(&mut self, slot: Slot, change: impl FnOnce(&mut StoredJob) -> T) -> Option<T> {
        let job = self.slots.get_mut(slot as usize)?.as_mut()?;
        let before = IndexKeys::of(job);
        let result = change(job);
        let after = IndexKeys::of(job);
        if before != after {
            self.remove_from_indexes(slot, before);
            self.insert_into_indexes(slot, after);
        }
        Some(result)
    }

    fn insert_into_indexes(&mut self, slot: Slot, keys: IndexKeys) {
        if let Some(at) = keys.at {
            if keys.is_claimed { &mut self.claimed } else { &mut self.due }.insert((at, slot));
        }
        if keys.is_running {
            self.running.insert(slot);
        }
    }

    fn remove_from_indexes(&mut self, slot: Slot, keys: IndexKeys) {
        if let Some(at) = keys.at {
            if keys.is_claimed { &mut self.claimed } else { &mut self.due }.remove(&(at, slot));
        }
        if keys.is_running {
            self.running.remove(&slot);
        }
    }

    pub(crate) fn get(&self, id: &JobId) -> Option<&StoredJob> {
        self.at(self.slot(id)?)
    }

    fn at(&self, slot: Slot) -> Option<&StoredJob> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Removes a job and returns it, so that the caller can drop it after releasing the lock.
    pub(crate) fn remove(&mut self, id: &JobId) -> Option<StoredJob> {
        let slots = &self.slots;
        let is_job =
            |&slot: &Slot| slots[slot as usize].as_ref().is_some_and(|job| job.record.id == *id);
        let (slot, _) = self.by_id.find_entry(self.hasher.hash_one(id), is_job).ok()?.remove();
        let job = self.slots.get_mut(slot as usize)?.take()?;
        self.remove_from_indexes(slot, IndexKeys::of(&job));
        self.last_fence = self.last_fence.max(job.record.fence);
        self.free.push(slot);
        Some(job)
    }

    pub(crate) fn list(&self, after: Option<&JobCursor>, limit: usize) -> JobRecordPage {
        let mut rest: Vec<&JobRecord> = self
            .slots
            .iter()
            .flatten()
            .map(|job| &job.record)
            .filter(|record| after.is_none_or(|after| record_order(record) > cursor_order(after)))
            .collect();
        let more = limit > 0 && rest.len() > limit;
        if more {
            // Only the page has to be sorted.
            rest.select_nth_unstable_by(limit - 1, |a, b| record_order(a).cmp(&record_order(b)));
        }
        rest.truncate(limit);
        rest.sort_unstable_by(|a, b| record_order(a).cmp(&record_order(b)));
        let next = rest.last().filter(|_| more).map(|last| JobCursor::of(last));
        JobRecordPage::new(rest.into_iter().cloned().collect(), next)
    }

    pub(crate) fn claim_due(
        &mut self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Claims {
        let passes = |slot: Slot| self.at(slot).is_some_and(|job| filter.matches(&job.record.task));
        let reached = ..=(now, Slot::MAX);
        // One job more than the limit is searched for to determine whether there are more.
        let wanted = limit.saturating_add(1);
        let due = self.due.range(reached).copied().filter(|&(_, slot)| passes(slot)).take(wanted);
        let mut due: Vec<(Timestamp, Slot)> = due.collect();
        let expired = self.claimed.range(reached).filter(|&&(_, slot)| passes(slot));
        let expired: Vec<(Timestamp, Slot)> = expired
            .filter_map(|&(_, slot)| Some((self.at(slot)?.record.schedule?.due_at, slot)))
            .collect();
        if !expired.is_empty() {
            due.extend(expired);
            due.sort_unstable();
        }
        let more = due.len() > limit;
        due.truncate(limit);
        let claim = |(_, slot)| {
            self.change_at(slot, |job| {
                job.claim(node, now, lease);
                job.record.clone()
            })
        };
        Claims::new(due.into_iter().filter_map(claim).collect(), more)
    }

    pub(crate) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        let first = |index: &BTreeSet<(Timestamp, Slot)>| {
            let passes =
                |slot: Slot| self.at(slot).is_some_and(|job| filter.matches(&job.record.task));
            index.iter().find(|&&(_, slot)| passes(slot)).map(|&(at, _)| at)
        };
        [first(&self.due), first(&self.claimed)].into_iter().flatten().min()
    }

    /// The jobs with claims or runs whose task matches the filter.
    fn owned_jobs(&self, filter: &TaskFilter) -> impl Iterator<Item = (Slot, &StoredJob)> {
        let mut owned: BTreeSet<Slot> = self.claimed.iter().map(|&(_, slot)| slot).collect();
        owned.extend(&self.running);
        owned
            .into_iter()
            .filter_map(|slot| Some((slot, self.at(slot)?)))
            .filter(|(_, job)| filter.matches(&job.record.task))
    }

    /// Whether a node for which `is_dead` returns true owns a claim or a run.
    pub(crate) fn has_orphans(
        &self,
        filter: &TaskFilter,
        is_dead: impl Fn(&NodeId) -> bool,
    ) -> bool {
        self.owned_jobs(filter).any(|(_, job)| {
            job.claim.as_ref().is_some_and(|claim| is_dead(&claim.node))
                || job.runs.iter().any(|run| is_dead(&run.node))
        })
    }

    /// Assigns the runs of nodes for which `is_owner` returns true to `new_owner`, except those for which `is_known`
    /// returns true, and releases their claims. The previous owners are added to `owners`.
    pub(crate) fn take_over(
        &mut self,
        new_owner: &NodeId,
        limit: usize,
        filter: &TaskFilter,
        is_owner: impl Fn(&NodeId) -> bool,
        is_known: impl Fn(&InFlightRun) -> bool,
        owners: &mut Vec<NodeId>,
    ) -> TakeOver {
        let mut orphans: Vec<(Slot, RunId)> = Vec::new();
        let mut claims: BTreeSet<Slot> = BTreeSet::new();
        for (slot, job) in self.owned_jobs(filter) {
            if let Some(claim) = job.claim.as_ref().filter(|claim| is_owner(&claim.node)) {
                claims.insert(slot);
                owners.push(claim.node.clone());
            }
            for run in job.runs.iter().filter(|run| is_owner(&run.node) && !is_known(run)) {
                orphans.push((slot, run.run_id));
                owners.push(run.node.clone());
            }
        }
        let more = orphans.len() > limit || claims.len() > limit;
        let mut taken = TakeOver::default();
        taken.has_more = more;
        for slot in claims.into_iter().take(limit) {
            let released = self.change_at(slot, |job| job.release(&is_owner));
            taken.released += usize::from(released == Some(true));
        }
        for (slot, run_id) in orphans.into_iter().take(limit) {
            let run = self.change_at(slot, |job| {
                let run = job.take_over(run_id, new_owner, &is_owner)?;
                Some(OrphanedRun::new(job.record.clone(), run))
            });
            taken.runs.extend(run.flatten());
        }
        taken
    }
}

/// The sort key of a job in the list: earliest first, jobs without a time last, ties by id.
type Order<'a> = (bool, Option<Timestamp>, &'a JobId);

fn record_order(record: &JobRecord) -> Order<'_> {
    let time = record.next_run_time();
    (time.is_none(), time, &record.id)
}

fn cursor_order(cursor: &JobCursor) -> Order<'_> {
    (cursor.next_run_time.is_none(), cursor.next_run_time, &cursor.id)
}
