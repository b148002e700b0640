//! What stores hold and can't be read: listed, and removed when a user says so.

use punctual_core::{Alias, CorruptRecord};

use super::{Jobs, PAGE};
use crate::error::SchedulerError;

impl Jobs {
    /// What the stores, or one of them, hold and can't be read: what was met, and what a look at all jobs and
    /// metadata finds.
    pub(crate) async fn corrupt_records(
        &self,
        alias: Option<&Alias>,
    ) -> Result<Vec<(Alias, CorruptRecord)>, SchedulerError> {
        let mut found = Vec::new();
        for slot in self.stores.of(alias)? {
            let mut after = None;
            loop {
                let page = slot.store.list(after.as_ref(), PAGE).await;
                let page = page.map_err(|error| slot.error(error))?;
                slot.report_corrupt(page.corrupt);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let metadata = slot.store.metadata().await.map_err(|error| slot.error(error))?;
            slot.report_corrupt(metadata.corrupt);
            found.extend(slot.corrupt().into_iter().map(|record| (slot.alias.clone(), record)));
        }
        Ok(found)
    }

    /// Removes something that can't be read; whether it was there.
    pub(crate) async fn discard_corrupt(
        &self,
        alias: &Alias,
        record: &CorruptRecord,
    ) -> Result<bool, SchedulerError> {
        let slot = self.stores.get(alias)?;
        slot.discard(record).await.map_err(|error| slot.error(error))
    }
}
