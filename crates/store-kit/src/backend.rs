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

/// Writes the methods that are those of [`JobStore`](punctual_core::JobStore) and its companions.
macro_rules! backend {
    (
        $(#[$doc:meta])* $name:ident { $($head:tt)* }
        $($of:ident::$method:ident($($arg:ident: $type:ty),*) -> $answer:ty $(= $default:expr)?;)*
    ) => {
        $(#[$doc])*
        pub trait $name: Clone + fmt::Debug + Send + Sync + 'static {
            $($head)*

            $(backend! { @method $of $method($($arg: $type),*) -> $answer $(= $default)? })*
        }
    };
    (@method $of:ident $method:ident($($arg:ident: $type:ty),*) -> $answer:ty) => {
        #[doc = concat!("As [`", stringify!($of), "::", stringify!($method), "`](punctual_core::",
            stringify!($of), "::", stringify!($method), ").")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$answer, StoreError>> + Send;
    };
    (@method $of:ident $method:ident($($arg:ident: $type:ty),*) -> $answer:ty = $default:expr) => {
        #[doc = concat!("As [`", stringify!($of), "::", stringify!($method), "`](punctual_core::",
            stringify!($of), "::", stringify!($method), "); by default what it says of stores that have none.")]
        fn $method(&self, $($arg: $type),*) -> impl Future<Output = Result<$answer, StoreError>> + Send {
            async move { $default.await }
        }
    };
}

backend! {
    /// An open backend: a client or a pool of connections, which clones share.
    ///
    /// It is all that a new store has to bring. A [`Handle`](crate::Handle) opens and closes it, limits how long a
    /// call takes and repeats what has collided with others; [`job_store!`](crate::job_store) makes a store of
    /// that. What a method has to do is said where the contract says it. Arguments come by reference, since a call
    /// may have to be repeated.
    Backend {
        /// What the store's builder has checked.
        type Options: Send + Sync + 'static;

        /// What a store with these options can do; see [`JobStore::caps`](punctual_core::JobStore::caps).
        fn caps(options: &Self::Options) -> StoreCaps;

        /// Connects in the current runtime, and prepares tables and the like; see
        /// [`JobStore::start`](punctual_core::JobStore::start).
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
        /// itself. The call is dropped then: it may or may not have been carried out.
        fn patience(options: &Self::Options) -> Option<Duration> {
            let _ = options;
            None
        }

        /// Whether a call failed because others were in its way, and nothing of it was carried out: then it is
        /// made again.
        fn is_collision(error: &StoreError) -> bool {
            let _ = error;
            false
        }
    }

    JobStore::add(records: &[NewRecord]) -> Vec<AddOutcome>;
    JobStore::update(id: &JobId, expected: Revision, update: &RecordUpdate) -> Revision;
    JobStore::remove(ids: &[JobId]) -> Vec<bool>;
    JobStore::get(id: &JobId) -> Option<StoredJob>;
    JobStore::list(after: Option<&JobCursor>, limit: usize) -> JobPage;
    JobStore::claim_due(node: &NodeId, now: Timestamp, limit: usize, lease: Duration, filter: &TaskFilter)
        -> Claims;
    JobStore::commit(batch: &CommitBatch) -> Vec<CommitOutcome>;
    JobStore::renew(node: &NodeId, now: Timestamp, until: Timestamp, filter: &TaskFilter) -> Renewal;
    JobStore::take_over(node: &NodeId, now: Timestamp, limit: usize, filter: &TaskFilter) -> TakeOver;
    JobStore::next_wakeup(filter: &TaskFilter) -> Option<Timestamp>;
    JobStore::metadata() -> Metadata;
    JobStore::set_metadata(key: &str, value: &str) -> ();
    JobStore::discard(record: &CorruptRecord) -> bool;
    JobStore::watch() -> Option<Box<dyn ChangeWatch>> = std::future::ready(Ok(None));
    JobStore::time() -> Option<Timestamp> = std::future::ready(Ok(None));

    RunHistory::read_history(query: &HistoryQuery) -> HistoryPage = Without.read_history(query);
    RunHistory::forget_history_before(before: Timestamp, limit: usize) -> u64
        = Without.forget_history_before(before, limit);
    RunHistory::forget_history_beyond(jobs: &[JobId], keep: usize, limit: usize) -> u64
        = Without.forget_history_beyond(jobs, keep, limit);

    TransactionalJobs::add_in(transaction: &mut CallerTransaction<'_>, records: &[NewRecord]) -> Vec<AddOutcome>
        = Without.add_in(transaction, records.to_vec());
    TransactionalJobs::get_in(transaction: &mut CallerTransaction<'_>, id: &JobId) -> Option<StoredJob>
        = Without.get_in(transaction, id);
    TransactionalJobs::update_in(
        transaction: &mut CallerTransaction<'_>, id: &JobId, expected: Revision, update: &RecordUpdate
    ) -> Revision = Without.update_in(transaction, id, expected, update.clone());
    TransactionalJobs::remove_in(transaction: &mut CallerTransaction<'_>, ids: &[JobId]) -> Vec<bool>
        = Without.remove_in(transaction, ids);
    TransactionalJobs::add_metadata_in(transaction: &mut CallerTransaction<'_>, key: &str, value: &str) -> ()
        = Without.add_metadata_in(transaction, key, value);
}

/// A store without a history and without transactions.
struct Without;

impl RunHistory for Without {}

impl TransactionalJobs for Without {}
