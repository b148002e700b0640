//! Runs of processes that died.

use std::sync::Arc;

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Event, Fence, InFlightRun, JobId, Lease, NodeId,
    OrphanedRun, RunEvent, RunId, StoreError, StoreErrorKind, TaskFilter, Timestamp,
};

use super::Passes;
use super::state::PassState;
use crate::plan;
use crate::runs::NewRun;
use crate::store::{Again, Slot};

impl Passes {
    /// Whether it is time to look for dead nodes; `silent` tells since when this node had not renewed its
    /// lease. When the store was away, or the machine was asleep, the leases of the living have run out too:
    /// they are given the time to come back, which takes each a little more than a third of a lease. One that
    /// has just been started knows of neither, and gives them the time too.
    pub(super) fn may_search(
        &self,
        slot: &Slot,
        pass: &mut PassState,
        silent: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let (grace, lease) = (self.shared.settings.lease / 2, self.shared.settings.lease);
        let asleep = lease.max(self.shared.settings.poll_interval * 2);
        // In less than a quarter nobody's lease runs out: it is renewed when a third of it is over.
        if slot.failures.lock().failing_for(now) >= lease / 4
            || silent.is_some_and(|since| now.saturating_since(since) > asleep)
        {
            pass.search_from = Some(now.saturating_add(grace));
        }
        // After a clock that was put back, the wait would last for ever.
        let early = |from: Timestamp| now < from && from <= now.saturating_add(grace);
        pass.search && !pass.search_from.is_some_and(early)
    }

    /// After the lease was over: when others have taken runs, none that waits here begins any more. What is
    /// still this node's comes back as lost, and is tried again.
    pub(super) async fn let_go(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
    ) -> Result<(), StoreError> {
        for (job, run, fence) in self.runs.recorded(slot) {
            if !is_recorded(slot, &job, run, fence).await? {
                *slot.lease.lock() = Lease::default();
                break;
            }
        }
        let mut index = 0;
        while let Some(OrphanedRun { record, run, .. }) = pass.stranded.get(index) {
            if is_recorded(slot, &record.id, run.run_id, run.fence).await? {
                index += 1;
            } else {
                pass.stranded.remove(index);
            }
        }
        Ok(())
    }

    /// Takes over the runs of dead nodes and runs them again.
    pub(super) async fn take_over(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for orphan in std::mem::take(&mut pass.stranded) {
            self.rerun(slot, pass, orphan, true);
        }
        loop {
            let limit = slot.batch(self.shared.settings.batch);
            // Without an answer, also when nobody waits for it, they may be this node's all the same.
            (pass.lost_track, pass.adopted) = (true, false);
            let taken = slot.store.take_over(node, now, limit, filter).await?;
            (pass.lost_track, pass.adopted) = (false, true);
            slot.report_corrupt(taken.corrupt);
            if taken.released > 0 {
                // They are due again.
                pass.asked_at = None;
            }
            for orphan in taken.runs {
                self.rerun(slot, pass, orphan, true);
            }
            if !taken.has_more {
                return Ok(());
            }
        }
    }

    /// Runs again what no executor brought to an end, when it is time; returns when it is, if not. The next
    /// attempt is recorded before it begins: each attempt has one end.
    pub(super) async fn run_again(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let batch = slot.batch(self.shared.settings.batch);
        let tried = slot.waiting.due_again(now, batch);
        if !tried.is_empty() {
            let retry = |again: &Again| {
                let action = CommitAction::RetryRun { run: again.run.clone() };
                Commit { id: again.job.clone(), fence: again.fence, action }
            };
            let commits: Vec<_> = tried.iter().map(retry).collect();
            let outcomes = slot.store.commit(commits.into()).await?;
            for (again, outcome) in tried.into_iter().zip(outcomes) {
                let found = match outcome {
                    CommitOutcome::Stale => None,
                    _ => slot.store.get(&again.job).await?,
                };
                slot.waiting.done_again(&again);
                // Else it was taken over, or its job removed.
                if let Some(job) = found.filter(|job| job.runs.contains(&again.run)) {
                    let orphan = OrphanedRun::new(job.record, again.run);
                    self.rerun(slot, pass, orphan, again.begun);
                }
            }
        }
        Ok(slot.waiting.next_again())
    }

