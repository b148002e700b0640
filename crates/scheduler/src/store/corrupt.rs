//! What a store holds and can't be read: reported once, and listed.

use punctual_core::{CorruptRecord, Event, StoreError};

use super::slot::Slot;

/// How many are kept in mind for each store; of more, the log tells.
const MAX_KNOWN: usize = 1_000;

impl Slot {
    /// Reports what can't be read, each once for each reason.
    pub(crate) fn report_corrupt(&self, corrupt: Vec<CorruptRecord>) {
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
            self.shared.bus.emit(Event::RecordCorrupt { store: self.alias.clone(), record });
        }
    }

    /// What was met of it.
    pub(crate) fn corrupt(&self) -> Vec<CorruptRecord> {
        self.corrupt.lock().clone()
    }

    /// Removes something that can't be read; whether it was there.
    pub(crate) async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        let discarded = self.store.discard(record).await?;
        let is_it = |known: &CorruptRecord| known.kind == record.kind && known.key == record.key;
        self.corrupt.lock().retain(|known| !is_it(known));
        Ok(discarded)
    }
}
