//! Changes to jobs in transactions of the caller.

use std::any::{Any, type_name};
use std::future::Future;

use super::{AddOutcome, NewRecord, RecordUpdate, Revision, StoreError, StoreErrorKind, StoredJob};
use crate::job::JobId;

/// Changes to jobs in a transaction that the caller has begun and will commit or roll back, on the database in which
/// the store keeps its jobs. A store without transactions implements the trait without overriding its methods; a
/// store with transactions sets [`StoreCaps::transactions`](super::StoreCaps::transactions).
///
/// The methods correspond to those of [`JobStore`](super::JobStore) of the same names, but their effects become
/// visible to other connections only when the caller commits. They use only the connection of the caller, do not
/// begin or end a transaction on it, and require that the tables exist.
///
/// # Errors
///
/// All methods return [`Invalid`](StoreErrorKind::Invalid) if the transaction belongs to another kind of database,
/// and [`Unsupported`](StoreErrorKind::Unsupported) if the store has no transactions. After any other error the
/// transaction may have to be rolled back.
pub trait TransactionalJobs: Send + Sync {
    /// Adds jobs; see [`JobStore::add`](super::JobStore::add).
    fn add_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        records: Vec<NewRecord>,
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send {
        let _ = (transaction, records);
        async { Err(unsupported()) }
    }

    /// Returns the job with the given id, as visible in the transaction; see [`JobStore::get`](super::JobStore::get).
    fn get_in(
        &self,
        transaction: &mut CallerTransaction<'_>,
        id: &JobId,
    ) -> impl Future<Output = Result<Option<StoredJob>, StoreError>> + Send {
        let _ = (transaction, id);
        async { Err(unsupported()) }
    }

    /// Updates a job; see [`JobStore::update`](super::JobStore::update).
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

    /// Adds a metadata value unless the key exists; see [`JobStore::set_metadata`](super::JobStore::set_metadata).
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
        "this kind of job store does not support transactions of the caller",
    )
}

/// A connection on which the caller has begun a transaction. Its type is erased, so that only the caller and the
/// store depend on it.
pub struct CallerTransaction<'t> {
    connection: &'t mut (dyn Any + Send),
    type_name: &'static str,
}

impl<'t> CallerTransaction<'t> {
    /// Creates a value for the transaction on this connection.
    #[must_use]
    pub fn on<C: Any + Send>(connection: &'t mut C) -> Self {
        Self { connection, type_name: type_name::<C>() }
    }

    /// Returns the type name of the connection, for messages.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        self.type_name
    }

    /// Returns the connection, for the store named `store`.
    ///
    /// # Errors
    ///
    /// Returns [`Invalid`](StoreErrorKind::Invalid) with both types and the store if the connection is not a `C`.
    pub fn connection<C: Any>(&mut self, store: &str) -> Result<&mut C, StoreError> {
        let given = self.type_name;
        self.connection.downcast_mut().ok_or_else(|| {
            StoreError::new(
                StoreErrorKind::Invalid,
                format!(
                    "the jobs are stored in {store}, which requires a transaction on a {}; this one is on a {given}",
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
