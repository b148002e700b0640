//! What stores do besides keeping jobs: remembering runs, and taking part in transactions of the caller's.

/// Implements `RunHistory` and `TransactionalJobs` for a type with a field `handle`, an `Arc<Handle<_>>`.
macro_rules! facets {
    ($store:ty) => {
        const _: () = {
            use punctual_core::{
                AddOutcome, BoxFuture, CallerTransaction, HistoryPage, HistoryQuery, JobId,
                JobRecord, NewRecord, RecordUpdate, Revision, RunHistory, StoreError, Timestamp,
                TransactionalJobs,
            };

            impl $store {
                $crate::store::forward! {
                    read_history(query: &HistoryQuery) -> HistoryPage = |db| db.history(query);
                    forget_runs_before(before: Timestamp, limit: usize) -> u64 =
                        |db| db.forget_before(before, limit);
                    forget_runs_beyond(jobs: &[JobId], keep: usize, limit: usize) -> u64 =
                        |db| db.forget_beyond(jobs, keep, limit);
                }
            }

            impl RunHistory for $store {
                fn read<'a>(
                    &'a self,
                    query: &'a HistoryQuery,
                ) -> BoxFuture<'a, Result<HistoryPage, StoreError>> {
                    Box::pin(self.read_history(query))
                }

                fn forget_before<'a>(
                    &'a self,
                    before: Timestamp,
                    limit: usize,
                ) -> BoxFuture<'a, Result<u64, StoreError>> {
                    Box::pin(self.forget_runs_before(before, limit))
                }

                fn forget_beyond<'a>(
                    &'a self,
                    jobs: &'a [JobId],
                    keep: usize,
                    limit: usize,
                ) -> BoxFuture<'a, Result<u64, StoreError>> {
                    Box::pin(self.forget_runs_beyond(jobs, keep, limit))
                }
            }

            impl TransactionalJobs for $store {
                fn add_in<'a>(
                    &'a self,
                    transaction: &'a mut CallerTransaction<'_>,
                    records: Vec<NewRecord>,
                ) -> BoxFuture<'a, Result<Vec<AddOutcome>, StoreError>> {
                    Box::pin(async move {
                        let (db, connection) = self.handle.inside(transaction)?;
                        db.add_in(connection, &records).await
                    })
                }

                fn get_in<'a>(
                    &'a self,
                    transaction: &'a mut CallerTransaction<'_>,
                    id: &'a JobId,
                ) -> BoxFuture<'a, Result<Option<JobRecord>, StoreError>> {
                    Box::pin(async move {
                        let (db, connection) = self.handle.inside(transaction)?;
                        db.get_in(connection, id).await
                    })
                }

                fn update_in<'a>(
                    &'a self,
                    transaction: &'a mut CallerTransaction<'_>,
                    id: &'a JobId,
                    expected: Revision,
                    update: RecordUpdate,
                ) -> BoxFuture<'a, Result<Revision, StoreError>> {
                    Box::pin(async move {
                        let (db, connection) = self.handle.inside(transaction)?;
                        db.update_in(connection, id, expected, &update).await
                    })
                }

                fn remove_in<'a>(
                    &'a self,
                    transaction: &'a mut CallerTransaction<'_>,
                    id: &'a JobId,
                ) -> BoxFuture<'a, Result<bool, StoreError>> {
                    Box::pin(async move {
                        let (db, connection) = self.handle.inside(transaction)?;
                        db.remove_in(connection, id).await
                    })
                }

                fn note_in<'a>(
                    &'a self,
                    transaction: &'a mut CallerTransaction<'_>,
                    key: &'a str,
                    text: &'a str,
                ) -> BoxFuture<'a, Result<(), StoreError>> {
                    Box::pin(async move {
                        let (db, connection) = self.handle.inside(transaction)?;
                        db.note_in(connection, key, text).await
                    })
                }
            }
        };
    };
}

pub(crate) use facets;
