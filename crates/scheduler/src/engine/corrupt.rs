//! What stores hold and can't be read: reported once, listed, and removed when a user says so.

use punctual_core::{Alias, CorruptRecord, Event};

use super::Engine;
use super::manage::PAGE;
use super::slot::Slot;
use crate::SchedulerError;
use crate::events::EventBus;

/// How many are kept in mind for each store; of more, the log tells.
const MAX_KNOWN: usize = 1_000;

impl Slot {
    /// Reports what can't be read, each once for each reason.
    pub(super) fn report_corrupt(&self, bus: &EventBus, corrupt: Vec<CorruptRecord>) {
        for record in corrupt {
            {
                let mut known = self.corrupt.lock();
                if known.contains(&record) {
                    continue;
                }
                if known.len() < MAX_KNOWN {
                    known.push(record.clone());
                }
            }
            tracing::error!(store = %self.alias, %record, "it is left as it is; everything else goes on");
            bus.emit(Event::RecordCorrupt { store: self.alias.clone(), record });
        }
    }
}

impl Engine {
    /// What the stores, or one of them, hold and can't be read: what was met, and what a look at all jobs and
    /// metadata finds.
    pub(crate) async fn corrupt_records(
        &self,
        alias: Option<&Alias>,
    ) -> Result<Vec<(Alias, CorruptRecord)>, SchedulerError> {
        let mut found = Vec::new();
        for slot in self.slots_of(alias)? {
            let mut after = None;
            loop {
                let page = slot.store.list(after.as_ref(), PAGE).await;
                let page = page.map_err(|error| slot.error(error))?;
                slot.report_corrupt(&self.bus, page.corrupt);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let metadata = slot.store.metadata().await.map_err(|error| slot.error(error))?;
            slot.report_corrupt(&self.bus, metadata.corrupt);
            let known = slot.corrupt.lock();
            found.extend(known.iter().map(|record| (slot.alias.clone(), record.clone())));
        }
        Ok(found)
    }

    /// Removes something that can't be read; whether it was there.
    pub(crate) async fn discard_corrupt(
        &self,
        alias: &Alias,
        record: &CorruptRecord,
    ) -> Result<bool, SchedulerError> {
        let slot = self.slot(alias)?;
        let discarded = slot.store.discard(record).await.map_err(|error| slot.error(error))?;
        let is_it = |known: &CorruptRecord| known.kind == record.kind && known.key == record.key;
        slot.corrupt.lock().retain(|known| !is_it(known));
        Ok(discarded)
    }
}
