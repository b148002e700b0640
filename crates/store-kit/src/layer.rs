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

        fn start(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
            self.0.start()
        }

        fn shutdown(&self) -> impl Future<Output = ()> + Send {
            self.0.shutdown()
        }
    };
    (@beside $companion:ident) => {};
    ({} $($of:ident {
        $(
            $call:ident: $name:ident($($arg:ident: $ty:ty $(=> $by:ty)?),*) -> $answer:ty $(= $default:expr)?;
        )*
    })*) => {
        /// A method of a store, or of its companions, that can fail.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreCall {
            /// [`JobStore::shutdown`], whose failure nobody hears of.
            Shutdown,
            /// [`JobStore::start`].
            Start,
            $($(
                #[doc = concat!("[`", stringify!($of), "::", stringify!($name), "`].")]
                $call,
            )*)*
        }

        /// What is different about a store that otherwise does as [`inner`](Self::inner) does: one that measures,
        /// traces or limits calls, or, in tests, delays, disturbs or breaks a store. [`Layered`] makes a store of
        /// it.
        ///
        /// ```
        /// use punctual_core::{DynJobStore, JobStore, StoreError, StoreErrorKind};
        /// use punctual_store_kit::{Layered, StoreCall, StoreLayer};
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

            /// As [`JobStore::start`].
            fn start(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
                async move { self.around(StoreCall::Start, self.inner().start()).await }
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

__methods! { [layer] }

/// The store that a [`StoreLayer`] and what is below it make together.
#[derive(Clone, Debug, Default)]
pub struct Layered<L>(pub L);
