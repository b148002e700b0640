//! Claims, plans, commits and submits due jobs in batches.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use punctual_core::{Claims, CommitOutcome, NodeId, StoreError, TaskFilter, Timestamp};

use super::PassRunner;
use super::batch::Batch;
use super::is_recent;
use super::planned::PlannedJob;
use super::retries::OtherAttempts;
use super::settle::Settle;
use super::state::PassState;
use crate::store::RegisteredStore;

/// Retry delay for due rows that are locked by other transactions.
const LOCKED_RETRY_DELAY: Duration = Duration::from_millis(20);

/// Maximum number of batches that one pass claims from a store before its other work.
const MAX_BATCHES: usize = 4;

impl PassRunner {
    /// Claims and runs due jobs. Returns the time at which the next job is due.
    pub(super) async fn run_due(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        // Before the poll, which finds these jobs, too.
        pass.next_due = pass.next_due.into_iter().chain(store.take_added_due()).min();
        // With change notifications, polling is only a fallback, so the longer lease interval is used.
        let lease = self.shared.settings.lease / 3;
        let pause = if store.is_watched() { lease } else { self.shared.settings.poll_interval };
        let polls = !is_recent(pause, pass.next_due_checked_at, now);
        let mut checks_unknown_tasks = *filter != TaskFilter::Any
            && !is_recent(self.shared.settings.max_retry_delay, pass.unknown_tasks_checked_at, now)
            // Checked together with a poll if polls are more frequent than lease renewals.
            && (polls || pause >= lease);
        if polls {
            // Another process may have changed jobs; `next_wakeup` is a cheap check. Occasionally it is queried for all
            // tasks, so that no separate check for unknown tasks is needed if nothing is due.
            let polled_filter = if checks_unknown_tasks { &TaskFilter::Any } else { filter };
            pass.next_due = store.backend.next_wakeup(polled_filter).await?;
            pass.next_due_checked_at = Some(now);
            if checks_unknown_tasks && pass.next_due.is_none_or(|due| due > now) {
                pass.unknown_tasks_checked_at = Some(now);
                checks_unknown_tasks = false;
            }
        }
        if pass.next_due.is_some_and(|due| due <= now) {
            match self.run_batches(store, pass, filter, node, now).await? {
                BatchLoopEnd::Exhausted => {
                    pass.next_due = store.backend.next_wakeup(filter).await?
                }
                BatchLoopEnd::MayHaveMore => return Ok(Some(now)),
                // The end of a run wakes the driver.
                BatchLoopEnd::AtCapacity => return Ok(None),
                BatchLoopEnd::AllLocked => return Ok(Some(now.saturating_add(LOCKED_RETRY_DELAY))),
            }
        }
        if checks_unknown_tasks {
            self.report_unknown(store, pass, filter, now).await?;
        }
        Ok(pass.next_due)
    }

