//! The macro that implements a store for a type with a handle.

/// Implements [`JobStore`](punctual_core::JobStore), [`RunHistory`](punctual_core::RunHistory),
/// [`TransactionalJobs`](punctual_core::TransactionalJobs) and `Debug` for a type with a field `handle`, a
/// [`BackendHandle`](crate::BackendHandle) of this [`Backend`](crate::Backend).
#[macro_export]
macro_rules! job_store {
    ($store:ty, $backend:ty) => {
        $crate::__methods! { [$crate::__job_store] $store, $backend }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __job_store {
    (
        { $store:ty, $backend:ty }
        JobStore { $($jobs:tt)* }
        RunHistory { $($history:tt)* }
        TransactionalJobs { $($transactional:tt)* }
    ) => {
        const _: () = {
            use std::fmt;
            use std::time::Duration;

            use $crate::Backend;
            use $crate::core::{
                AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
                HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, JobStore, Metadata, NewRecord, NodeId,
                RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver, TakeOverFrom,
                TaskFilter, Timestamp, TransactionalJobs,
            };

            impl fmt::Debug for $store {
                /// Omits the options, which may contain a password.
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

                $crate::__forward! { $backend; $($jobs)* }
            }

            impl RunHistory for $store {
                $crate::__forward! { $backend; $($history)* }
            }

            impl TransactionalJobs for $store {
                $crate::__forward_in! { $backend; $($transactional)* }
            }
        };
    };
}

/// Methods that require an open backend.
#[doc(hidden)]
#[macro_export]
macro_rules! __forward {
    ($backend:ty; $(
        $call:ident: $name:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $output:ty $(= $default:expr)?;
    )*) => {$(
        async fn $name(&self, $($arg: $type),*) -> Result<$output, StoreError> {
            let backend = self.handle.backend().await?;
            let mut attempt = 1;
            loop {
                let call = Backend::$name(&backend $(, $crate::__forward!(@pass $arg $(=> $by)?))*);
                match self.handle.with_timeout(call).await {
                    Err(error) if self.handle.should_retry(&error, attempt) => attempt += 1,
                    result => return result,
                }
            }
        }
    )*};
    (@pass $arg:ident) => { $arg };
    (@pass $arg:ident => $by:ty) => { &$arg };
}

/// Methods that run in a transaction of the caller. They have no timeout and are not retried.
#[doc(hidden)]
#[macro_export]
macro_rules! __forward_in {
    ($backend:ty; $(
        $call:ident: $name:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $output:ty;
    )*) => {$(
        async fn $name(&self, $($arg: $type),*) -> Result<$output, StoreError> {
            let backend = self.handle.in_transaction()?;
            Backend::$name(&backend $(, $crate::__forward!(@pass $arg $(=> $by)?))*).await
        }
    )*};
}
