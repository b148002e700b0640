//! What is due: claimed, planned, committed, submitted, batch after batch.

use std::sync::Arc;

use futures_util::future::join;
use punctual_core::{
    Claim, CommitAction, CommitOutcome, JobRecord, NodeId, StoreError, TaskFilter, Timestamp,
};

use super::Engine;
use super::lease::is_within;
use super::slot::{Pass, Slot};
use super::submit::Planned;

/// How many batches one pass claims from a store before it looks after everything else.
const MAX_BATCHES: usize = 4;

impl Engine {
    /// Claims and runs what is due; answers when the next job is.
    pub(super) async fn run_due(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        // Whoever is told of changes asks only to be sure.
        let lease = self.settings.lease / 3;
        let pause = if slot.is_watched() { lease } else { self.settings.poll_interval };
        let polls = !is_within(pause, pass.asked_at, now);
        let mut looks_for_unknown = *filter != TaskFilter::Any
            && !is_within(self.settings.retry_interval, pass.looked_for_unknown, now)
            // Its turn comes with a poll, if there are any between the renewals.
            && (polls || pause >= lease);
        if polls {
            // Somebody may have changed something: one small query says whether it matters. It is about the jobs
            // of all tasks from time to time: if none is due, there is nothing more to ask.
            let asked = if looks_for_unknown { &TaskFilter::Any } else { filter };
            pass.next_due = slot.store.next_wakeup(asked).await?;
            pass.asked_at = Some(now);
            if looks_for_unknown && pass.next_due.is_none_or(|due| due > now) {
                pass.looked_for_unknown = Some(now);
                looks_for_unknown = false;
            }
        }
        if pass.next_due.is_some_and(|due| due <= now) {
            match self.run_batches(slot, pass, filter, node, now).await? {
                Left::Nothing => pass.next_due = slot.store.next_wakeup(filter).await?,
                Left::Perhaps => return Ok(Some(now)),
                // The end of a run wakes the driver.
                Left::NoRoom => return Ok(None),
            }
        }
        if looks_for_unknown {
            self.report_unknown(slot, pass, filter, now).await?;
        }
        Ok(pass.next_due)
    }

    /// Runs what is due, batch after batch. While the store commits one, it claims the next: so neither it nor
    /// this process waits for the other more than it must.
    async fn run_batches(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        filter: &TaskFilter,
        node: &NodeId,
        now: Timestamp,
    ) -> Result<Left, StoreError> {
        let claim = async |limit: usize| match limit {
            0 => Ok(Vec::new()),
            _ => slot.store.claim_due(now, limit, self.settings.lease, filter).await,
        };
        let mut limit = self.room(0);
        let mut claims = claim(limit).await?;
        for batch in 1.. {
            if limit == 0 {
                return Ok(Left::NoRoom);
            }
            let last = claims.len() < limit;
            // Kept there while it is committed, so that a pass that is cut off forgets nothing.
            pass.uncertain = self.plan_all(slot, pass, node, claims, now);
            let planned = &pass.uncertain;
            let starting = planned.iter().map(|job| job.runs.len()).sum();
            let more = !last && batch < MAX_BATCHES;
            limit = if more { self.room(starting) } else { 0 };
            let (done, claimed) = join(self.commit(slot, planned, now), claim(limit)).await;
            match done {
                Ok(outcomes) => {
                    self.carry_out_all(slot, std::mem::take(&mut pass.uncertain), outcomes);
                }
                Err(error) => {
                    // These are claimed all the same: they are committed with the others.
                    let claimed = claimed.unwrap_or_default();
                    let planned = self.plan_all(slot, pass, node, claimed, now);
                    pass.uncertain.extend(planned);
                    return Err(error);
                }
            }
            if last {
                return Ok(Left::Nothing);
            }
            if !more {
                break;
            }
            claims = claimed?;
        }
        Ok(Left::Perhaps)
    }

    /// How many jobs may be claimed, when so many runs are about to start.
    fn room(&self, starting: usize) -> usize {
        let running = self.active.lock().len() + starting;
        self.settings.batch.min(self.settings.max_running.saturating_sub(running))
    }

    fn plan_all(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
        claims: Vec<Claim>,
        now: Timestamp,
    ) -> Vec<Planned> {
        claims.into_iter().map(|claim| self.plan(slot, pass, node, claim.record, now)).collect()
    }

    async fn commit(
        &self,
        slot: &Slot,
        planned: &[Planned],
        now: Timestamp,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let commits = planned.iter().map(|job| job.commit.clone()).collect();
        self.commit_with_history(slot, commits, now).await
    }

