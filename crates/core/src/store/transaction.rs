//! Changes of jobs inside a transaction of the caller's.

use std::any::{Any, type_name};
use std::future::Future;

use super::{AddOutcome, NewRecord, RecordUpdate, Revision, StoreError, StoreErrorKind, StoredJob};
use crate::job::JobId;

/// Changes of jobs inside a transaction that the caller has begun and will end, on the database where the store
/// keeps them. A store that has none implements the trait and none of its methods; one that has says so in
/// [`StoreCaps::transactions`](super::StoreCaps::transactions).
///
/// The methods are those of [`JobStore`](super::JobStore) of the same names, but what they do is seen by others
/// only when the caller commits. They use no connection but the caller's, neither begin nor end a transaction on
/// it, and expect tables that are there already.
///
/// # Errors
///
/// [`Invalid`](StoreErrorKind::Invalid), from all of them, when the transaction is one of another kind of
/// database; [`Unsupported`](StoreErrorKind::Unsupported) from a store that has none. After any other error the
/// transaction may be good for a rollback only.
pub trait TransactionalJobs: Send + Sync {
    /// Adds the jobs; see [`JobStore::add`](super::JobStore::add).
    fn add_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        records: Vec<NewRecord>,
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send {
        let _ = (transaction, records);
        async { Err(unsupported()) }
    }

    /// The job of that id, as the transaction sees it; see [`JobStore::get`](super::JobStore::get).
    fn get_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        id: &JobId,
    ) -> impl Future<Output = Result<Option<StoredJob>, StoreError>> + Send {
        let _ = (transaction, id);
        async { Err(unsupported()) }
    }

    /// Changes a job; see [`JobStore::update`](super::JobStore::update).
    fn update_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send {
        let _ = (transaction, id, expected, update);
        async { Err(unsupported()) }
    }

    /// Removes jobs with their in-flight runs; see [`JobStore::remove`](super::JobStore::remove).
    fn remove_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        ids: &[JobId],
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send {
        let _ = (transaction, ids);
        async { Err(unsupported()) }
    }

    /// Sets a value unless there is one under that key; see
    /// [`JobStore::set_metadata`](super::JobStore::set_metadata).
    fn add_metadata_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        key: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send {
        let _ = (transaction, key, value);
        async { Err(unsupported()) }
    }
}

fn unsupported() -> StoreError {
    StoreError::new(
        StoreErrorKind::Unsupported,
        "this kind of job store has no transactions of the caller's",
    )
}

/// A connection on which the caller has begun a transaction. Nobody between the caller and the store
/// needs to know of what type it is.
pub struct CallerTransaction<'t> {
    connection: &'t mut (dyn Any + Send),
    type_name: &'static str,
}

impl<'t> CallerTransaction<'t> {
    /// The transaction on this connection.
    #[must_use]
    pub fn on<C: Any + Send>(connection: &'t mut C) -> Self {
        Self { connection, type_name: type_name::<C>() }
    }

    /// The connection's type, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// The connection, for the store named `store`.
    ///
    /// # Errors
    ///
    /// [`Invalid`](StoreErrorKind::Invalid) when it is not a `C`; with both types and the store.
    pub fn connection<C: Any>(&mut self, store: &str) -> Result<&mut C, StoreError> {
        let given = self.type_name;
        self.connection.downcast_mut().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Invalid,
                format!(
                    "the jobs are in {store}, whose transactions are on a {}; this one is on a {given}",
                    type_name::<C>()
                ),
            )
        })
    }
}

impl std::fmt::Debug for CallerTransaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CallerTransaction").field(&self.type_name).finish()
    }
}
