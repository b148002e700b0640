//! The records, by id and by the instant at which they can be claimed.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use punctual_core::{
    AddOutcome, Claims, Commit, CommitOutcome, Fence, JobCursor, JobId, JobPage, JobRecord,
    NewRecord, NodeId, OrphanedRun, RecordUpdate, Revision, RunId, StoreError, StoredJob, TakeOver,
    TaskFilter, Timestamp,
};

/// The place of a record: smaller than its id, and quicker to compare when many jobs are due at once.
pub(crate) type Slot = u32;

/// All records, each changed by the model alone; what is here are the indexes.
#[derive(Default)]
pub(crate) struct Jobs {
    slots: Vec<Option<StoredJob>>,
    free: Vec<Slot>,
    by_id: HashMap<JobId, Slot>,
    /// The `due_at` of each job that has one and that nobody has claimed.
    due: BTreeSet<(Timestamp, Slot)>,
    /// When the lease of each claim expires.
    claimed: BTreeSet<(Timestamp, Slot)>,
    /// The jobs that have runs in flight.
    running: BTreeSet<Slot>,
    /// None is smaller than a fence that a removed job had: one that is added under its id gets no old one.
    last_fence: Fence,
}

/// Where a record stands in the indexes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Place {
    at: Option<Timestamp>,
    is_claimed: bool,
    is_running: bool,
}