    /// Runs due jobs batch by batch. The next batch is claimed while the store commits the previous one, so that
    /// neither the store nor this process idles.
    async fn run_batches(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        filter: &TaskFilter,
        node: &NodeId,
        now: Timestamp,
    ) -> Result<BatchLoopEnd, StoreError> {
        let claim = async |limit: usize| match limit {
            0 => Ok(Claims::default()),
            _ => {
                let lease = self.claim_lease(store);
                store.backend.claim_due(node, now, limit, lease, filter).await
            }
        };
        let mut planned = self.take_open_claims(store, pass, Settle::Ready, 0);
        for batch in 0.. {
            let starting = planned.iter().filter(|job| job.under_claim.is_none());
            let starting = starting.map(|job| job.runs.len()).sum();
            let is_last = batch == MAX_BATCHES;
            let limit = if is_last { 0 } else { self.claim_limit(store, starting) };
            // Stored in the pass state during the commit, so that a later pass can repeat the commit if this one is
            // cancelled.
            pass.unconfirmed = planned;
            // If the call fails or is cancelled, the store may have made claims for this node anyway.
            let known = (pass.ownership_unconfirmed, pass.own_runs_recovered);
            (pass.ownership_unconfirmed, pass.own_runs_recovered) = (true, false);
            let (done, claimed) =
                join(self.commit(store, &pass.unconfirmed, now), claim(limit)).await;
            // Before the flags are reset: a pass that is cancelled meanwhile does not know its claims.
            let others = match &claimed {
                Ok(claims) => self.other_attempts(store, &claims.records).await,
                Err(_) => OtherAttempts::default(),
            };
            if claimed.is_ok() {
                (pass.ownership_unconfirmed, pass.own_runs_recovered) = known;
            }
            match done {
                Ok(outcomes) => {
                    self.dispatch_all(store, std::mem::take(&mut pass.unconfirmed), outcomes);
                }
                Err(error) => {
                    // The jobs of the next batch may be claimed already. They are committed together with the
                    // unconfirmed ones.
                    let claimed = claimed.unwrap_or_default();
                    let claimed = self.plan_all(store, pass, node, claimed, &others, now);
                    let claimed = self.start_under_claims(store, pass, claimed);
                    pass.unconfirmed.extend(claimed);
                    return Err(error);
                }
            }
            if is_last {
                break;
            }
            if limit == 0 {
                return Ok(BatchLoopEnd::AtCapacity);
            }
            let claims = claimed?;
            if claims.has_more && claims.records.is_empty() && claims.corrupt.is_empty() {
                return Ok(BatchLoopEnd::AllLocked);
            }
            let has_more = claims.has_more;
            let claimed = self.plan_all(store, pass, node, claims, &others, now);
            // While the jobs of this batch start, runs of the previous one have ended.
            self.runs.process_reports(false, store.clock.to_local(now));
            let after_commit = claimed.iter().filter(|job| job.under_claim.is_none()).count();
            let ready = self.take_open_claims(store, pass, Settle::Ready, after_commit);
            planned = self.start_under_claims(store, pass, claimed);
            planned.extend(ready);
            if !has_more {
                self.commit_planned(store, pass, planned, now).await?;
                return Ok(BatchLoopEnd::Exhausted);
            }
        }
        Ok(BatchLoopEnd::MayHaveMore)
    }

    /// Number of jobs that may be claimed under `max_concurrent_runs`, given that `starting` runs are about to start.
    fn claim_limit(&self, store: &RegisteredStore, starting: usize) -> usize {
        let running = self.runs.count() + starting;
        store
            .cap_batch(self.shared.settings.batch)
            .min(self.shared.settings.max_concurrent_runs.saturating_sub(running))
    }

    /// Plans claimed jobs.
    fn plan_all(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        node: &NodeId,
        claims: Claims,
        others: &OtherAttempts,
        now: Timestamp,
    ) -> Vec<PlannedJob> {
        store.report_corrupt(claims.corrupt);
        let mut batch = Batch::new(node, &claims.records, others, now);
        let plan = |record| {
            let planned = self.plan_record(store, pass, &batch, record);
            batch.add(&planned);
            planned
        };
        claims.records.into_iter().map(plan).collect()
    }

    /// Commits planned jobs, and carries out their plans. They stay in the pass state until the outcomes are known, so that
    /// a later pass can repeat the commit.
    pub(super) async fn commit_planned(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        planned: Vec<PlannedJob>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        pass.unconfirmed = planned;
        let outcomes = self.commit(store, &pass.unconfirmed, now).await?;
        self.dispatch_all(store, std::mem::take(&mut pass.unconfirmed), outcomes);
        Ok(())
    }

    async fn commit(
        &self,
        store: &RegisteredStore,
        planned: &[PlannedJob],
        now: Timestamp,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        if planned.is_empty() {
            return Ok(Vec::new());
        }
        let commits = planned.iter().map(|job| job.commit.clone()).collect();
        store.commit(commits, now).await
    }

    /// Carries out the plans of a committed batch.
    fn dispatch_all(
        &self,
        store: &Arc<RegisteredStore>,
        planned: Vec<PlannedJob>,
        outcomes: Vec<CommitOutcome>,
    ) {
        for (job, outcome) in planned.into_iter().zip(outcomes) {
            self.dispatch(store, job, outcome);
        }
    }
}

/// Why the batch loop ended.
enum BatchLoopEnd {
    /// No due job remains.
    Exhausted,
    /// The batch limit was reached. More jobs may be due.
    MayHaveMore,
    /// The remaining due rows are locked by another claim or by a user's transaction.
    AllLocked,
    /// `max_concurrent_runs` is reached. Nothing was claimed, so it is unknown whether further jobs are due.
    AtCapacity,
}
