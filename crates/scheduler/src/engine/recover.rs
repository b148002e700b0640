//! Runs of processes that died.

use std::sync::Arc;

use punctual_core::{
    CommitAction, Event, InFlightRun, JobId, JobRecord, Lease, NodeId, OrphanedRun, RunEvent,
    StoreError, TaskFilter, Timestamp,
};

use super::Engine;
use super::slot::{Pass, Slot};
use super::submit::NewRun;

impl Engine {
    /// Whether it is time to look for dead nodes; `silent` tells since when this node had not renewed its
    /// lease. When the store was away, or the machine was asleep, the leases of the living have run out too:
    /// they are given the time to come back, which takes each a little more than a third of a lease. One that
    /// has just been started knows of neither: where processes come and go, nobody would be there to take over.
    pub(super) fn may_search(
        &self,
        slot: &Slot,
        pass: &mut Pass,
        silent: Option<Timestamp>,
        now: Timestamp,
    ) -> bool {
        let (grace, lease) = (self.settings.lease / 2, self.settings.lease);
        let asleep = lease.max(self.settings.poll_interval * 2);
        // In less than a quarter nobody's lease runs out: it is renewed when a third of it is over.
        if slot.health.lock().failing_for(now) >= lease / 4
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
    pub(super) async fn let_go(&self, slot: &Arc<Slot>) -> Result<(), StoreError> {
        let recorded = self.active.lock().recorded(slot);
        for (job, run, fence) in recorded {
            let found = slot.store.in_flight(&job).await?;
            if !found.iter().any(|found| (found.run_id, found.fence) == (run, fence)) {
                *slot.lease.lock() = Lease::default();
                break;
            }
        }
        Ok(())
    }

    /// Takes over the runs of dead nodes and runs them again.
    pub(super) async fn take_over(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for orphan in std::mem::take(&mut pass.stranded) {
            self.rerun(slot, pass, orphan);
        }
        loop {
            let limit = self.settings.batch;
            // Without an answer, also when nobody waits for it, they may be this node's all the same.
            (pass.lost_track, pass.adopted) = (true, false);
            let orphans = slot.store.take_over(node, now, limit, filter).await?;
            (pass.lost_track, pass.adopted) = (false, true);
            let all = orphans.len() < limit;
            for orphan in orphans {
                self.rerun(slot, pass, orphan);
            }
            if all {
                return Ok(());
            }
        }
    }

    /// Runs again what no executor brought to an end, when it is time; answers when it is, if not.
    pub(super) async fn run_again(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        while let Some((id, run)) = slot.next_again(now) {
            let record = self.still_recorded(slot, &id, &run).await?;
            slot.again.lock().retain(|(.., waiting)| waiting.run_id != run.run_id);
            if let Some(record) = record {
                self.rerun(slot, pass, OrphanedRun { record, run });
            }
        }
        Ok(slot.again.lock().iter().map(|(retry_at, ..)| *retry_at).min())
    }

    /// Clears runs that are recorded as this node's and that it has not: a commit that came again, long after it
    /// had been repeated and its runs had ended, has recorded them once more.
    pub(super) async fn clear_ghosts(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
    ) -> Result<(), StoreError> {
        for job in std::mem::take(&mut pass.blocked) {
            let recorded = slot.store.in_flight(&job).await?;
            let Some(record) = slot.store.get(&job).await? else { continue };
            for run in recorded.into_iter().filter(|run| run.node == *node) {
                let id = run.run_id;
                let is_here = self.active.lock().contains(id)
                    || slot.again.lock().iter().any(|(.., run)| run.run_id == id)
                    || pass.stranded.iter().any(|stranded| stranded.run.run_id == id);
                if !is_here {
                    tracing::warn!(store = %slot.alias, %job, run = %id, "the run's record is out of date");
                    slot.settle(
                        &job,
                        &record.task,
                        run.fence,
                        CommitAction::ClearRun { run_id: id },
                    );
                }
            }
        }
        Ok(())
    }

    /// The job of a run that is still this process's; without its job, a run has lost its purpose.
    async fn still_recorded(
        &self,
        slot: &Slot,
        id: &JobId,
        run: &InFlightRun,
    ) -> Result<Option<JobRecord>, StoreError> {
        if slot.store.in_flight(id).await?.contains(run) {
            slot.store.get(id).await
        } else {
            Ok(None)
        }
    }

    fn rerun(&self, slot: &Arc<Slot>, pass: &mut Pass, orphan: OrphanedRun) {
        if self.active.lock().refence(orphan.run.run_id, orphan.run.fence) {
            // It is under way here: this process only seemed dead.
            return;
        }
        let resolved = match self.resolve(slot, &orphan.record) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.report_unresolved(slot, pass, &orphan.record, problem);
                pass.stranded.push(orphan);
                return;
            }
        };
        let OrphanedRun { record, run } = orphan;
        let run = NewRun {
            run_id: run.run_id,
            scheduled_time: run.scheduled_time,
            attempt: run.attempt,
            recorded: Some(run.fence),
            // However late: at least once is the promise.
            deadline: None,
        };
        let context = self.context(slot, &record, &run);
        self.bus.emit(Event::JobRecovered(RunEvent::of(&context)));
        self.submit(slot, &record, &resolved, run);
    }

    /// Takes over what an earlier process of the same identity left, without waiting for its lease to
    /// run out: the person who chose the identity promises that there is one process of it at a time.
    /// And what this one took over without hearing of it.
    pub(super) async fn adopt(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let left_behind = self.settings.identity.is_some() || pass.lost_track;
        if slot.caps.persistent && left_behind {
            // From here on others may take what waits here too.
            slot.lease.lock().prolong(Timestamp::MIN);
            slot.store.renew(node, now, now.saturating_add_micros(-1), filter).await?;
            let mut orphans = slot.store.take_over(node, now, usize::MAX >> 1, filter).await?;
            // Those that this process has are under their new fences now.
            let is = |run: &InFlightRun| orphans.iter().any(|known| known.run.run_id == run.run_id);
            pass.stranded.retain(|stranded| !is(&stranded.run));
            slot.again.lock().retain(|(.., run)| !is(run));
            {
                let mut active = self.active.lock();
                orphans.retain(|orphan| !active.refence(orphan.run.run_id, orphan.run.fence));
            }
            slot.renew(node, now, self.settings.lease, filter).await?;
            // Until the lease was back, others could take them too.
            let mut index = 0;
            while let Some(orphan) = orphans.get(index) {
                let recorded = slot.store.in_flight(&orphan.record.id).await?;
                if recorded.contains(&orphan.run) {
                    index += 1;
                } else {
                    orphans.swap_remove(index);
                }
            }
            pass.stranded.extend(orphans);
            pass.search |= !pass.stranded.is_empty();
            self.regain(slot, now).await?;
        }
        pass.adopted = true;
        pass.lost_track = false;
        Ok(())
    }
}
