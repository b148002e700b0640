//! Taking over runs of nodes whose lease has expired, and retrying runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Event, Fence, InFlightRun, Lease, NodeId, OrphanedRun,
    RunEvent, RunId, StoreError, TakeOverFrom, TaskFilter, Timestamp,
};

use super::PassRunner;
use super::state::PassState;
use crate::plan;
use crate::runs::{NewRun, for_retry};
use crate::store::{RegisteredStore, RunGuard, RunRetry};

impl PassRunner {
    /// Begins the grace periods after an outage of the store or a suspend. `last_renewed_at` is the time of the previous
    /// lease renewal.
    ///
    /// The leases of live nodes may have expired as well. Half a lease gives them time to renew, which takes a little
    /// more than a third of a lease; it also applies after a start, when the cause is unknown. After an outage this node
    /// does not release its own claims whose response was lost, either, before the other nodes have had time to repeat
    /// their unconfirmed commits: the outcome of an earlier claim of the same job can't be determined any more once a
    /// later one has ended unsettled.
    pub(super) fn begin_grace_period_after_outage(
        &self,
        store: &RegisteredStore,
        pass: &mut PassState,
        last_renewed_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        let lease = self.shared.settings.lease;
        let suspended = lease.max(self.shared.settings.poll_interval * 2);
        // Nodes renew when a third of the lease has elapsed, so no lease expires within an outage of less than a
        // quarter.
        let was_unavailable = store.failures.lock().failing_for(now) >= lease / 4;
        let grace = Some(now.saturating_add(lease / 2));
        if was_unavailable {
            pass.recover_own_not_before = grace;
        }
        if was_unavailable
            || last_renewed_at.is_some_and(|since| now.saturating_since(since) > suspended)
        {
            pass.takeover_not_before = grace;
        }
    }

    /// Whether orphaned runs may be taken over now.
    pub(super) fn may_take_over(&self, pass: &PassState, now: Timestamp) -> bool {
        pass.orphans_reported && self.is_grace_period_over(pass.takeover_not_before, now)
    }

    /// Whether the runs recorded for this node's own id may be taken over now.
    pub(super) fn may_recover_own_runs(&self, pass: &PassState, now: Timestamp) -> bool {
        !pass.own_runs_recovered && self.is_grace_period_over(pass.recover_own_not_before, now)
    }

    /// Whether the store may have assigned runs or claims to this node that the process does not know.
    fn may_have_unknown_runs(&self, store: &RegisteredStore, pass: &PassState) -> bool {
        let is_named = self.shared.settings.node_id.is_some();
        store.caps.persistent && (is_named || pass.ownership_unconfirmed)
    }

    /// Whether the lease is to be renewed in this pass, because the node's own runs are to be taken over and an earlier call
    /// may arrive late.
    pub(super) fn needs_new_lease(&self, pass: &PassState, now: Timestamp) -> bool {
        pass.ownership_unconfirmed && self.may_recover_own_runs(pass, now)
    }

    fn is_grace_period_over(&self, ends_at: Option<Timestamp>, now: Timestamp) -> bool {
        // If the clock was set back, the grace period would never end without the second condition.
        let latest = now.saturating_add(self.shared.settings.lease / 2);
        ends_at.is_none_or(|end| end <= now || end > latest)
    }

    /// Called after the lease has expired. If another node has taken over any run, all queued runs of this node are
    /// invalidated. Queued runs that this node still owns are reported as lost and retried.
    pub(super) async fn discard_lost_runs(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
    ) -> Result<(), StoreError> {
        for (job, run, guard) in self.runs.guarded(store) {
            if !store.is_guarded(&job, run, &guard).await? {
                *store.lease.lock() = Lease::default();
                break;
            }
        }
        let mut index = 0;
        while let Some(OrphanedRun { record, run, .. }) = pass.unresolved_orphans.get(index) {
            if store.is_guarded(&record.id, run.run_id, &RunGuard::Record(run.fence)).await? {
                index += 1;
            } else {
                pass.unresolved_orphans.remove(index);
            }
        }
        Ok(())
    }

    /// Takes over and restarts the runs of nodes with an expired lease.
    pub(super) async fn take_over(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.rerun_unresolved(store, pass);
        let from = &TakeOverFrom::ExpiredNodes;
        loop {
            let limit = store.cap_batch(self.shared.settings.batch);
            // If the call fails or is cancelled, the store may have assigned runs to this node anyway.
            let known = (pass.ownership_unconfirmed, pass.own_runs_recovered);
            (pass.ownership_unconfirmed, pass.own_runs_recovered) = (true, false);
            let taken = store.backend.take_over(node, from, now, limit, filter).await?;
            (pass.ownership_unconfirmed, pass.own_runs_recovered) = known;
            store.report_corrupt(taken.corrupt);
            if taken.released > 0 {
                // The released jobs are due again.
                pass.next_due_checked_at = None;
            }
            for orphan in taken.runs {
                self.rerun_unless_retried(store, pass, orphan).await;
            }
            if !taken.has_more {
                return Ok(());
            }
        }
    }

    /// Retries runs that no executor completed. Returns the time of the next retry. The next attempt is recorded before
    /// it starts, so that each attempt ends exactly once.
    pub(super) async fn start_due_retries(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let batch = store.cap_batch(self.shared.settings.batch);
        let retries = store.pending.due_retries(now, batch);
        if !retries.is_empty() {
            let to_commit = |retry: &RunRetry| {
                let action = CommitAction::RetryRun { run: retry.run.clone() };
                Commit { id: retry.job.clone(), fence: retry.fence, action }
            };
            let commits: Vec<_> = retries.iter().map(to_commit).collect();
            let outcomes = store.backend.commit(commits.into()).await?;
            for (retry, outcome) in retries.into_iter().zip(outcomes) {
                let found = match outcome {
                    CommitOutcome::Stale => None,
                    _ => store.backend.get(&retry.job).await?,
                };
                store.pending.remove_retry(&retry);
                // Otherwise the run was taken over or its job was removed.
                if let Some(job) = found.filter(|job| job.runs.contains(&retry.run)) {
                    let orphan = OrphanedRun::new(job.record, retry.run);
                    self.rerun(store, pass, orphan, retry.has_started);
                }
            }
        }
        Ok(store.pending.next_retry_at())
    }

