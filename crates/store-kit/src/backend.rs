//! The `Backend` trait.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    HistoryRecordPage, HistoryRecordQuery, JobCursor, JobId, JobRecordPage, Metadata, NewRecord,
    NodeId, RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob,
    TakeOver, TakeOverFrom, TaskFilter, Timestamp, TransactionalJobs,
};

/// Generates the trait from the list of methods.
macro_rules! backend {
    (
        { $(#[$doc:meta])* $name:ident { $($head:tt)* } }
        JobStore { $($jobs:tt)* }
        RunHistory { $($history:tt)* }
        TransactionalJobs { $($transactional:tt)* }
    ) => {
        $(#[$doc])*
        pub trait $name: Clone + fmt::Debug + Send + Sync + 'static {
            $($head)*

            backend! { @required $($jobs)* }
            backend! { @optional RunHistory $($history)* }
            backend! { @optional TransactionalJobs $($transactional)* }
        }
    };
    (@required $(
        $call:ident: $method:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $output:ty $(= $default:expr)?;
    )*) => {$(
        backend! { @method $method($($arg: backend!(@by $type $(=> $by)?)),*) -> $output $(= $default)? }
    )*};
    (@method $method:ident($($arg:ident: $type:ty),*) -> $output:ty) => {
        #[doc = concat!("See [`JobStore::", stringify!($method), "`](punctual_core::JobStore::",
            stringify!($method), ").")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$output, StoreError>> + Send;
    };
    (@method $method:ident($($arg:ident: $type:ty),*) -> $output:ty = $default:expr) => {
        #[doc = concat!("See [`JobStore::", stringify!($method), "`](punctual_core::JobStore::",
            stringify!($method), "). The default implementation returns `None`.")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$output, StoreError>> + Send {
            async { Ok($default) }
        }
    };
    (@optional $of:ident $(
        $call:ident: $method:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $output:ty;
    )*) => {$(
        #[doc = concat!("See [`", stringify!($of), "::", stringify!($method), "`](punctual_core::",
            stringify!($of), "::", stringify!($method), "). The default implementation returns `Unsupported`.")]
        fn $method(
            &self,
            $($arg: backend!(@by $type $(=> $by)?)),*
        ) -> impl Future<Output = Result<$output, StoreError>> + Send {
            async move { $of::$method(&UnsupportedExtensions, $(backend!(@own $arg $(=> $by)?)),*).await }
        }
    )*};
    (@by $type:ty) => { $type };
    (@by $type:ty => $by:ty) => { $by };
    (@own $arg:ident) => { $arg };
    (@own $arg:ident => $by:ty) => { $arg.to_owned() };
}

__methods! { [backend]
    /// An open backend: a client or a pool of connections, which clones share.
    ///
    /// A new store only has to implement this trait. A [`BackendHandle`](crate::BackendHandle) opens and closes the
    /// backend, applies the timeout [`call_timeout`](Self::call_timeout) to calls, and retries calls after write conflicts;
    /// [`job_store!`](crate::job_store) implements `JobStore` for a type with such a handle. The required behavior of
    /// each method is documented on the corresponding method of `JobStore`. Arguments are passed by reference, because
    /// a call may be retried.
    Backend {
        /// The options that the store's builder has validated.
        type Options: Send + Sync + 'static;

        /// The capabilities of a store with these options; see [`JobStore::caps`](punctual_core::JobStore::caps).
        fn caps(options: &Self::Options) -> StoreCaps;

        /// Connects in the current runtime and creates tables etc. if needed; see
        /// [`JobStore::start`](punctual_core::JobStore::start). On failure, it closes all connections that it has
        /// opened.
        fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

        /// Fails with [`Replaced`](punctual_core::StoreErrorKind::Replaced) if the open database is no longer the one
        /// that the options refer to. It is called before every call and must be cheap.
        fn check(&self) -> Result<(), StoreError> {
            Ok(())
        }

        /// Whether the backend can be reopened after `Replaced`. This is false for connections provided by the user.
        fn can_reopen(&self) -> bool {
            false
        }

        /// Removes leftover files that would be mistaken for part of the new database. It is called before `close`.
        fn remove_stale_files(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
            async { Ok(()) }
        }

        /// Closes the backend, for all clones. It is dropped if that takes longer than the call timeout.
        fn close(&self) -> impl Future<Output = ()> + Send;

        /// The timeout of a call, after which the backend is considered unavailable; `None` if the backend applies
        /// its own timeouts. A call that times out is dropped: it may have been executed completely, partly or not at
        /// all. If `claim_due` is dropped midway, the jobs that it has claimed stay claimed until their leases expire.
        /// The timeout doesn't apply to [`open`](Self::open) and [`close`](Self::close), which must apply their own
        /// timeouts.
        fn call_timeout(options: &Self::Options) -> Option<Duration> {
            let _ = options;
            None
        }

        /// Whether a call failed because of a conflict with a concurrent call and had no effect. The whole call is then
        /// retried. A backend that executes a call as several durable writes must return false for an error of a single
        /// write, and retry that write itself.
        fn is_write_conflict(error: &StoreError) -> bool {
            let _ = error;
            false
        }
    }
}

/// A store without history and without transactions: all methods return `Unsupported`.
pub(crate) struct UnsupportedExtensions;

impl RunHistory for UnsupportedExtensions {}

impl TransactionalJobs for UnsupportedExtensions {}
