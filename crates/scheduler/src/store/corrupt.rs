//! Corrupt records of a store: reported once, and listed.

use punctual_core::{CorruptEntry, CorruptRecord, Event, StoreError};

use super::registered::RegisteredStore;

/// Maximum number of corrupt records listed for each store. Further ones are only logged.
const MAX_LISTED: usize = 1_000;

impl RegisteredStore {
    /// Reports corrupt records, each once for each reason.
    pub(crate) fn report_corrupt(&self, corrupt: Vec<CorruptRecord>) {
        for record in corrupt {
            {
                let mut known = self.corrupt.lock();
                if known.contains(&record) {
                    continue;
                }
                if known.len() < MAX_LISTED {
                    known.push(record.clone());
                }
            }
            let record = CorruptEntry::new(self.alias.clone(), record);
            self.shared.bus.emit(Event::RecordCorrupt(record));
        }
    }

    /// The corrupt records found so far.
    pub(crate) fn corrupt(&self) -> Vec<CorruptRecord> {
        self.corrupt.lock().clone()
    }

    /// Removes a corrupt record. Returns whether it existed.
    pub(crate) async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let discarded = self.backend.discard(record).await?;
        let is_it = |known: &CorruptRecord| known.kind == record.kind && known.key == record.key;
        self.corrupt.lock().retain(|known| !is_it(known));
        Ok(discarded)
    }
}
