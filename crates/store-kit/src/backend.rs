//! What a store is made of.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, ChangeWatch, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    HistoryPage, HistoryQuery, JobCursor, JobId, JobPage, Metadata, NewRecord, NodeId,
    RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoreError, StoredJob, TakeOver,
    TaskFilter, Timestamp, TransactionalJobs,
};

/// Writes the trait.
macro_rules! backend {
    (
        { $(#[$doc:meta])* $name:ident { $($head:tt)* } }
        JobStore { $($jobs:tt)* }
        RunHistory { $($history:tt)* }
        TransactionalJobs { $($inside:tt)* }
    ) => {
        $(#[$doc])*
        pub trait $name: Clone + fmt::Debug + Send + Sync + 'static {
            $($head)*

            backend! { @needed $($jobs)* }
            backend! { @optional RunHistory $($history)* }
            backend! { @optional TransactionalJobs $($inside)* }
        }
    };
    (@needed $(
        $call:ident: $method:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $answer:ty $(= $default:expr)?;
    )*) => {$(
        backend! { @method $method($($arg: backend!(@by $type $(=> $by)?)),*) -> $answer $(= $default)? }
    )*};
    (@method $method:ident($($arg:ident: $type:ty),*) -> $answer:ty) => {
        #[doc = concat!("See [`JobStore::", stringify!($method), "`](punctual_core::JobStore::",
            stringify!($method), ").")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$answer, StoreError>> + Send;
    };
    (@method $method:ident($($arg:ident: $type:ty),*) -> $answer:ty = $default:expr) => {
        #[doc = concat!("See [`JobStore::", stringify!($method), "`](punctual_core::JobStore::",
            stringify!($method), "); by default there is none.")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$answer, StoreError>> + Send {
            async { Ok($default) }
        }
    };
    (@optional $of:ident $(
        $call:ident: $method:ident($($arg:ident: $type:ty $(=> $by:ty)?),*) -> $answer:ty;
    )*) => {$(
        #[doc = concat!("See [`", stringify!($of), "::", stringify!($method), "`](punctual_core::",
            stringify!($of), "::", stringify!($method), "); by default it is not supported.")]
        fn $method(
            &self,
            $($arg: backend!(@by $type $(=> $by)?)),*
        ) -> impl Future<Output = Result<$answer, StoreError>> + Send {
            async move { $of::$method(&Without, $(backend!(@own $arg $(=> $by)?)),*).await }
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
    /// It is all that a new store has to bring. A [`Handle`](crate::Handle) opens and closes it, limits how long a
    /// call takes if [`patience`](Self::patience) says how long, and makes calls again that have collided with
    /// others; [`job_store!`](crate::job_store) makes a store of that. What a method has to do is said where the
    /// contract says it. Arguments come by reference, since a call may have to be repeated.
    Backend {
        /// What the store's builder has checked.
        type Options: Send + Sync + 'static;

        /// What a store with these options can do; see [`JobStore::caps`](punctual_core::JobStore::caps).
        fn caps(options: &Self::Options) -> StoreCaps;

        /// Connects in the current runtime, and prepares tables and the like; see
        /// [`JobStore::start`](punctual_core::JobStore::start). It closes what it has opened when it fails.
        fn open(options: &Self::Options) -> impl Future<Output = Result<Self, StoreError>> + Send;

        /// Fails with [`Replaced`](punctual_core::StoreErrorKind::Replaced) if what was opened is not what the options
        /// name any more. Called before each call, and so quick.
        fn check(&self) -> Result<(), StoreError> {
            Ok(())
        }

        /// Whether opening it anew helps then: not where the connections were given by the user.
        fn can_reopen(&self) -> bool {
            false
        }

        /// Clears away what would be taken for a part of what is there now. Called before it is closed.
        fn make_way(&self) -> impl Future<Output = Result<(), StoreError>> + Send {
            async { Ok(()) }
        }

        /// Closes what was opened, for all clones.
        fn close(&self) -> impl Future<Output = ()> + Send;

        /// How long a call may take before the backend counts as unavailable; none where it limits its calls by
        /// itself. The call is dropped then: it may or may not have been carried out, or half of it. A `claim_due`
        /// that is cut off half way has claimed jobs that nobody knows of until their leases expire. It is no limit
        /// for [`open`](Self::open) and [`close`](Self::close), which limit themselves.
        fn patience(options: &Self::Options) -> Option<Duration> {
            let _ = options;
            None
        }

        /// Whether a call failed because others were in its way, and nothing of it was carried out: then the whole
        /// call is made again. A backend that carries a call out in several swaps, each durable by itself, must not
        /// return true for an error of one of them: it repeats the single swap.
        fn is_collision(error: &StoreError) -> bool {
            let _ = error;
            false
        }
    }
}

/// A store without a history and without transactions.
pub(crate) struct Without;

impl RunHistory for Without {}

impl TransactionalJobs for Without {}
