//! Stores that do most things as another does.

use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, ChangeWatch, Claim, CommitBatch, CommitOutcome, DynJobStore, InFlightRun,
    JobCursor, JobId, JobPage, JobRecord, JobStore, NewRecord, NodeId, OrphanedRun, RecordUpdate,
    Renewal, Revision, RunHistory, StoreCaps, StoreError, TaskFilter, Timestamp, TransactionalJobs,
};

/// Writes the methods of [`JobStore`] that answer with a `Result`, once for the layer and once for the store
/// under it.
macro_rules! layer {
    ($($call:ident: $name:ident($($arg:ident: $ty:ty),*) -> $answer:ty;)*) => {
        /// A method of a store that can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreCall {
            /// [`JobStore::shutdown`], whose failure nobody hears of.
            Shutdown,
            $(#[doc = concat!("[`JobStore::", stringify!($name), "`].")] $call,)*
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

            /// As [`JobStore::history`].
            fn history(&self) -> Option<&dyn RunHistory> {
                self.inner().history()
            }

            /// As [`JobStore::transactional`].
            fn transactional(&self) -> Option<&dyn TransactionalJobs> {
                self.inner().transactional()
            }

            $(
                #[doc = concat!("As [`JobStore::", stringify!($name), "`].")]
                fn $name(
                    &self,
                    $($arg: $ty),*
                ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                    async move {
                        self.around(StoreCall::$call, self.inner().$name($($arg),*)).await
                    }
                }
            )*
        }

        impl<L: StoreLayer> JobStore for Layered<L> {
            fn caps(&self) -> StoreCaps {
                self.0.caps()
            }

            fn shutdown(&self) -> impl Future<Output = ()> + Send {
                self.0.shutdown()
            }

            fn generation(&self) -> u64 {
                self.0.generation()
            }

            fn history(&self) -> Option<&dyn RunHistory> {
                self.0.history()
            }

            fn transactional(&self) -> Option<&dyn TransactionalJobs> {
                self.0.transactional()
            }

            $(
                fn $name(
                    &self,
                    $($arg: $ty),*
                ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
                    self.0.$name($($arg),*)
                }
            )*
        }
    };
}

layer! {
    Start: start() -> ();
    Add: add(records: Vec<NewRecord>) -> Vec<AddOutcome>;
    Update: update(id: &JobId, expected: Revision, update: RecordUpdate) -> Revision;
    Remove: remove(id: &JobId) -> bool;
    RemoveAll: remove_all() -> u64;
    Get: get(id: &JobId) -> Option<JobRecord>;
    List: list(after: Option<&JobCursor>, limit: usize) -> JobPage;
    ClaimDue: claim_due(now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter) -> Vec<Claim>;
    Commit: commit(batch: CommitBatch) -> Vec<CommitOutcome>;
    Renew: renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
    TakeOver: take_over(node: &NodeId, now: Timestamp, limit: usize, filter: &TaskFilter) -> Vec<OrphanedRun>;
    InFlight: in_flight(id: &JobId) -> Vec<InFlightRun>;
    NextWakeup: next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
    Notes: notes() -> Vec<(String, String)>;
    SetNote: set_note(key: &str, text: &str) -> ();
    Watch: watch() -> Option<Box<dyn ChangeWatch>>;
    Time: time() -> Option<Timestamp>;
}

/// The store that a [`StoreLayer`] and what is below it make together.
#[derive(Clone, Debug, Default)]
pub struct Layered<L>(pub L);
