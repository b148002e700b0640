//! Corrupt records: listing and removing them.

use punctual_core::{Alias, CorruptEntry};

use super::{Jobs, PAGE_SIZE};
use crate::error::SchedulerError;

impl Jobs {
    /// Lists the corrupt records of one store or of all: those found so far, and those found by reading all jobs and
    /// metadata.
    pub(crate) async fn corrupt_records(
        &self,
        alias: Option<&Alias>,
    ) -> Result<Vec<CorruptEntry>, SchedulerError> {
        let mut found = Vec::new();
        for store in self.stores.select(alias)? {
            let mut after = None;
            loop {
                let page = store.backend.list(after.as_ref(), PAGE_SIZE).await;
                let page = page.map_err(|error| store.error(error))?;
                store.report_corrupt(page.corrupt);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let metadata = store.backend.metadata().await.map_err(|error| store.error(error))?;
            store.report_corrupt(metadata.corrupt);
            let entry = |record| CorruptEntry::new(store.alias.clone(), record);
            found.extend(store.corrupt().into_iter().map(entry));
        }
        Ok(found)
    }

    /// Removes a corrupt record. Returns whether it existed.
    pub(crate) async fn discard_corrupt_record(
        &self,
        record: &CorruptEntry,
    ) -> Result<bool, SchedulerError> {
        let store = self.stores.get(&record.job_store)?;
        store.discard(&record.record).await.map_err(|error| store.error(error))
    }
}
