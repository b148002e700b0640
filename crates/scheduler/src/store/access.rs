//! Access to a store, either directly or inside a caller's transaction.

use std::slice;

use punctual_core::{
    AddOutcome, CallerTransaction, DynJobStore, JobId, JobRecord, NewRecord, RecordUpdate,
    Revision, StoreError, StoreErrorKind, StoredJob,
};

use super::registered::RegisteredStore;

pub(crate) enum StoreAccess<'t> {
    /// Direct calls: changes are committed when the call returns.
    Autocommit,
    /// Calls in a caller's transaction on the database of the store.
    Transaction(CallerTransaction<'t>),
}

impl StoreAccess<'_> {
    /// Whether changes are committed when the call returns, so that events can be emitted.
    pub(crate) fn is_autocommit(&self) -> bool {
        matches!(self, Self::Autocommit)
    }

    pub(crate) async fn get(
        &mut self,
        store: &RegisteredStore,
        id: &JobId,
    ) -> Result<Option<JobRecord>, StoreError> {
        Ok(self.get_stored(store, id).await?.map(|job| job.record))
    }

    /// The same with the job's claim and runs.
    pub(crate) async fn get_stored(
        &mut self,
        store: &RegisteredStore,
        id: &JobId,
    ) -> Result<Option<StoredJob>, StoreError> {
        match self {
            Self::Autocommit => store.backend.get(id).await,
            Self::Transaction(transaction) => {
                transactional_store(store, transaction)?.get_in(transaction, id).await
            }
        }
    }

    pub(crate) async fn add(
        &mut self,
        store: &RegisteredStore,
        record: NewRecord,
    ) -> Result<AddOutcome, StoreError> {
        let records = vec![record];
        let outcomes = match self {
            Self::Autocommit => store.backend.add(records).await?,
            Self::Transaction(transaction) => {
                transactional_store(store, transaction)?.add_in(transaction, records).await?
            }
        };
        Ok(outcomes.first().copied().unwrap_or(AddOutcome::Added))
    }

    pub(crate) async fn update(
        &mut self,
        store: &RegisteredStore,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        match self {
            Self::Autocommit => store.backend.update(id, expected, update).await,
            Self::Transaction(transaction) => {
                transactional_store(store, transaction)?
                    .update_in(transaction, id, expected, update)
                    .await
            }
        }
    }

    pub(crate) async fn remove(
        &mut self,
        store: &RegisteredStore,
        id: &JobId,
    ) -> Result<bool, StoreError> {
        let ids = slice::from_ref(id);
        let removed = match self {
            Self::Autocommit => store.backend.remove(ids).await?,
            Self::Transaction(transaction) => {
                transactional_store(store, transaction)?.remove_in(transaction, ids).await?
            }
        };
        Ok(removed.first().copied().unwrap_or(false))
    }
}

/// Returns the store if it supports callers' transactions.
pub(super) fn transactional_store<'s>(
    store: &'s RegisteredStore,
    transaction: &CallerTransaction<'_>,
) -> Result<&'s dyn DynJobStore, StoreError> {
    if store.caps.transactions {
        return Ok(&*store.backend);
    }
    let given = transaction.type_name();
    let text = format!("this job store does not support transactions of type {given}");
    Err(StoreError::new(StoreErrorKind::Unsupported, text))
}
