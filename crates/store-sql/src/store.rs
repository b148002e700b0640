//! The `Backend` implementation for all dialects.

use std::error::Error;
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, Metadata, NewRecord,
    NodeId, RecordUpdate, Renewal, Revision, StoreCaps, StoreError, StoredJob, TakeOver,
    TakeOverFrom, TaskFilter, Timestamp,
};
use punctual_store_kit::Backend;

use crate::database::Database;
use crate::dialect::{ClaimRequest, Dialect};
use crate::error::Cause;

/// Generates the methods that delegate to `Database` or to the dialect.
macro_rules! backend {
    (
        $($name:ident($($arg:ident: $type:ty),*) -> $output:ty $(= |$db:ident| $call:expr)?;)*
        @ $($transactional:ident($($given:ident: $kind:ty),*) -> $result:ty;)*
    ) => {
        $(
            async fn $name(&self, $($arg: $type),*) -> Result<$output, StoreError> {
                backend!(@call self $name($($arg),*) $(= |$db| $call)?).await
            }
        )*
        $(
            async fn $transactional(
                &self,
                transaction: &mut CallerTransaction<'_>,
                $($given: $kind),*
            ) -> Result<$result, StoreError> {
                let kind = <D::Database as sqlx::Database>::NAME;
                Database::$transactional(self, transaction.connection(kind)?, $($given),*).await
            }
        )*
    };
    (@call $self:ident $name:ident($($arg:ident),*)) => { Database::$name($self, $($arg),*) };
    (@call $self:ident $name:ident($($arg:ident),*) = |$db:ident| $call:expr) => {{
        let $db = &$self.dialect;
        $call
    }};
}

impl<D: Dialect> Backend for Database<D> {
    type Options = D::Options;

    fn caps(options: &D::Options) -> StoreCaps {
        D::caps(options)
    }

    async fn open(options: &D::Options) -> Result<Self, StoreError> {
        Ok(Self { dialect: D::open(options).await? })
    }

    fn check(&self) -> Result<(), StoreError> {
        self.dialect.check()
    }

    fn can_reopen(&self) -> bool {
        self.dialect.can_reopen()
    }

    async fn remove_stale_files(&self) -> Result<(), StoreError> {
        self.dialect.remove_stale_files().await
    }

    async fn close(&self) {
        self.dialect.close().await;
    }

    fn call_timeout(options: &D::Options) -> Option<Duration> {
        D::call_timeout(options)
    }

    /// Each call is one transaction, which is rolled back completely after a write conflict.
    fn is_write_conflict(error: &StoreError) -> bool {
        let cause = error.source().and_then(|source| source.downcast_ref::<Cause<sqlx::Error>>());
        cause.is_some_and(|Cause(error)| D::is_write_conflict(error))
    }

    backend! {
        add(records: &[NewRecord]) -> Vec<AddOutcome>;
        update(id: &JobId, expected: Revision, update: &RecordUpdate) -> Revision;
        remove(ids: &[JobId]) -> Vec<bool>;
        get(id: &JobId) -> Option<StoredJob>;
        list(after: Option<&JobCursor>, limit: usize) -> JobRecordPage;
        claim_due(node: &NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter) -> Claims
            = |dialect| dialect.claim(ClaimRequest { node, now, until: now.saturating_add(lease), limit, filter });
        commit(batch: &CommitBatch) -> Vec<CommitOutcome> = |dialect| dialect.commit(batch);
        renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
        take_over(node: &NodeId, from: &TakeOverFrom, now: Timestamp, limit: usize, filter: &TaskFilter) -> TakeOver;
        next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
        metadata() -> Metadata;
        set_metadata(key: &str, value: &str) -> ();
        discard(record: &CorruptRecord) -> bool;
        watch() -> Option<Box<dyn ChangeWatch>> = |dialect| dialect.watch();
        time() -> Option<Timestamp>;
        read_history(query: &HistoryRecordQuery) -> HistoryRecordPage;
        delete_history_before(before: Timestamp, limit: usize) -> u64;
        trim_history(jobs: &[JobId], keep: usize, limit: usize) -> u64;

        @
        add_in(records: &[NewRecord]) -> Vec<AddOutcome>;
        get_in(id: &JobId) -> Option<StoredJob>;
        update_in(id: &JobId, expected: Revision, update: &RecordUpdate) -> Revision;
        remove_in(ids: &[JobId]) -> Vec<bool>;
        add_metadata_in(key: &str, value: &str) -> ();
    }
}
