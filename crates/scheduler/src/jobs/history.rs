//! Reading the run history.

use punctual_core::{Alias, HistoryEntry, HistoryPage, HistoryQuery, StoreError, StoreErrorKind};

use super::Jobs;
use crate::error::SchedulerError;

impl Jobs {
    /// Past runs, newest first: of one store, or of all stores with a history.
    pub(crate) async fn history(
        &self,
        alias: Option<&Alias>,
        query: HistoryQuery,
    ) -> Result<HistoryPage, SchedulerError> {
        let stores = self.stores.select(alias)?;
        if let Some(store) = stores.first()
            && stores.iter().all(|store| !store.caps.history)
        {
            let text = "this job store does not support run history";
            return Err(store.error(StoreError::new(StoreErrorKind::Unsupported, text)));
        }
        let mut entries = Vec::new();
        let mut more = false;
        for store in stores {
            if !store.caps.history {
                continue;
            }
            let now = store.now();
            // Include the entries that are still buffered in this process.
            let flushed = store.flush_history(now).await;
            flushed.map_err(|error| store.error(error))?;
            let page =
                store.backend.read_history(&query).await.map_err(|error| store.error(error))?;
            store.report_corrupt(page.corrupt);
            more |= page.next.is_some();
            entries.extend(page.entries);
        }
        let mut page = HistoryPage::of(entries, query.limit);
        if more && page.next.is_none() {
            page.next = page.entries.last().map(HistoryEntry::cursor);
        }
        Ok(page)
    }
}
