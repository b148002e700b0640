//! Reading the run history.

use std::sync::Arc;

use super::Jobs;
use super::history_page::HistoryPage;
use super::history_query::HistoryQuery;
use crate::error::SchedulerError;
use crate::store::RegisteredStore;

impl Jobs {
    /// Past runs, newest first: of one store, or of all stores with a history.
    pub(crate) async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, SchedulerError> {
        let (alias, query) = query.check()?;
        let stores = self.stores.select(alias.as_ref())?;
        // Other processes may keep the history of a shared store.
        let may_have_history = |store: &Arc<RegisteredStore>| {
            store.caps.history && (store.caps.shared || store.history.is_some())
        };
        if !stores.iter().any(may_have_history) {
            return Err(SchedulerError::NoHistory { job_store: alias });
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
