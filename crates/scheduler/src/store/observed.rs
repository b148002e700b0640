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
use tracing::level_filters::LevelFilter;
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

/// Whether calls with a span of this level are observed. If not, they are those of the store, without any cost.
fn is_observed(level: LevelFilter) -> bool {
    cfg!(feature = "metrics") || LevelFilter::current() >= level
}

/// Generates the methods whose span is `store_call`.
macro_rules! observed {
    ($($name:ident($($arg:ident: $ty:ty),*) -> $output:ty;)*) => {$(
        pub(crate) fn $name<'a>(
            &'a self, $($arg: $ty),*
        ) -> BoxFuture<'a, Result<$output, StoreError>> {
            let work = self.store.$name($($arg),*);
            if is_observed(LevelFilter::TRACE) {
                Box::pin(self.observe_other(stringify!($name), work))
            } else {
                work
            }
        }
    )*};
}

impl ObservedStore {
    pub(crate) fn new(alias: Alias, store: Arc<dyn DynJobStore>) -> Self {
        Self { alias, store }
    }

    pub(crate) fn claim_due<'a>(
        &'a self,
        node: &'a NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &'a TaskFilter,
    ) -> BoxFuture<'a, Result<Claims, StoreError>> {
        let work = self.store.claim_due(node, now, limit, lease, filter);
        if !is_observed(LevelFilter::DEBUG) {
            return work;
        }
        Box::pin(async move {
            let span = tracing::debug_span!(
                target: "punctual::store", "claim", store = %self.alias, limit, claimed = Empty,
                error = Empty, otel.status_code = Empty,
            );
            let claims = self.observe("claim_due", &span, work).await?;
            span.record("claimed", claims.records.len());
            metrics::jobs_due(&self.alias, claims.records.len());
            Ok(claims)
        })
    }

    pub(crate) fn commit<'a>(
        &'a self,
        batch: CommitBatch,
    ) -> BoxFuture<'a, Result<Vec<CommitOutcome>, StoreError>> {
        let (commits, history) = (batch.commits.len(), batch.history.len());
        let work = self.store.commit(batch);
        if !is_observed(LevelFilter::DEBUG) {
            return work;
        }
        Box::pin(async move {
            let span = tracing::debug_span!(
                target: "punctual::store", "commit", store = %self.alias, commits, history,
                error = Empty, otel.status_code = Empty,
            );
            self.observe("commit", &span, work).await
        })
    }

    observed! {
        add(records: Vec<NewRecord>) -> Vec<AddOutcome>;
        update(id: &'a JobId, expected: Revision, update: RecordUpdate) -> Revision;
        remove(ids: &'a [JobId]) -> Vec<bool>;
        get(id: &'a JobId) -> Option<StoredJob>;
        list(after: Option<&'a JobCursor>, limit: usize) -> JobRecordPage;
        renew(
            node: &'a NodeId, now: Timestamp, until: Timestamp, filter: &'a TaskFilter
        ) -> Renewal;
        take_over(
            node: &'a NodeId, from: &'a TakeOverFrom, now: Timestamp, limit: usize, filter: &'a TaskFilter
        ) -> TakeOver;
        next_wakeup(filter: &'a TaskFilter) -> Option<Timestamp>;
        metadata() -> Metadata;
        set_metadata(key: &'a str, value: &'a str) -> ();
        discard(record: &'a CorruptRecord) -> bool;
        time() -> Option<Timestamp>;
        read_history(query: &'a HistoryRecordQuery) -> HistoryRecordPage;
        delete_history_before(before: Timestamp, limit: usize) -> u64;
        trim_history(jobs: &'a [JobId], keep: usize, limit: usize) -> u64;
    }

    async fn observe_other<T>(
        &self,
        call: &'static str,
        work: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let span = tracing::trace_span!(
            target: "punctual::store", "store_call", store = %self.alias, call,
            error = Empty, otel.status_code = Empty,
        );
        self.observe(call, &span, work).await
    }

    async fn observe<T>(
        &self,
        call: &'static str,
        span: &Span,
        work: BoxFuture<'_, Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let timer = Timer::start();
        let result = work.instrument(span.clone()).await;
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