    /// Starts the next attempts of runs of this node that could not be resolved before.
    fn rerun_unresolved(&self, store: &Arc<RegisteredStore>, pass: &mut PassState) {
        for orphan in std::mem::take(&mut pass.unresolved_orphans) {
            self.rerun(store, pass, orphan, true);
        }
    }

    /// Starts the next attempt of a run. If no earlier attempt has started, the deadline of the first attempt applies.
    fn rerun(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        orphan: OrphanedRun,
        has_started: bool,
    ) {
        if self.runs.update_fence(&orphan.record.id, &orphan.run) {
            // The run is in progress in this process, whose lease had expired.
            return;
        }
        match self.runs.other_attempt(&orphan.record.id, orphan.run.run_id) {
            // The attempt has failed, because a later one is in progress.
            Some(other) if other > orphan.run.attempt => {
                Self::clear_orphan(store, &orphan);
                return;
            }
            // An earlier attempt has not noticed yet that it was taken over: this one waits for its end.
            Some(_) => {
                pass.unresolved_orphans.push(orphan);
                return;
            }
            None => {}
        }
        let resolved = match self.runs.resolve(store, &orphan.record) {
            Ok(resolved) => resolved,
            Err(problem) => {
                self.report_unresolved(store, pass, &orphan.record, problem);
                pass.unresolved_orphans.push(orphan);
                return;
            }
        };
        let OrphanedRun { record, run, .. } = orphan;
        // No deadline if an earlier attempt may have started, to guarantee at-least-once execution.
        let deadline = match has_started {
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
            fence: Some(run.fence),
            start_limit: None,
            deadline,
            timeout: resolved.decoded.definition.options.timeout,
            retry: for_retry(&resolved.decoded.definition),
        };
        let context = self.runs.context(store, &record, &run);
        self.shared.bus.emit(Event::JobRecovered(RunEvent::of(&context)));
        self.runs.submit(store, &record, &resolved, &run);
    }

    /// Starts the next attempt of a run, unless its last attempt has failed and is retried already.
    async fn rerun_unless_retried(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        orphan: OrphanedRun,
    ) {
        let InFlightRun { run_id, attempt, .. } = orphan.run;
        if self.is_retried_already(store, &orphan.record, run_id, attempt).await {
            Self::clear_orphan(store, &orphan);
        } else {
            self.rerun(store, pass, orphan, true);
        }
    }

    /// Clears the record of an attempt that has failed.
    fn clear_orphan(store: &RegisteredStore, orphan: &OrphanedRun) {
        let OrphanedRun { record, run, .. } = orphan;
        let action = CommitAction::ClearRun { run_id: run.run_id };
        store.queue_commit(&record.id, &record.task, run.fence, action);
    }

    /// Takes over the recorded runs of an earlier process with the same node id, without waiting for its lease to
    /// expire. The configured node id must be unique among live processes. Also recovers the runs and claims that a call
    /// without a response has assigned to this node. The lease stays valid, so that other nodes take over nothing. If there
    /// was such a call, the lease must have been renewed since, so that the call takes over nothing any more.
    pub(super) async fn recover_own_runs(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &mut PassState,
        node: &NodeId,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if self.may_have_unknown_runs(store, pass) {
            let lease = self.shared.settings.lease;
            let until = pass.renewed_at.unwrap_or(now).saturating_add(lease);
            let limit = store.cap_batch(self.shared.settings.batch);
            let mut known = self.known_runs(store, pass);
            loop {
                let from = &TakeOverFrom::Caller { until, known };
                pass.ownership_unconfirmed = true;
                let taken = store.backend.take_over(node, from, now, limit, filter).await?;
                store.report_corrupt(taken.corrupt);
                // The released jobs are due again.
                pass.next_due_checked_at = None;
                if taken.has_more && taken.runs.is_empty() && taken.released == 0 {
                    // The lease has been revoked, other nodes are changing the same jobs, or the store returns not more at
                    // once than this process knows.
                    pass.recover_own_not_before = Some(now.saturating_add(lease / 2));
                    return Ok(());
                }
                // Some may have ended when the next call is made.
                known = taken.runs.iter().map(|orphan| id_and_fence(&orphan.run)).collect();
                for orphan in taken.runs {
                    self.rerun_unless_retried(store, pass, orphan).await;
                }
                if !taken.has_more {
                    break;
                }
                known.extend(self.known_runs(store, pass));
            }
        }
        pass.own_runs_recovered = true;
        pass.ownership_unconfirmed = false;
        Ok(())
    }

    /// The recorded runs that this process runs, retries or clears.
    fn known_runs(
        &self,
        store: &Arc<RegisteredStore>,
        pass: &PassState,
    ) -> BTreeSet<(RunId, Fence)> {
        let mut known = self.runs.known(store);
        known.extend(store.pending.known_runs());
        known.extend(pass.unresolved_orphans.iter().map(|orphan| id_and_fence(&orphan.run)));
        known
    }
}

fn id_and_fence(run: &InFlightRun) -> (RunId, Fence) {
    (run.run_id, run.fence)
}
