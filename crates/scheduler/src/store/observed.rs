//! The calls of a store, with their spans and metrics.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    AddOutcome, Alias, BoxFuture, Claims, CommitBatch, CommitOutcome, CorruptRecord, DynJobStore,
    HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, Metadata, NewRecord,
    NodeId, RecordUpdate, Renewal, Revision, StoreError, StoreErrorKind, StoredJob, TakeOver,
    TakeOverFrom, TaskFilter, Timestamp, error_chain,
};
use tracing::field::{Empty, display};
use tracing::{Instrument, Span};

use crate::shared::metrics::{self, Timer};

/// A store whose calls have spans, and with the feature `metrics` are measured. Methods that are not observed are those of
/// the store itself.
pub(crate) struct ObservedStore {
    alias: Alias,
    store: Arc<dyn DynJobStore>,
}

impl Deref for ObservedStore {
    type Target = dyn DynJobStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

/// Generates the methods whose span is `store_call`.
macro_rules! observed {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $output:ty;)*) => {$(
        pub(crate) async fn $name(&self, $($arg: $ty),*) -> Result<$output, StoreError> {
            const CALL: &str = stringify!($name);
            let span = tracing::trace_span!(
                target: "punctual::store", "store_call", store = %self.alias, call = CALL,
                error = Empty, otel.status_code = Empty,
            );
            self.observe(CALL, &span, self.store.$name($($arg),*)).await
        }
    )*};
}

impl ObservedStore {
    pub(crate) fn new(alias: Alias, store: Arc<dyn DynJobStore>) -> Self {
        Self { alias, store }
    }

    pub(crate) async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let span = tracing::debug_span!(
            target: "punctual::store", "claim", store = %self.alias, limit, claimed = Empty,
            error = Empty, otel.status_code = Empty,
        );
        let call = self.store.claim_due(node, now, limit, lease, filter);
        let claims = self.observe("claim_due", &span, call).await?;
        span.record("claimed", claims.records.len());
        metrics::jobs_due(&self.alias, claims.records.len());
        Ok(claims)
    }

    pub(crate) async fn commit(
        &self,
        batch: CommitBatch,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let span = tracing::debug_span!(
            target: "punctual::store", "commit", store = %self.alias, commits = batch.commits.len(),
            history = batch.history.len(), error = Empty, otel.status_code = Empty,
        );
        self.observe("commit", &span, self.store.commit(batch)).await
    }

    observed! {
        add(records: Vec<NewRecord>) -> Vec<AddOutcome>;
        update(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision;
        remove(ids: &[JobId]) -> Vec<bool>;
        get(id: &JobId) -> Option<StoredJob>;
        list(after: Option<&JobCursor>, limit: usize) -> JobRecordPage;
        renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
        take_over(
            node: &NodeId, from: TakeOverFrom, now: Timestamp, limit: usize, filter: &TaskFilter
        ) -> TakeOver;
        next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
        metadata() -> Metadata;
        set_metadata(key: &str, value: &str) -> ();
        discard(record: &CorruptRecord) -> bool;
        time() -> Option<Timestamp>;
        read_history(query: &HistoryRecordQuery) -> HistoryRecordPage;
        delete_history_before(before: Timestamp, limit: usize) -> u64;
        trim_history(jobs: &[JobId], keep: usize, limit: usize) -> u64;
    }

    async fn observe<T>(
        &self,
        call: &'static str,
        span: &Span,
        work: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let timer = Timer::start();
        let result = match span.is_disabled() {
            true => work.await,
            false => work.instrument(span.clone()).await,
        };
        // Other processes, and users who change the same job, cause the other errors.
        let has_failed = result.as_ref().is_err_and(|error| {
            !matches!(error.kind(), StoreErrorKind::Conflict | StoreErrorKind::NotFound)
        });
        timer.store_call(&self.alias, call, has_failed);
        if let Err(error) = &result
            && has_failed
        {
            span.record("error", display(error_chain(error)));
            span.record("otel.status_code", "ERROR");
        }
        result
    }
}
