//! Updates by users.

use super::StoredJob;
use crate::store::{RecordUpdate, Revision, Schedule, StoreError};

impl StoredJob {
    /// Updates the job if its revision is `expected`, and returns the new revision. Increments the revision.
    ///
    /// With a new schedule, it increments the fence and invalidates an open claim. Without one, an open claim remains
    /// valid with its fence, because runs may have been started under it; if no claim is open, the fence is incremented
    /// and the job is due at its `next_run_time`.
    ///
    /// # Errors
    ///
    /// Returns [`Conflict`](super::super::StoreErrorKind::Conflict) if the revision or the
    /// [`expected_run_time`](RecordUpdate::expected_run_time) does not match.
    pub fn update(
        &mut self,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let run_time = self.record.next_run_time();
        let run_time_changed =
            update.expected_run_time.is_some_and(|expected| expected != run_time);
        if self.record.revision != expected || run_time_changed {
            return Err(StoreError::conflict(&self.record.id));
        }
        let keeps_claim = self.claim.is_some() && update.schedule.is_none();
        if !keeps_claim {
            self.invalidate_claim();
            self.record.fence = self.record.fence.next();
        }
        let record = &mut self.record;
        record.revision = record.revision.next();
        if let Some((task, definition)) = update.definition {
            record.task = task;
            record.definition = definition;
        }
        if let Some(fire_count) = update.fire_count {
            record.fire_count = fire_count;
        }
        match update.schedule {
            Some(schedule) => {
                record.schedule = schedule;
                record.finished &= schedule.is_none();
                record.claims = 0;
            }
            None if keeps_claim => {}
            None => record.schedule = run_time.map(Schedule::at),
        }
        Ok(record.revision)
    }
}
