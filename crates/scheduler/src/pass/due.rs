//! What is due: claimed, planned, committed, submitted, batch after batch.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use punctual_core::{Claims, CommitOutcome, NodeId, StoreError, TaskFilter, Timestamp};

use super::Passes;
use super::is_within;
use super::planned::Planned;
use super::state::PassState;
use crate::store::Slot;

/// How long to wait for what others hold.
const HELD_PAUSE: Duration = Duration::from_millis(20);

/// How many batches one pass claims from a store before it looks after everything else.
const MAX_BATCHES: usize = 4;

impl Passes {
    /// Claims and runs what is due; answers when the next job is.
    pub(super) async fn run_due(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        // Whoever is told of changes asks only to be sure.
        let lease = self.shared.settings.lease / 3;
        let pause = if slot.is_watched() { lease } else { self.shared.settings.poll_interval };
        let polls = !is_within(pause, pass.asked_at, now);
        let mut looks_for_unknown = *filter != TaskFilter::Any
            && !is_within(self.shared.settings.retry_interval, pass.looked_for_unknown, now)
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
                Left::Locked => return Ok(Some(now.saturating_add(HELD_PAUSE))),
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
        pass: &mut PassState,
        filter: &TaskFilter,
        node: &NodeId,
        now: Timestamp,
    ) -> Result<Left, StoreError> {
        let claim = async |limit: usize| match limit {
            0 => Ok(Claims::default()),
            _ => slot.store.claim_due(node, now, limit, self.shared.settings.lease, filter).await,
        };
        let mut limit = self.room(slot, 0);
        let mut claims = claim(limit).await?;
        for batch in 1.. {
            if limit == 0 {
                return Ok(Left::NoRoom);
            }
            if claims.has_more && claims.records.is_empty() && claims.corrupt.is_empty() {
                return Ok(Left::Locked);
            }
            let last = !claims.has_more;
            // Kept there while it is committed, so that a pass that is cut off forgets nothing.
            pass.uncertain = self.plan_all(slot, pass, node, claims, now);
            let planned = &pass.uncertain;
            let starting = planned.iter().map(|job| job.runs.len()).sum();
            let more = !last && batch < MAX_BATCHES;
            limit = if more { self.room(slot, starting) } else { 0 };
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
    fn room(&self, slot: &Slot, starting: usize) -> usize {
        let running = self.runs.count() + starting;
        slot.batch(self.shared.settings.batch)
            .min(self.shared.settings.max_running.saturating_sub(running))
    }

    fn plan_all(
        &self,
        slot: &Arc<Slot>,
        pass: &mut PassState,
        node: &NodeId,
        claims: Claims,
        now: Timestamp,
    ) -> Vec<Planned> {
        slot.report_corrupt(claims.corrupt);
        let plan = |record| self.decide(slot, pass, node, record, now);
        claims.records.into_iter().map(plan).collect()
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
        slot.commit(commits, now).await
    }

    /// Submits the runs of those whose commit was carried out.
    fn carry_out_all(&self, slot: &Arc<Slot>, planned: Vec<Planned>, outcomes: Vec<CommitOutcome>) {
        for (job, outcome) in planned.into_iter().zip(outcomes) {
            self.carry_out(slot, job, outcome);
        }
    }
}

/// What is left that is due.
enum Left {
    Nothing,
    /// Whatever the next pass finds.
    Perhaps,
    /// What others hold at this moment: another claim, or a user's transaction.
    Locked,
    /// As much as may run at a time is running. Nothing was claimed, so nobody knows which jobs are held back, or
    /// whether any are.
    NoRoom,
}
