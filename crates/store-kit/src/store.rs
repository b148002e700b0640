//! The store as users see it.

/// Implements [`JobStore`](punctual_core::JobStore), [`RunHistory`](punctual_core::RunHistory),
/// [`TransactionalJobs`](punctual_core::TransactionalJobs) and `Debug` for a type with a field `handle`, a
/// [`Handle`](crate::Handle) of this [`Backend`](crate::Backend).
#[macro_export]
macro_rules! job_store {
    ($store:ty, $backend:ty) => {
        const _: () = {
            use std::fmt;
            use std::time::Duration;

            use $crate::Backend;
            use $crate::core::{
                AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
                HistoryPage, HistoryQuery, JobCursor, JobId, JobPage, JobStore, Metadata, NewRecord, NodeId,
                RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver,
                TaskFilter, Timestamp, TransactionalJobs,
            };

            impl fmt::Debug for $store {
                /// Without its options, which may have a password in them.
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($store)).finish_non_exhaustive()
                }
            }

            impl JobStore for $store {
                fn caps(&self) -> StoreCaps {
                    <$backend as Backend>::caps(self.handle.options())
                }

                fn generation(&self) -> u64 {
                    self.handle.generation()
                }

                async fn start(&self) -> Result<(), StoreError> {
                    self.handle.start().await
                }

                async fn shutdown(&self) {
                    self.handle.shutdown().await;
                }

                $crate::__forward! { $backend;
                    add(records: Vec<NewRecord>) -> Vec<AddOutcome> = (&records);
                    update(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision =
                        (id, expected, &update);
                    remove(ids: &[JobId]) -> Vec<bool> = (ids);
                    get(id: &JobId) -> Option<StoredJob> = (id);
                    list(after: Option<&JobCursor>, limit: usize) -> JobPage = (after, limit);
                    claim_due(
                        node: &NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter
                    ) -> Claims = (node, now, limit, lease, filter);
                    commit(batch: CommitBatch) -> Vec<CommitOutcome> = (&batch);
                    renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal =
                        (node, now, until, filter);
                    take_over(node: &NodeId, now: Timestamp, limit: usize, filter: &TaskFilter) -> TakeOver =
                        (node, now, limit, filter);
                    next_wakeup(filter: &TaskFilter) -> Option<Timestamp> = (filter);
                    metadata() -> Metadata = ();
                    set_metadata(key: &str, value: &str) -> () = (key, value);
                    discard(record: &CorruptRecord) -> bool = (record);
                    watch() -> Option<Box<dyn ChangeWatch>> = ();
                    time() -> Option<Timestamp> = ();
                }
            }

            impl RunHistory for $store {
                $crate::__forward! { $backend;
                    read_history(query: &HistoryQuery) -> HistoryPage = (query);
                    forget_history_before(before: Timestamp, limit: usize) -> u64 = (before, limit);
                    forget_history_beyond(jobs: &[JobId], keep: usize, limit: usize) -> u64 =
                        (jobs, keep, limit);
                }
            }

            impl TransactionalJobs for $store {
                $crate::__forward_in! { $backend;
                    add_in(records: Vec<NewRecord>) -> Vec<AddOutcome> = (&records);
                    get_in(id: &JobId) -> Option<StoredJob> = (id);
                    update_in(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision =
                        (id, expected, &update);
                    remove_in(ids: &[JobId]) -> Vec<bool> = (ids);
                    add_metadata_in(key: &str, value: &str) -> () = (key, value);
                }
            }
        };
    };
}

/// The methods that need an open backend.
#[doc(hidden)]
#[macro_export]
macro_rules! __forward {
    ($backend:ty; $($name:ident($($arg:ident: $type:ty),*) -> $answer:ty = ($($passed:expr),*);)*) => {$(
        async fn $name(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
            let backend = self.handle.backend().await?;
            let mut attempt = 1;
            loop {
                let call = <$backend as Backend>::$name(&backend $(, $passed)*);
                match self.handle.within(call).await {
                    Err(error) if self.handle.again(&error, attempt) => attempt += 1,
                    result => return result,
                }
            }
        }
    )*};
}

/// Those on a transaction of the caller's, who waits and repeats as he likes.
#[doc(hidden)]
#[macro_export]
macro_rules! __forward_in {
    ($backend:ty; $($name:ident($($arg:ident: $type:ty),*) -> $answer:ty = ($($passed:expr),*);)*) => {$(
        async fn $name(
            &self,
            transaction: &mut CallerTransaction<'_>,
            $($arg: $type),*
        ) -> Result<$answer, StoreError> {
            // What the caller is connected to is the caller's business.
            <$backend as Backend>::$name(&self.handle.opened()?, transaction, $($passed),*).await
        }
    )*};
}
