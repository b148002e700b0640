//! Where jobs are looked up and changed: for good, or inside a transaction that the caller may yet undo.

use punctual_core::{
    AddOutcome, CallerTransaction, JobId, JobRecord, NewRecord, RecordUpdate, Revision, StoreError,
    StoreErrorKind, TransactionalJobs,
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
    pub(super) fn is_final(&self) -> bool {
        matches!(self, Self::Stores)
    }

    pub(super) async fn get(
        &mut self,
        slot: &Slot,
        id: &JobId,
    ) -> Result<Option<JobRecord>, StoreError> {
        match self {
            Self::Stores => slot.store.get(id).await,
            Self::Inside(transaction) => inside(slot, transaction)?.get_in(transaction, id).await,
        }
    }

    pub(super) async fn add(
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

    pub(super) async fn update(
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

    pub(super) async fn remove(&mut self, slot: &Slot, id: &JobId) -> Result<bool, StoreError> {
        match self {
            Self::Stores => slot.store.remove(id).await,
            Self::Inside(transaction) => {
                inside(slot, transaction)?.remove_in(transaction, id).await
            }
        }
    }
}

/// The store as far as it takes part in transactions of others.
pub(super) fn inside<'s>(
    slot: &'s Slot,
    transaction: &CallerTransaction<'_>,
) -> Result<&'s dyn TransactionalJobs, StoreError> {
    slot.store.transactional().ok_or_else(|| {
        let given = transaction.type_name();
        let text = format!("this kind of job store has no part in a transaction on a {given}");
        StoreError::new(StoreErrorKind::Unsupported, text)
    })
}
