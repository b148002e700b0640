//! The records, by id and by the instant at which they are due.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use punctual_core::{
    AddOutcome, Claim, Fence, JobCursor, JobId, JobPage, JobRecord, NewRecord, RecordUpdate,
    Revision, Schedule, StoreError, TaskFilter, Timestamp,
};

/// The place of a record: smaller than its id, and quicker to compare when many jobs are due at once.
pub(crate) type Slot = u32;

/// All records. `due` holds the `due_at` of each record that has one; only [`reschedule`] and the
/// methods that add and remove records touch it.
///
/// [`reschedule`]: Jobs::reschedule
#[derive(Default)]
pub(crate) struct Jobs {
    slots: Vec<Option<JobRecord>>,
    free: Vec<Slot>,
    by_id: HashMap<JobId, Slot>,
    due: BTreeSet<(Timestamp, Slot)>,
    /// One counter for all jobs: a job that comes back under an old id gets no old fence.
    last_fence: Fence,
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
        if let Some(schedule) = new.schedule {
            self.due.insert((schedule.due_at, slot));
        }
        self.by_id.insert(new.id.clone(), slot);
        self.slots[slot as usize] = Some(JobRecord {
            id: new.id,
            task: new.task,
            definition: new.definition,
            revision: Revision::FIRST,
            fence: self.next_fence(),
            schedule: new.schedule,
            fire_count: 0,
            finished: false,
            in_flight: 0,
        });
        AddOutcome::Added
    }

    pub(crate) fn update(
        &mut self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let slot = self.find(id).ok_or_else(|| StoreError::not_found(id))?;
        let record = self.at_mut(slot).ok_or_else(|| StoreError::not_found(id))?;
        let run_time = record.next_run_time();
        let has_run = update.expected_run_time.is_some_and(|expected| expected != run_time);
        if record.revision != expected || has_run {
            return Err(StoreError::conflict(id));
        }
        record.revision = record.revision.next();
        if let Some((task, definition)) = update.definition {
            record.task = task;
            record.definition = definition;
        }
        if update.restart {
            record.fire_count = 0;
        }
        let revision = record.revision;
        self.release(slot);
        if let Some(schedule) = update.schedule {
            self.reschedule(slot, schedule);
        }
        Ok(revision)
    }

    /// Raises the fence and ends a claim: the job is due at its run time again.
    pub(crate) fn release(&mut self, slot: Slot) {
        let fence = self.next_fence();
        let Some(record) = self.at_mut(slot) else {
            return;
        };
        record.fence = fence;
        let unclaimed = record.schedule.map(|schedule| Schedule::at(schedule.next_run_time));
        self.reschedule(slot, unclaimed);
    }

    pub(crate) fn get(&self, id: &JobId) -> Option<&JobRecord> {
        self.at(self.find(id)?)
    }

    pub(crate) fn find(&self, id: &JobId) -> Option<Slot> {
        self.by_id.get(id).copied()
    }

    pub(crate) fn at(&self, slot: Slot) -> Option<&JobRecord> {
        self.slots.get(slot as usize)?.as_ref()
    }

    /// For changes of anything but the schedule, which is [`reschedule`](Self::reschedule)'s.
    pub(crate) fn at_mut(&mut self, slot: Slot) -> Option<&mut JobRecord> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    /// Gives a record another schedule; one that gets a time is finished no more.
    pub(crate) fn reschedule(&mut self, slot: Slot, schedule: Option<Schedule>) {
        let Some(record) = self.slots.get_mut(slot as usize).and_then(Option::as_mut) else {
            return;
        };
        if let Some(old) = std::mem::replace(&mut record.schedule, schedule) {
            self.due.remove(&(old.due_at, slot));
        }
        if let Some(new) = schedule {
            record.finished = false;
            self.due.insert((new.due_at, slot));
        }
    }

    pub(crate) fn remove(&mut self, slot: Slot) {
        let Some(record) = self.slots.get_mut(slot as usize).and_then(Option::take) else {
            return;
        };
        if let Some(schedule) = record.schedule {
            self.due.remove(&(schedule.due_at, slot));
        }
        self.by_id.remove(&record.id);
        self.free.push(slot);
    }

    /// Leaves no jobs, and answers what there was.
    pub(crate) fn take_all(&mut self) -> Self {
        let empty = Self { last_fence: self.last_fence, ..Self::default() };
        std::mem::replace(self, empty)
    }

    fn next_fence(&mut self) -> Fence {
        self.last_fence = self.last_fence.next();
        self.last_fence
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn list(&self, after: Option<&JobCursor>, limit: usize) -> JobPage {
        let mut rest: Vec<&JobRecord> = self
            .slots
            .iter()
            .flatten()
            .filter(|record| after.is_none_or(|after| place(record) > place_of(after)))
            .collect();
        let more = limit > 0 && rest.len() > limit;
        if more {
            // Only the page itself has to be sorted.
            rest.select_nth_unstable_by(limit - 1, |a, b| place(a).cmp(&place(b)));
        }
        rest.truncate(limit);
        rest.sort_unstable_by(|a, b| place(a).cmp(&place(b)));
        JobPage {
            next: rest.last().filter(|_| more).map(|last| JobCursor::of(last)),
            records: rest.into_iter().cloned().collect(),
        }
    }

    pub(crate) fn claim_due(
        &mut self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Vec<Claim> {
        let due: Vec<Slot> = self
            .due
            .range(..=(now, Slot::MAX))
            .map(|&(_, slot)| slot)
            .filter(|&slot| self.at(slot).is_some_and(|record| filter.passes(&record.task)))
            .take(limit)
            .collect();
        let lease_end = now.saturating_add(lease);
        due.into_iter().filter_map(|slot| self.claim(slot, lease_end)).collect()
    }

    fn claim(&mut self, slot: Slot, lease_end: Timestamp) -> Option<Claim> {
        let fence = self.next_fence();
        let record = self.at_mut(slot)?;
        record.fence = fence;
        let record = record.clone();
        let hidden = record.schedule.map(|schedule| Schedule { due_at: lease_end, ..schedule });
        self.reschedule(slot, hidden);
        Some(Claim { record })
    }

    pub(crate) fn next_wakeup(&self, filter: &TaskFilter) -> Option<Timestamp> {
        self.due
            .iter()
            .find(|&&(_, slot)| self.at(slot).is_some_and(|record| filter.passes(&record.task)))
            .map(|&(due_at, _)| due_at)
    }
}

/// Where a record stands in the list: soonest first, those without a time last, ties by id.
type Place<'a> = (bool, Option<Timestamp>, &'a JobId);

fn place(record: &JobRecord) -> Place<'_> {
    let time = record.next_run_time();
    (time.is_none(), time, &record.id)
}

fn place_of(cursor: &JobCursor) -> Place<'_> {
    (cursor.next_run_time.is_none(), cursor.next_run_time, &cursor.id)
}
