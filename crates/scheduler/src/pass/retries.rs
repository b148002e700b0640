//! Storing retries of failed runs.
//!
//! A retry is a job with the run's arguments, which runs once. It is stored before the record or the claim of the failed attempt
//! is cleared: if the process is killed in between, whoever recovers the attempt finds the retry, and does not repeat the
//! attempt. The retry waits until the failed attempt is cleared, because whoever finds no retry repeats the attempt.

use std::sync::Arc;

use futures_util::future::join_all;
use punctual_core::{
    JobId, JobRecord, RetryOf, RunId, StoreError, StoreErrorKind, StoredJob, Timestamp, error_chain,
};

use super::PassRunner;
use crate::store::{FailedRun, RegisteredStore};

/// Maximum number of retries in one call.
const MAX_RETRIES: usize = 500;

/// Maximum number of failed attempts that are read at the same time.
const CONCURRENT_READS: usize = 16;

/// What the store contains about other attempts of the runs of claimed jobs.
#[derive(Default)]
pub(super) struct OtherAttempts {
    /// Jobs whose run has failed under an earlier claim, and whose retry is stored.
    pub(super) ended: Vec<JobId>,
    /// Retries whose failed attempt is not cleared yet.
    pub(super) uncleared: Vec<JobId>,
}

/// Whether a repetition of the call would fail, too.
fn is_rejection(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Invalid | StoreErrorKind::Unsupported)
}

impl PassRunner {
    /// Stores the retries and dead letters of the runs that have failed since the last call. If the call fails, it is repeated:
    /// their ids are those of the attempts.
    pub(super) async fn store_retries(&self, store: &RegisteredStore) -> Result<(), StoreError> {
        let mut failed = self.still_owned(store, store.pending.failed_runs()).await?;
        while !failed.is_empty() {
            let part = &failed[..failed.len().min(MAX_RETRIES)];
            let size = |failed: &FailedRun| failed.record.definition.as_bytes().len();
            let count = store.caps.max_batch.fitting(part, size);
            let records = part[..count].iter().map(|failed| failed.record.clone()).collect();
            let rejected = match store.backend.add(records).await {
                Err(error) if !is_rejection(&error) => return Err(error),
                added => added.err(),
            };
            for failed in failed.drain(..count) {
                store.pending.remove_failed_run(&failed.record.id);
                if let Some(error) = &rejected {
                    // Otherwise the store would not be used any more.
                    tracing::error!(
                        target: "punctual::scheduler", store = %store.alias, retry = %failed.record.id, error = %error_chain(error),
                        "the failed run is not retried: its retry was rejected by the store"
                    );
                    continue;
                }
                failed.event.into_iter().for_each(|event| self.shared.bus.emit(event));
                if let Some(schedule) = failed.record.schedule {
                    store.notify_due(schedule.due_at);
                }
            }
        }
        Ok(())
    }

    /// The failed runs whose attempts still belong to this process. If its lease has expired since they started, another process
    /// may have taken them over: it repeats them, and a retry would be a second repetition.
    async fn still_owned(
        &self,
        store: &RegisteredStore,
        failed: Vec<FailedRun>,
    ) -> Result<Vec<FailedRun>, StoreError> {
        let mut owned = Vec::with_capacity(failed.len());
        for failed in failed {
            if let Some(attempt) = &failed.guarded
                && self.may_be_lost(store, attempt.started)
                && store.is_taken_over(failed.run_id, attempt).await?
            {
                store.pending.remove_failed_run(&failed.record.id);
                tracing::debug!(target: "punctual::scheduler", store = %store.alias, run = %failed.run_id, "the failed run is not retried here: another process has taken it over");
                continue;
            }
            owned.push(failed);
        }
        Ok(owned)
    }

    /// Whether the lease may have expired since a run started.
    fn may_be_lost(&self, store: &RegisteredStore, started: Option<Timestamp>) -> bool {
        if !self.has_lease(store) {
            return false;
        }
        let since = *store.lease_held_since.lock();
        let is_held = since.zip(started).is_some_and(|(since, started)| since <= started);
        !is_held || store.lease.lock().is_expired(store.now())
    }

    /// Whether the attempt before this one has failed, and its retry or dead letter is stored: its process was killed before it
    /// cleared the attempt. If the store can't be read, the attempt is repeated.
    pub(super) async fn is_retried_already(
        &self,
        store: &RegisteredStore,
        record: &JobRecord,
        run: RunId,
        attempt: u32,
    ) -> bool {
        let has_policy =
            || store.decode(record).is_ok_and(|job| job.definition.options.retry.is_some());
        if attempt < 2 || !has_policy() {
            return false;
        }
        for id in RetryOf::ids_after(run, attempt - 1) {
            if matches!(store.backend.get(&id).await, Ok(Some(_))) {
                return true;
            }
        }
        false
    }

    /// Reads what the store contains about other attempts of the runs of claimed jobs.
    pub(super) async fn other_attempts(
        &self,
        store: &Arc<RegisteredStore>,
        records: &[JobRecord],
    ) -> OtherAttempts {
        OtherAttempts {
            ended: self.retried_already(store, records).await,
            uncleared: self.retries_of_uncleared(store, records).await,
        }
    }

    async fn retried_already(
        &self,
        store: &Arc<RegisteredStore>,
        records: &[JobRecord],
    ) -> Vec<JobId> {
        let mut found = Vec::new();
        for record in records.iter().filter(|record| record.claims > 1) {
            let Some(schedule) = record.schedule else { continue };
            let decoded = store.decode(record).ok();
            let origin = decoded.as_ref().and_then(|job| job.definition.retry_of.as_deref());
            let run = origin
                .map_or_else(|| record.run_id_at(schedule.next_run_time), |origin| origin.run_id);
            let attempt = record.claims + origin.map_or(0, |origin| origin.failed_attempt);
            if self.is_retried_already(store, record, run, attempt).await {
                found.push(record.id.clone());
            }
        }
        found
    }

    async fn retries_of_uncleared(
        &self,
        store: &Arc<RegisteredStore>,
        records: &[JobRecord],
    ) -> Vec<JobId> {
        let retries = records.iter().filter(|record| record.id.is_of_retry());
        let uncleared = async |record: &JobRecord| {
            let decoded = store.decode(record).ok()?;
            let origin = decoded.definition.retry_of.as_deref()?;
            let is_cleared = match store.backend.get(origin.failed_id()).await {
                Ok(found) => found.is_none_or(|failed| is_cleared(&failed, origin)),
                Err(_) => false,
            };
            (!is_cleared).then(|| record.id.clone())
        };
        let mut found = Vec::new();
        for part in retries.collect::<Vec<_>>().chunks(CONCURRENT_READS) {
            found.extend(join_all(part.iter().map(|record| uncleared(record))).await);
        }
        found.into_iter().flatten().collect()
    }
}

/// Whether the attempt that failed last is neither recorded nor under a claim any more, so that it can't be repeated.
fn is_cleared(failed: &StoredJob, origin: &RetryOf) -> bool {
    let StoredJob { record, runs, .. } = failed;
    // A retry is removed when its run is cleared. The schedule of another job is advanced.
    let is_claimed = record.schedule.is_some_and(|schedule| {
        origin.failed_retry.is_some()
            || (record.claims > 0 && schedule.next_run_time <= origin.scheduled_time)
    });
    !is_claimed && runs.iter().all(|run| run.run_id != origin.run_id)
}
