//! Reading the run history.

use punctual_core::{StoreError, StoreErrorKind};

use super::Jobs;
use super::history_page::HistoryPage;
use super::history_query::HistoryQuery;
use crate::error::SchedulerError;

impl Jobs {
    /// Past runs, newest first: of one store, or of all stores with a history.
    pub(crate) async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, SchedulerError> {
        let (alias, query) = query.check()?;
        let stores = self.stores.select(alias.as_ref())?;
        if let Some(store) = stores.first()
            && stores.iter().all(|store| !store.caps.history)
        {
            let text = "this job store does not support run history";
            return Err(store.error(StoreError::new(StoreErrorKind::Unsupported, text)));
        }
        let mut pages = Vec::new();
        for store in stores {
            if !store.caps.history {
                continue;
            }
            let now = store.now();
            // Include the entries that are still buffered in this process.
            let flushed = store.flush_history(now).await;
            flushed.map_err(|error| store.error(error))?;
            let read = store.backend.read_history(&query).await;
            let mut page = read.map_err(|error| store.error(error))?;
            store.report_corrupt(std::mem::take(&mut page.corrupt));
            pages.push((store.alias.clone(), page));
        }
        Ok(HistoryPage::merge(pages, query.limit))
    }
}
