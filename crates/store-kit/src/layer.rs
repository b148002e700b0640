//! Stores that wrap another store.

use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    DynJobStore, HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, JobStore,
    Metadata, NewRecord, NodeId, RecordUpdate, Renewal, Revision, RunHistory, StoreCaps,
    StoreError, StoredJob, TakeOver, TakeOverFrom, TaskFilter, Timestamp, TransactionalJobs,
};

/// Generates the methods of [`JobStore`] and its companion traits that return a `Result`, for the layer and for the
/// store that it forms.
macro_rules! layer {
    // The methods that are not in the list of `__methods`.
    (@unlisted JobStore) => {
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
    (@unlisted $companion:ident) => {};
    ({} $($of:ident {
        $(
            $call:ident: $name:ident($($arg:ident: $ty:ty $(=> $by:ty)?),*) -> $output:ty $(= $default:expr)?;
        )*
    })*) => {
        /// A fallible method of a store or of one of its companion traits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreCall {
            /// [`JobStore::shutdown`]; an error of the layer is discarded.
            Shutdown,
            /// [`JobStore::start`].
            Start,
            $($(
                #[doc = concat!("[`", stringify!($of), "::", stringify!($name), "`].")]
                $call,
            )*)*
        }

        /// Overrides some methods of the store [`inner`](Self::inner), for example to measure, trace or limit calls, or
        /// to inject delays and failures in tests. [`Layered`] turns it into a store.
        ///
        /// ```
        /// use punctual_core::{DynJobStore, JobStore, StoreError, StoreErrorKind};
        /// use punctual_store_kit::{Layered, StoreCall, StoreLayer};
        ///
        /// /// Fails every call except `start`.
        /// struct Unreachable<S>(S);
        ///
        /// impl<S: JobStore> StoreLayer for Unreachable<S> {
        ///     fn inner(&self) -> &dyn DynJobStore {
        ///         &self.0
        ///     }
        ///
        ///     async fn wrap_call<T: Send>(
        ///         &self,
        ///         call: StoreCall,
        ///         work: impl Future<Output = Result<T, StoreError>> + Send,
        ///     ) -> Result<T, StoreError> {
        ///         match call {
        ///             StoreCall::Start => work.await,
        ///             _ => Err(StoreError::new(StoreErrorKind::Unavailable, "unreachable")),
        ///         }
        ///     }
        /// }
        ///
        /// fn unreachable<S: JobStore>(store: S) -> impl JobStore {
        ///     Layered(Unreachable(store))
        /// }
        /// ```
        pub trait StoreLayer: Send + Sync + 'static {
            /// The store that executes the calls that the layer does not override.
            fn inner(&self) -> &dyn DynJobStore;

            /// Wraps every call that the layer does not override. `work` is the call of the inner store. The default
            /// implementation awaits it unchanged.
            fn wrap_call<T: Send>(
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
                async move { self.wrap_call(StoreCall::Start, self.inner().start()).await }
            }

            /// As [`JobStore::shutdown`].
            fn shutdown(&self) -> impl Future<Output = ()> + Send {
                let work = async {
                    self.inner().shutdown().await;
                    Ok(())
                };
                async { self.wrap_call(StoreCall::Shutdown, work).await.unwrap_or_default() }
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
                ) -> impl Future<Output = Result<$output, StoreError>> + Send {
                    async move {
                        self.wrap_call(StoreCall::$call, self.inner().$name($($arg),*)).await
                    }
                }
            )*)*
        }

        $(
            impl<L: StoreLayer> $of for Layered<L> {
                layer!(@unlisted $of);

                $(
                    fn $name(
                        &self,
                        $($arg: $ty),*
                    ) -> impl Future<Output = Result<$output, StoreError>> + Send {
                        self.0.$name($($arg),*)
                    }
                )*
            }
        )*
    };
}

__methods! { [layer] }

/// The [`JobStore`] that a [`StoreLayer`] and its inner store form.
#[derive(Clone, Debug, Default)]
pub struct Layered<L>(pub L);
