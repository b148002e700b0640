//! Storing retries of failed runs.
//!
//! A retry is a job with the run's arguments, which runs once. It is stored before the record or the claim of the failed attempt
//! is cleared: if the process is killed in between, whoever recovers the attempt finds the retry, and does not repeat the
//! attempt.

use std::sync::Arc;

use punctual_core::{JobId, JobRecord, RetryOf, RunId, StoreError, StoreErrorKind, error_chain};

use super::PassRunner;
use crate::store::{FailedRun, RegisteredStore};

/// Maximum number of retries in one call.
const MAX_RETRIES: usize = 500;

/// Whether a repetition of the call would fail, too.
fn is_rejection(error: &StoreError) -> bool {
    matches!(error.kind(), StoreErrorKind::Invalid | StoreErrorKind::Unsupported)
}

impl PassRunner {
    /// Stores the retries and dead letters of the runs that have failed since the last call. If the call fails, it is repeated:
    /// their ids are those of the attempts.
    pub(super) async fn store_retries(&self, store: &RegisteredStore) -> Result<(), StoreError> {
        let mut failed = store.pending.failed_runs();
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
                        store = %store.alias, retry = %failed.record.id, error = %error_chain(error),
                        "the failed run is not retried: its retry was rejected by the store"
                    );
                    continue;
                }
                self.shared.bus.emit(failed.event);
                if let Some(schedule) = failed.record.schedule {
                    store.notify_due(schedule.due_at);
                }
            }
        }
        Ok(())
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

    /// The claimed jobs whose run was interrupted by the end of its claim after its retry was stored.
    pub(super) async fn retried_already(
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
}
