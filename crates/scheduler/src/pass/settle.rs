//! Runs that start under a claim, and settling such claims.
//!
//! The claim protects a run like a record does: no other node starts the run while the claim is open. A run that ends
//! before its claim is settled is never recorded; advance or removal of the job and the history are one commit. A run
//! that takes longer is recorded by that commit. If the claim ends unsettled, because this process dies or can't reach
//! the store, the next claim of the job repeats the run with the next attempt number.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{CommitOutcome, StoreError, Timestamp};

use super::PassRunner;
use super::planned::{PlannedJob, UnderClaim};
use super::state::PassState;
use crate::store::RegisteredStore;

/// Maximum time for which a claim stays unsettled while its runs are in progress. Runs that end earlier are never
/// recorded, and the store makes one change for the whole run.
pub(super) const SETTLE_DELAY: Duration = Duration::from_millis(5);

/// Which open claims are settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Settle {
    /// All of them: runs in progress are recorded.
    All,
    /// Those whose runs have ended, and those that have been open for long enough.
    Ready,
}

impl PassRunner {
    /// Starts the runs of the jobs whose runs start under the claim. Returns the other jobs.
    pub(super) fn start_under_claims(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        mut planned: Vec<PlannedJob>,
    ) -> Vec<PlannedJob> {
        if planned.iter().all(|job| job.under_claim.is_none()) {
            return planned;
        }
        for job in planned.extract_if(.., |job| job.under_claim.is_some()) {
            if let Some(resolved) = &job.resolved {
                for run in &job.runs {
                    self.runs.submit_under_claim(store, &job.record, resolved, run);
                }
            }
            pass.open_claims.push(job);
        }
        planned
    }

    /// Takes open claims out of the state, with their commits complete: as many as fit into a batch beside `others`.
    pub(super) fn take_open_claims(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        which: Settle,
        others: usize,
    ) -> Vec<PlannedJob> {
        // Runs that end from here on request another pass.
        store.pending.clear_claims_ended();
        if pass.open_claims.is_empty() {
            return Vec::new();
        }
        let (now, node) = (store.now(), self.shared.node());
        let is_ready = |job: &mut PlannedJob| {
            let fence = job.commit.fence;
            let unfinished = job.runs.iter();
            let unfinished = unfinished.filter(|run| {
                self.runs.is_unfinished(run.run_id, fence)
                    || store.pending.has_failed_run(run.run_id)
            });
            let unfinished: Vec<_> = unfinished.map(|run| run.record(&node)).collect();
            // A later time than the delay allows is left from before the clock was set back.
            let is_over = |claim: &UnderClaim| {
                claim.settle_at <= now || claim.settle_at > now.saturating_add(SETTLE_DELAY)
            };
            let ready = which == Settle::All
                || unfinished.is_empty()
                || job.under_claim.as_ref().is_none_or(is_over);
            if ready {
                job.set_recorded(unfinished);
            }
            ready
        };
        let limit = store.cap_batch(self.shared.settings.batch).saturating_sub(others);
        pass.open_claims.extract_if(.., is_ready).take(limit).collect()
    }

    /// Settles open claims. Does nothing while commits are unconfirmed: the same ones must be repeated first. Returns the
    /// earliest time at which a job of a settled claim is due again; the store omitted it while the claim was open.
    pub(super) async fn settle(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        which: Settle,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        if !pass.unconfirmed.is_empty() {
            return Ok(None);
        }
        self.store_retries(store).await?;
        let mut due = None;
        loop {
            let ready = self.take_open_claims(store, pass, which, 0);
            if ready.is_empty() {
                break;
            }
            due = ready.iter().filter_map(PlannedJob::next_due_at).chain(due).min();
            self.commit_planned(store, pass, ready, now).await?;
        }
        if let Some(due) = due {
            pass.next_due = Some(pass.next_due.map_or(due, |next| next.min(due)));
        }
        Ok(due)
    }

    /// Settles all open claims when the store is closed: claims that stayed open would be repeated, although their runs
    /// may have ended. Other unconfirmed commits are not repeated, because their runs can't be started any more.
    pub(super) async fn settle_before_close(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        pass.unconfirmed.retain(|job| job.under_claim.is_some());
        self.retry_unconfirmed(store, pass, now).await?;
        self.settle(store, pass, Settle::All, now).await.map(drop)
    }

    /// Processes the outcome of the commit that settles a claim whose runs were started under it.
    pub(super) fn settled(
        &self,
        store: &Arc<RegisteredStore>,
        job: &PlannedJob,
        outcome: CommitOutcome,
    ) {
        for run in job.recorded() {
            // Runs that another node has taken over were removed from the plan.
            let is_owned = job.runs.iter().any(|own| own.run_id == run.run_id);
            match outcome {
                CommitOutcome::Stale => self.runs.claim_ended(run),
                _ if !is_owned => self.runs.claim_ended(run),
                _ => self.runs.run_recorded(store, &job.record, run),
            }
        }
    }

    /// Drops open claims of a store that was replaced.
    pub(super) fn drop_open_claims(&self, pass: &mut PassState) {
        let node = self.shared.node();
        for job in pass.open_claims.drain(..).chain(pass.unconfirmed.drain(..)) {
            for run in job.runs.iter().filter(|_| job.under_claim.is_some()) {
                self.runs.claim_ended(&run.record(&node));
            }
        }
    }
}

impl PassState {
    /// Time at which the next open claim is settled, unless its runs end earlier.
    pub(super) fn next_settle_at(&self) -> Option<Timestamp> {
        let claims = self.open_claims.iter().filter_map(|job| job.under_claim.as_ref());
        claims.map(|claim| claim.settle_at).min()
    }
}
