//! The stores as users see them.

/// Implements `JobStore` and `Debug` for a type with a field `handle`, an `Arc<Handle<_>>`, and a
/// method `capabilities`.
macro_rules! job_store {
    ($store:ty) => {
        const _: () = {
            use std::fmt;
            use std::time::Duration;

            use punctual_core::{
                AddOutcome, ChangeWatch, Claim, CommitBatch, CommitOutcome, InFlightRun, JobCursor, JobId,
                JobPage, JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate, Renewal,
                Revision, RunHistory, StoreCaps, StoreError, TaskFilter, Timestamp, TransactionalJobs,
            };

            use $crate::dialect::{Claiming, Committing, Dialect};

            impl fmt::Debug for $store {
                /// Without its options, which may have a password in them.
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.debug_struct(stringify!($store)).finish_non_exhaustive()
                }
            }

            impl JobStore for $store {
                fn caps(&self) -> StoreCaps {
                    self.capabilities()
                }

                async fn start(&self) -> Result<(), StoreError> {
                    self.handle.start().await
                }

                async fn shutdown(&self) {
                    self.handle.shutdown().await;
                }

                $crate::store::forward! {
                    add(records: Vec<NewRecord>) -> Vec<AddOutcome> = |db| db.add(&records);
                    update(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision =
                        |db| db.update(id, expected, &update);
                    remove(id: &JobId) -> bool = |db| db.remove(id);
                    remove_all() -> u64 = |db| db.remove_all();
                    get(id: &JobId) -> Option<JobRecord> = |db| db.get(id);
                    list(after: Option<&JobCursor>, limit: usize) -> JobPage = |db| db.list(after, limit);
                    claim_due(now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter)
                        -> Vec<Claim> = |db| db.dialect.claim_due(now, limit, lease, filter);
                    commit(batch: CommitBatch) -> Vec<CommitOutcome> = |db| db.dialect.commit(&batch);
                    renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal =
                        |db| db.renew(node, now, until, filter);
                    take_over(node: &NodeId, now: Timestamp, limit: usize, filter: &TaskFilter)
                        -> Vec<OrphanedRun> = |db| db.take_over(node, now, limit, filter);
                    in_flight(id: &JobId) -> Vec<InFlightRun> = |db| db.in_flight(id);
                    next_wakeup(filter: &TaskFilter) -> Option<Timestamp> = |db| db.next_wakeup(filter);
                    notes() -> Vec<(String, String)> = |db| db.notes();
                    set_note(key: &str, text: &str) -> () = |db| db.set_note(key, text);
                    watch() -> Option<Box<dyn ChangeWatch>> = |db| db.dialect.watch();
                    time() -> Option<Timestamp> = |db| db.time();
                }

                fn generation(&self) -> u64 {
                    self.handle.generation()
                }

                fn history(&self) -> Option<&dyn RunHistory> {
                    self.handle.keeps_history().then_some(self as _)
                }

                fn transactional(&self) -> Option<&dyn TransactionalJobs> {
                    Some(self)
                }
            }
        };

        $crate::facets::facets!($store);
    };
}

/// The methods that need an open database.
macro_rules! forward {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty = |$db:ident| $call:expr;)*) => {$(
        async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
            let $db = self.handle.database().await?;
            let mut attempt = 1;
            loop {
                match self.handle.within($call).await {
                    Err(error) if self.handle.again(&error, attempt) => attempt += 1,
                    answer => return answer,
                }
            }
        }
    )*};
}

pub(crate) use {forward, job_store};