impl Place {
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
        if self.by_id.contains_key(&new.id) {
            return AddOutcome::Exists;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Slot
        });
        self.last_fence = self.last_fence.next();
        let job = StoredJob::new(new, self.last_fence);
        self.by_id.insert(job.record.id.clone(), slot);
        self.enter(slot, Place::of(&job));
        self.slots[slot as usize] = Some(job);
        AddOutcome::Added
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

    /// Lets the model change a job, and the indexes follow; none when there is no such job.
    fn change<T>(&mut self, id: &JobId, change: impl FnOnce(&mut StoredJob) -> T) -> Option<T> {
        let slot = *self.by_id.get(id)?;
        self.change_at(slot, change)
    }

    fn change_at<T>(&mut self, slot: Slot, change: impl FnOnce(&mut StoredJob) -> T) -> Option<T> {
        let job = self.slots.get_mut(slot as usize)?.as_mut()?;
        let before = Place::of(job);
        let result = change(job);
        let after = Place::of(job);
        if before != after {
            self.leave(slot, before);
            self.enter(slot, after);
        }
        Some(result)
    }

    fn enter(&mut self, slot: Slot, place: Place) {
        if let Some(at) = place.at {
            if place.is_claimed { &mut self.claimed } else { &mut self.due }.insert((at, slot));
        }
        if place.is_running {
            self.running.insert(slot);
        }
    }

    fn leave(&mut self, slot: Slot, place: Place) {
        if let Some(at) = place.at {
            if place.is_claimed { &mut self.claimed } else { &mut self.due }.remove(&(at, slot));
        }
        if place.is_running {
            self.running.remove(&slot);
        }
    }

    pub(crate) fn get(&self, id: &JobId) -> Option<&StoredJob> {
        self.at(*self.by_id.get(id)?)
    }

    fn at(&self, slot: Slot) -> Option<&StoredJob> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// Takes a job out, for the caller to drop.
    pub(crate) fn remove(&mut self, id: &JobId) -> Option<StoredJob> {
        let slot = self.by_id.remove(id)?;
        let job = self.slots.get_mut(slot as usize)?.take()?;
        self.leave(slot, Place::of(&job));
        self.last_fence = self.last_fence.max(job.record.fence);
        self.free.push(slot);
        Some(job)
    }

    pub(crate) fn list(&self, after: Option<&JobCursor>, limit: usize) -> JobPage {
        let mut rest: Vec<&JobRecord> = self
            .slots
            .iter()
            .flatten()
            .map(|job| &job.record)
            .filter(|record| after.is_none_or(|after| order(record) > order_of(after)))
            .collect();
        let more = limit > 0 && rest.len() > limit;
        if more {
            // Only the page itself has to be sorted.
            rest.select_nth_unstable_by(limit - 1, |a, b| order(a).cmp(&order(b)));
        }
        rest.truncate(limit);
        rest.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        let next = rest.last().filter(|_| more).map(|last| JobCursor::of(last));
        JobPage::new(rest.into_iter().cloned().collect(), next)
    }

    pub(crate) fn claim_due(
        &mut self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Claims {
        let passes = |slot: Slot| self.at(slot).is_some_and(|job| filter.passes(&job.record.task));
        let reached = ..=(now, Slot::MAX);
        // One more than asked for tells whether there is more.
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
                |slot: Slot| self.at(slot).is_some_and(|job| filter.passes(&job.record.task));
            index.iter().find(|&&(_, slot)| passes(slot)).map(|&(at, _)| at)
        };
        [first(&self.due), first(&self.claimed)].into_iter().flatten().min()
    }

    /// The jobs with claims or runs, whose task passes the filter.
    fn held(&self, filter: &TaskFilter) -> impl Iterator<Item = (Slot, &StoredJob)> {
        let mut held: BTreeSet<Slot> = self.claimed.iter().map(|&(_, slot)| slot).collect();
        held.extend(&self.running);
        held.into_iter()
            .filter_map(|slot| Some((slot, self.at(slot)?)))
            .filter(|(_, job)| filter.passes(&job.record.task))
    }

    /// Whether any claim or run is one of the nodes that `is_dead` names.
    pub(crate) fn has_orphans(
        &self,
        filter: &TaskFilter,
        is_dead: impl Fn(&NodeId) -> bool,
    ) -> bool {
        self.held(filter).any(|(_, job)| {
            job.claim.as_ref().is_some_and(|claim| is_dead(&claim.node))
                || job.runs.iter().any(|run| is_dead(&run.node))
        })
    }

    /// Gives the runs of dead nodes to `heir` and releases their claims. The nodes that have lost something are
    /// put into `losers`.
    pub(crate) fn take_over(
        &mut self,
        heir: &NodeId,
        limit: usize,
        filter: &TaskFilter,
        is_dead: impl Fn(&NodeId) -> bool,
        losers: &mut Vec<NodeId>,
    ) -> TakeOver {
        let mut orphans: Vec<(Slot, RunId)> = Vec::new();
        let mut claims: BTreeSet<Slot> = BTreeSet::new();
        for (slot, job) in self.held(filter) {
            if let Some(claim) = job.claim.as_ref().filter(|claim| is_dead(&claim.node)) {
                claims.insert(slot);
                losers.push(claim.node.clone());
            }
            for run in job.runs.iter().filter(|run| is_dead(&run.node)) {
                orphans.push((slot, run.run_id));
                losers.push(run.node.clone());
            }
        }
        let more = orphans.len() > limit || claims.len() > limit;
        let mut taken = TakeOver::default();
        taken.has_more = more;
        for slot in claims.into_iter().take(limit) {
            let released = self.change_at(slot, |job| job.release(&is_dead));
            taken.released += usize::from(released == Some(true));
        }
        for (slot, run_id) in orphans.into_iter().take(limit) {
            let run = self.change_at(slot, |job| {
                let run = job.take_over(run_id, heir, &is_dead)?;
                Some(OrphanedRun::new(job.record.clone(), run))
            });
            taken.runs.extend(run.flatten());
        }
        taken
    }
}

/// Where a record stands in the list: soonest first, those without a time last, ties by id.
type Order<'a> = (bool, Option<Timestamp>, &'a JobId);

fn order(record: &JobRecord) -> Order<'_> {
    let time = record.next_run_time();
    (time.is_none(), time, &record.id)
}

fn order_of(cursor: &JobCursor) -> Order<'_> {
    (cursor.next_run_time.is_none(), cursor.next_run_time, &cursor.id)
}
