//! Where jobs are looked up and changed: for good, or inside a transaction that the caller may yet undo.

use std::slice;

use punctual_core::{
    AddOutcome, CallerTransaction, DynJobStore, JobId, JobRecord, NewRecord, RecordUpdate,
    Revision, StoreError, StoreErrorKind,
};

use super::slot::Slot;

pub(crate) enum Place<'t> {
    /// The stores, for all to see at once.
    Stores,
    /// A transaction of the caller's on the database where a store keeps its jobs.
    Inside(CallerTransaction<'t>),
}

impl Place<'_> {
    /// Whether what is done is seen by all at once, so that it can be told and acted upon.
    pub(crate) fn is_final(&self) -> bool {
        matches!(self, Self::Stores)
    }

    pub(crate) async fn get(
        &mut self,
        slot: &Slot,
        id: &JobId,
    ) -> Result<Option<JobRecord>, StoreError> {
        let found = match self {
            Self::Stores => slot.store.get(id).await?,
            Self::Inside(transaction) => inside(slot, transaction)?.get_in(transaction, id).await?,
        };
        Ok(found.map(|job| job.record))
    }

    pub(crate) async fn add(
        &mut self,
        slot: &Slot,
        record: NewRecord,
    ) -> Result<AddOutcome, StoreError> {
        let records = vec![record];
        let outcomes = match self {
            Self::Stores => slot.store.add(records).await?,
            Self::Inside(transaction) => {
                inside(slot, transaction)?.add_in(transaction, records).await?
            }
        };
        Ok(outcomes.first().copied().unwrap_or(AddOutcome::Added))
    }

    pub(crate) async fn update(
        &mut self,
        slot: &Slot,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        match self {
            Self::Stores => slot.store.update(id, expected, update).await,
            Self::Inside(transaction) => {
                inside(slot, transaction)?.update_in(transaction, id, expected, update).await
            }
        }
    }

    pub(crate) async fn remove(&mut self, slot: &Slot, id: &JobId) -> Result<bool, StoreError> {
        let ids = slice::from_ref(id);
        let removed = match self {
            Self::Stores => slot.store.remove(ids).await?,
            Self::Inside(transaction) => {
                inside(slot, transaction)?.remove_in(transaction, ids).await?
            }
        };
        Ok(removed.first().copied().unwrap_or(false))
    }
}

/// The store, if it takes part in transactions of others.
pub(super) fn inside<'s>(
    slot: &'s Slot,
    transaction: &CallerTransaction<'_>,
) -> Result<&'s dyn DynJobStore, StoreError> {
    if slot.caps.transactions {
        return Ok(&*slot.store);
    }
    let given = transaction.type_name();
    let text = format!("this kind of job store has no part in a transaction on a {given}");
    Err(StoreError::new(StoreErrorKind::Unsupported, text))
}
