//! Reading the history of runs.

use punctual_core::{Alias, HistoryEntry, HistoryPage, HistoryQuery, StoreError, StoreErrorKind};

use super::Jobs;
use crate::error::SchedulerError;

impl Jobs {
    /// Past runs, newest first: of one store, or of all that keep a history.
    pub(crate) async fn history(
        &self,
        alias: Option<&Alias>,
        query: HistoryQuery,
    ) -> Result<HistoryPage, SchedulerError> {
        let slots = self.stores.of(alias)?;
        if let Some(slot) = slots.first()
            && slots.iter().all(|slot| !slot.caps.history)
        {
            let text = "this kind of job store keeps no history of runs";
            return Err(slot.error(StoreError::new(StoreErrorKind::Unsupported, text)));
        }
        let mut entries = Vec::new();
        let mut more = false;
        for slot in slots {
            if !slot.caps.history {
                continue;
            }
            let now = slot.now();
            // What has ended here is among the answers.
            let flushed = slot.flush_history(now).await;
            flushed.map_err(|error| slot.error(error))?;
            let page = slot.store.read_history(&query).await.map_err(|error| slot.error(error))?;
            slot.report_corrupt(page.corrupt);
            more |= page.next.is_some();
            entries.extend(page.entries);
        }
        let mut page = HistoryPage::of(entries, query.limit);
        if more && page.next.is_none() {
            page.next = page.entries.last().map(HistoryEntry::key);
        }
        Ok(page)
    }
}