    /// Starts another attempt at a run. When none before it has begun here, it is too late for it as it was for
    /// the first.
    fn rerun(&self, slot: &Arc<Slot>, pass: &mut PassState, orphan: OrphanedRun, begun: bool) {
        if self.runs.refence(&orphan.run) {
            // It is under way here: this process only seemed dead.
            return;
        }
        let resolved = match self.runs.resolve(slot, &orphan.record) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.report_unresolved(slot, pass, &orphan.record, problem);
                pass.stranded.push(orphan);
                return;
            }
        };
        let OrphanedRun { record, run, .. } = orphan;
        // However late when it may have begun: at least once is the promise.
        let deadline = match begun {
            true => None,
            false => {
                let decoded = &resolved.decoded;
                let options = &decoded.definition.options;
                plan::deadline(&*decoded.trigger, options, run.scheduled_time)
            }
        };
        let run = NewRun {
            run_id: run.run_id,
            scheduled_time: run.scheduled_time,
            attempt: run.attempt,
            recorded: Some(run.fence),
            deadline,
        };
        let context = self.runs.context(slot, &record, &run);
        self.shared.bus.emit(Event::JobRecovered(RunEvent::of(&context)));
        self.runs.submit(slot, &record, &resolved, run);
    }

    /// Takes over what an earlier process of the same identity left, without waiting for its lease to
    /// run out: the person who chose the identity promises that there is one process of it at a time.
    /// And what this one took over without hearing of it.
    pub(super) async fn adopt(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let left_behind = self.shared.settings.identity.is_some() || pass.lost_track;
        if slot.caps.persistent && left_behind {
            // From here on others may take what waits here too.
            slot.lease.lock().prolong(Timestamp::MIN);
            slot.store.renew(node, now, now.saturating_add_micros(-1), filter).await?;
            // In one call: what it has taken is a dead node's until it renews, and would be taken again.
            let taken = slot.store.take_over(node, now, usize::MAX >> 1, filter).await?;
            slot.report_corrupt(taken.corrupt);
            pass.asked_at = None;
            let mut orphans = taken.runs;
            // Those that this process has are under their new fences now.
            let is_taken = |run: RunId| orphans.iter().any(|known| known.run.run_id == run);
            pass.stranded.retain(|stranded| !is_taken(stranded.run.run_id));
            slot.waiting.drop_again(is_taken);
            orphans.retain(|orphan| !self.runs.refence(&orphan.run));
            let told = slot.renew(node, now, self.shared.settings.lease, filter).await?;
            pass.stranded.extend(orphans);
            // Until the lease was back, others could take them too.
            self.regain(slot, pass, now).await?;
            pass.search |= !pass.stranded.is_empty();
            if !told.expired {
                // A renewal by the earlier process came in between, and all of its runs counted as those of a living one.
                // The next pass takes them.
                pass.lost_track = true;
                return Ok(());
            }
        }
        pass.adopted = true;
        pass.lost_track = false;
        Ok(())
    }
}

/// Whether a run is still on record as it was taken: whoever takes it over raises its fence. Of what can't be read
/// nobody knows.
async fn is_recorded(
    slot: &Slot,
    job: &JobId,
    run: RunId,
    fence: Fence,
) -> Result<bool, StoreError> {
    let found = match slot.store.get(job).await {
        Err(error) if error.kind() == StoreErrorKind::Corrupt => None,
        found => found?,
    };
    let is_it = |found: &InFlightRun| (found.run_id, found.fence) == (run, fence);
    Ok(found.is_some_and(|job| job.runs.iter().any(is_it)))
}
