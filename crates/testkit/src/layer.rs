//! Stores that do most things as another does.

use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    DynJobStore, HistoryPage, HistoryQuery, JobCursor, JobId, JobPage, JobStore, Metadata,
    NewRecord, NodeId, RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError,
    StoredJob, TakeOver, TaskFilter, Timestamp, TransactionalJobs,
};

/// Writes the methods of [`JobStore`] and its companions that return a `Result`, once for the layer and once
/// for the store under it.
macro_rules! layer {
    // What a store has beside those.
    (@beside JobStore) => {
        fn caps(&self) -> StoreCaps {
            self.0.caps()
        }

        fn generation(&self) -> u64 {
            self.0.generation()
        }

        fn shutdown(&self) -> impl Future<Output = ()> + Send {
            self.0.shutdown()
        }
    };
    (@beside $companion:ident) => {};
    ($($of:ident {
        $($call:ident: $name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*
    })*) => {
        /// A method of a store, or of its companions, that can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreCall {
            /// [`JobStore::shutdown`], whose failure nobody hears of.
            Shutdown,
            $($(
                #[doc = concat!("[`", stringify!($of), "::", stringify!($name), "`].")]
                $call,
            )*)*
        }

        /// What is different about a store that otherwise does as [`inner`](Self::inner) does: for tests
        /// that watch, delay, disturb or break a store. [`Layered`] makes a store of it.
        ///
        /// ```
        /// use punctual_core::{DynJobStore, JobStore, StoreError, StoreErrorKind};
        /// use punctual_testkit::{Layered, StoreCall, StoreLayer};
        ///
        /// /// Can't be reached, but for its start.
        /// struct Gone<S>(S);
        ///
        /// impl<S: JobStore> StoreLayer for Gone<S> {
        ///     fn inner(&self) -> &dyn DynJobStore {
        ///         &self.0
        ///     }
        ///
        ///     async fn around<T: Send>(
        ///         &self,
        ///         call: StoreCall,
        ///         work: impl Future<Output = Result<T, StoreError>> + Send,
        ///     ) -> Result<T, StoreError> {
        ///         match call {
        ///             StoreCall::Start => work.await,
        ///             _ => Err(StoreError::new(StoreErrorKind::Unavailable, "it is gone")),
        ///         }
        ///     }
        /// }
        ///
        /// fn gone<S: JobStore>(store: S) -> impl JobStore {
        ///     Layered(Gone(store))
        /// }
        /// ```
        pub trait StoreLayer: Send + Sync + 'static {
            /// The store that does what the layer does not do itself.
            fn inner(&self) -> &dyn DynJobStore;

            /// What is done about every call that the layer does not do itself: `work` is the inner
            /// store's. By itself it lets it pass.
            fn around<T: Send>(
                &self,
                call: StoreCall,
                work: impl Future<Output = Result<T, StoreError>> + Send,
            ) -> impl Future<Output = Result<T, StoreError>> + Send {
                let _ = call;
                work
            }

            /// As [`JobStore::caps`].
            fn caps(&self) -> StoreCaps {
                self.inner().caps()
            }

            /// As [`JobStore::shutdown`].
            fn shutdown(&self) -> impl Future<Output = ()> + Send {
                let work = async {
                    self.inner().shutdown().await;
                    Ok(())
                };
                async { self.around(StoreCall::Shutdown, work).await.unwrap_or_default() }
            }

            /// As [`JobStore::generation`].
            fn generation(&self) -> u64 {
                self.inner().generation()
            }

            $($(
                #[doc = concat!("As [`", stringify!($of), "::", stringify!($name), "`].")]
                fn $name(
                    &self,
                    $($arg: $ty),*
                ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                    async move {
                        self.around(StoreCall::$call, self.inner().$name($($arg),*)).await
                    }
                }
            )*)*
        }

        $(
            impl<L: StoreLayer> $of for Layered<L> {
                layer!(@beside $of);

                $(
                    fn $name(
                        &self,
                        $($arg: $ty),*
                    ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                        self.0.$name($($arg),*)
                    }
                )*
            }
        )*
    };
}

layer! {
    JobStore {
        Start: start() -> ();
        Add: add(records: Vec<NewRecord>) -> Vec<AddOutcome>;
        Update: update(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision;
        Remove: remove(ids: &[JobId]) -> Vec<bool>;
        Get: get(id: &JobId) -> Option<StoredJob>;
        List: list(after: Option<&JobCursor>, limit: usize) -> JobPage;
        ClaimDue: claim_due(
            node: &NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter
        ) -> Claims;
        Commit: commit(batch: CommitBatch) -> Vec<CommitOutcome>;
        Renew: renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
        TakeOver: take_over(node: &NodeId, now: Timestamp, limit: usize, filter: &TaskFilter) -> TakeOver;
        NextWakeup: next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
        Metadata: metadata() -> Metadata;
        SetMetadata: set_metadata(key: &str, value: &str) -> ();
        Discard: discard(record: &CorruptRecord) -> bool;
        Watch: watch() -> Option<Box<dyn ChangeWatch>>;
        Time: time() -> Option<Timestamp>;
    }
    RunHistory {
        ReadHistory: read_history(query: &HistoryQuery) -> HistoryPage;
        ForgetHistoryBefore: forget_history_before(before: Timestamp, limit: usize) -> u64;
        ForgetHistoryBeyond: forget_history_beyond(jobs: &[JobId], keep: usize, limit: usize) -> u64;
    }
    TransactionalJobs {
        AddIn: add_in(transaction: &mut CallerTransaction<'_>, records: Vec<NewRecord>) -> Vec<AddOutcome>;
        GetIn: get_in(transaction: &mut CallerTransaction<'_>, id: &JobId) -> Option<StoredJob>;
        UpdateIn: update_in(
            transaction: &mut CallerTransaction<'_>, id: &JobId, expected: Revision, update: RecordUpdate
        ) -> Revision;
        RemoveIn: remove_in(transaction: &mut CallerTransaction<'_>, ids: &[JobId]) -> Vec<bool>;
        AddMetadataIn: add_metadata_in(
            transaction: &mut CallerTransaction<'_>, key: &str, value: &str
        ) -> ();
    }
}

/// The store that a [`StoreLayer`] and what is below it make together.
#[derive(Clone, Debug, Default)]
pub struct Layered<L>(pub L);
