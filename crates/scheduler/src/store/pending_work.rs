//! Commits and run retries queued for the next pass over a store.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{
    Commit, CommitAction, Event, Fence, InFlightRun, JobId, NewRecord, RunId, TaskName, Timestamp,
};

use super::guard::RunGuard;

/// Pending commits and run retries.
#[derive(Default)]
pub(crate) struct PendingWork {
    /// Commits that clear runs or make jobs due earlier.
    commits: Mutex<Vec<PendingCommit>>,
    /// Retries of recorded runs that no executor completed.
    retries: Mutex<Vec<RunRetry>>,
    /// Failed runs whose retries or dead letters are not stored yet.
    failed_runs: Mutex<Vec<FailedRun>>,
    /// Runs under open claims have ended, so the claims can be settled.
    claims_ended: AtomicBool,
}

/// A failed run, with the job to store for it: its retry or dead letter.
#[derive(Clone, Debug)]
pub(crate) struct FailedRun {
    pub run_id: RunId,
    /// The failed attempt, if it is recorded or under a claim. `None` if nothing repeats it.
    pub guarded: Option<GuardedAttempt>,
    pub record: NewRecord,
    /// Emitted when the job is stored. `None` if it has been stored before.
    pub event: Option<Event>,
}

/// An attempt that other processes repeat if this one loses its lease.
#[derive(Clone, Debug)]
pub(crate) struct GuardedAttempt {
    pub job: JobId,
    pub guard: RunGuard,
    pub scheduled_time: Timestamp,
    pub started: Option<Timestamp>,
}

/// A scheduled retry of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunRetry {
    /// Time of the retry.
    pub at: Timestamp,
    pub job: JobId,
    /// The fence under which the failed attempt is recorded.
    pub fence: Fence,
    /// The record of the next attempt, written before it starts.
    pub run: InFlightRun,
    /// The failed attempt, or one before it, has started, so the next one has no deadline.
    pub has_started: bool,
}

/// A queued commit that follows from a completed run.
#[derive(Clone, Debug)]
pub(crate) struct PendingCommit {
    pub commit: Commit,
    pub task: TaskName,
    /// An earlier attempt to commit failed, and may have been applied.
    pub unconfirmed: bool,
}

impl PendingCommit {
    /// Whether the commit clears the record of a run.
    pub(crate) fn clears_run(&self) -> bool {
        matches!(self.commit.action, CommitAction::ClearRun { .. })
    }
}

impl PendingWork {
    pub(super) fn add(&self, change: PendingCommit) {
        self.commits.lock().push(change);
    }

    /// Takes all commits out of the queue.
    pub(super) fn take(&self) -> Vec<PendingCommit> {
        std::mem::take(&mut *self.commits.lock())
    }

    /// Returns commits to the front of the queue.
    pub(super) fn requeue(&self, changes: impl Iterator<Item = PendingCommit>) {
        self.commits.lock().splice(0..0, changes);
    }

    /// Number of queued commits.
    pub(crate) fn count(&self) -> usize {
        self.commits.lock().len()
    }

    pub(crate) fn has_changes(&self) -> bool {
        self.claims_ended.load(Ordering::Acquire)
            || !self.commits.lock().is_empty()
            || !self.failed_runs.lock().is_empty()
    }

    pub(crate) fn add_failed_run(&self, failed: FailedRun) {
        self.failed_runs.lock().push(failed);
    }

    /// The failed runs whose retries are not stored yet.
    pub(crate) fn failed_runs(&self) -> Vec<FailedRun> {
        self.failed_runs.lock().clone()
    }

    /// Whether the retry of the run is not stored yet.
    pub(crate) fn has_failed_run(&self, run: RunId) -> bool {
        self.failed_runs.lock().iter().any(|failed| failed.run_id == run)
    }

    /// Removes a failed run whose retry was stored under this id.
    pub(crate) fn remove_failed_run(&self, id: &JobId) {
        self.failed_runs.lock().retain(|failed| failed.record.id != *id);
    }

    /// Requests a pass that settles the claims of ended runs.
    pub(crate) fn set_claims_ended(&self) {
        self.claims_ended.store(true, Ordering::Release);
    }

    /// Clears the request, before the ended runs are looked up.
    pub(crate) fn clear_claims_ended(&self) {
        self.claims_ended.store(false, Ordering::Release);
    }

    pub(crate) fn schedule_retry(&self, retry: RunRetry) {
        self.retries.lock().push(retry);
    }

    /// The retries that are due, at most `limit`.
    pub(crate) fn due_retries(&self, now: Timestamp, limit: usize) -> Vec<RunRetry> {
        let retries = self.retries.lock();
        retries.iter().filter(|retry| retry.at <= now).take(limit).cloned().collect()
    }

    /// Time of the next retry.
    pub(crate) fn next_retry_at(&self) -> Option<Timestamp> {
        self.retries.lock().iter().map(|retry| retry.at).min()
    }

    /// Removes a retry that was started.
    pub(crate) fn remove_retry(&self, done: &RunRetry) {
        self.retries.lock().retain(|other| other.run != done.run);
    }

    /// The recorded runs that are to be cleared or retried, with the fences of their records. A retry whose commit had no
    /// response may be recorded already.
    pub(crate) fn known_runs(&self) -> BTreeSet<(RunId, Fence)> {
        let mut known = BTreeSet::new();
        for PendingCommit { commit, .. } in &*self.commits.lock() {
            if let CommitAction::ClearRun { run_id } = commit.action {
                known.insert((run_id, commit.fence));
            }
        }
        for retry in &*self.retries.lock() {
            known.extend([retry.fence, retry.run.fence].map(|fence| (retry.run.run_id, fence)));
        }
        for failed in &*self.failed_runs.lock() {
            let fence = failed.guarded.as_ref().and_then(|attempt| attempt.guard.fence());
            known.extend(fence.map(|fence| (failed.run_id, fence)));
        }
        known
    }

    pub(super) fn clear_retries(&self) {
        self.retries.lock().clear();
    }
}
