//! Changes of jobs inside a transaction of the caller's.

use std::any::{Any, type_name};

use super::{AddOutcome, JobRecord, NewRecord, RecordUpdate, Revision, StoreError, StoreErrorKind};
use crate::job::JobId;
use crate::task::BoxFuture;

/// Jobs that are changed inside a transaction that the caller has begun and will end, on the database
/// where the store keeps them; see [`JobStore::transactional`](super::JobStore::transactional).
///
/// The methods are those of [`JobStore`](super::JobStore) of the same names, but what they do is seen by
/// others only when the caller commits. They use no connection but the caller's, neither begin nor end a
/// transaction on it, and expect tables that are there already.
///
/// # Errors
///
/// [`Invalid`](StoreErrorKind::Invalid), from all of them, when the transaction is one of another kind of
/// database. After any other error the transaction may be good for a rollback only.
pub trait TransactionalJobs: Send + Sync {
    /// Adds the jobs; see [`JobStore::add`](super::JobStore::add).
    fn add_in<'a>(
        &'a self,
        transaction: &'a mut CallerTransaction<'_>,
        records: Vec<NewRecord>,
    ) -> BoxFuture<'a, Result<Vec<AddOutcome>, StoreError>>;

    /// The job of that id, as the transaction sees it; see [`JobStore::get`](super::JobStore::get).
    fn get_in<'a>(
        &'a self,
        transaction: &'a mut CallerTransaction<'_>,
        id: &'a JobId,
    ) -> BoxFuture<'a, Result<Option<JobRecord>, StoreError>>;

    /// Changes a job; see [`JobStore::update`](super::JobStore::update).
    fn update_in<'a>(
        &'a self,
        transaction: &'a mut CallerTransaction<'_>,
        id: &'a JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> BoxFuture<'a, Result<Revision, StoreError>>;

    /// Removes a job and its in-flight runs; see [`JobStore::remove`](super::JobStore::remove).
    fn remove_in<'a>(
        &'a self,
        transaction: &'a mut CallerTransaction<'_>,
        id: &'a JobId,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Leaves a note unless there is one under that key; see
    /// [`JobStore::set_note`](super::JobStore::set_note).
    fn note_in<'a>(
        &'a self,
        transaction: &'a mut CallerTransaction<'_>,
        key: &'a str,
        text: &'a str,
    ) -> BoxFuture<'a, Result<(), StoreError>>;
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