    /// Submits the runs of those whose commit was carried out.
    fn carry_out_all(&self, slot: &Arc<Slot>, planned: Vec<Planned>, outcomes: Vec<CommitOutcome>) {
        for (job, outcome) in planned.into_iter().zip(outcomes) {
            self.carry_out(slot, job, outcome);
        }
    }

    /// Repeats commits that may or may not have been carried out.
    pub(super) async fn retry_uncertain(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if pass.uncertain.is_empty() {
            return Ok(());
        }
        let mut known = Vec::with_capacity(pass.uncertain.len());
        for job in &mut pass.uncertain {
            known.push(self.lapsed_outcome(slot, job, now).await?);
        }
        let unknown = pass.uncertain.iter().zip(&known).filter(|(_, known)| known.is_none());
        let batch: Vec<_> = unknown.map(|(job, _)| job.commit.clone()).collect();
        let mut repeated = match batch.is_empty() {
            true => Vec::new(),
            false => slot.store.commit(batch.into()).await?,
        }
        .into_iter();
        let mut outcomes = Vec::with_capacity(known.len());
        for (job, known) in pass.uncertain.iter_mut().zip(known) {
            let outcome = match known.or_else(|| repeated.next()) {
                Some(CommitOutcome::Stale) | None => self.first_outcome(slot, job, now).await?,
                Some(outcome) => outcome,
            };
            let is_lost = outcome == CommitOutcome::Stale && has_moved_on(slot, job).await?;
            outcomes.push((outcome, is_lost));
        }
        for (job, (outcome, is_lost)) in
            std::mem::take(&mut pass.uncertain).into_iter().zip(outcomes)
        {
            if is_lost {
                self.tell_lost(slot, &job, now);
            } else {
                self.carry_out(slot, job, outcome);
            }
        }
        Ok(())
    }

    /// What became of a commit whose runs others may have taken over since: repeated, it would record those
    /// once more that they have brought to an end. None when it was not carried out, or when nobody can have
    /// taken anything.
    async fn lapsed_outcome(
        &self,
        slot: &Slot,
        job: &mut Planned,
        now: Timestamp,
    ) -> Result<Option<CommitOutcome>, StoreError> {
        // The lease of the node, renewed a little before the claim, may be over a little earlier.
        let safe_until = job.claimed_until.saturating_sub(self.settings.lease / 3);
        if job.recorded().is_empty() || now < safe_until {
            return Ok(None);
        }
        let found = slot.store.in_flight(&job.record.id).await?;
        if job.keep_own(&found) {
            return Ok(Some(CommitOutcome::Done));
        }
        let schedule = match job.commit.action {
            CommitAction::Advance { schedule, .. } => Some(schedule),
            _ => None,
        };
        let carried_out =
            found.iter().any(|found| job.runs.iter().any(|run| run.run_id == found.run_id))
                || slot.store.get(&job.record.id).await?.is_none_or(|job| job.schedule == schedule);
        Ok(carried_out.then_some(CommitOutcome::Stale))
    }

    /// Whether a commit that is stale now was carried out the first time.
    async fn first_outcome(
        &self,
        slot: &Slot,
        job: &mut Planned,
        now: Timestamp,
    ) -> Result<CommitOutcome, StoreError> {
        // It shows in the runs that it recorded, if nobody has taken them over,
        if !job.recorded().is_empty() && job.keep_own(&slot.store.in_flight(&job.record.id).await?)
        {
            return Ok(CommitOutcome::Done);
        }
        // or in the job's absence, while nobody else could have claimed and finished it.
        if matches!(job.commit.action, CommitAction::Finish { .. })
            && now < job.claimed_until
            && slot.store.get(&job.record.id).await?.is_none()
        {
            return Ok(CommitOutcome::Removed);
        }
        Ok(CommitOutcome::Stale)
    }
}

/// Whether the schedule of a job has gone on without the runs that were planned here and that no record keeps.
async fn has_moved_on(slot: &Slot, job: &Planned) -> Result<bool, StoreError> {
    if job.runs.is_empty() || !job.recorded().is_empty() {
        return Ok(false);
    }
    let due = |record: &JobRecord| record.schedule.map(|schedule| schedule.next_run_time);
    let found = slot.store.get(&job.record.id).await?;
    Ok(found.is_none_or(|found| due(&found) != due(&job.record)))
}

/// What is left that is due.
enum Left {
    Nothing,
    /// Whatever the next pass finds.
    Perhaps,
    /// As much as may run at a time is running.
    NoRoom,
}
