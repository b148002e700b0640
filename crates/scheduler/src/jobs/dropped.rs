//! Fire times that are dropped by a change of their schedule.

use std::sync::Arc;

use punctual_core::{JobRecord, Schedule, SkipReason, SkippedFireTimes};

use super::Jobs;
use crate::store::RegisteredStore;

impl Jobs {
    /// Reports the fire times of a job that were due, and that no process had claimed, when its schedule was set to another one.
    pub(super) fn report_dropped(
        &self,
        store: &Arc<RegisteredStore>,
        before: &JobRecord,
        schedule: Option<Schedule>,
    ) {
        let Some(due) = before.schedule else { return };
        let (first, now) = (due.next_run_time, store.now());
        let is_kept = schedule.is_some_and(|new| new.next_run_time <= first);
        // The run of a retry is still stored, and one that is claimed may be in progress.
        if first > now || is_kept || before.claims > 0 || before.id.is_of_retry() {
            return;
        }
        let decoded = store.decode(before).ok();
        let last = decoded.and_then(|job| job.trigger.latest_fire_time(first, now));
        let job = store.job_ref(&before.id);
        let (last, reason) = (last.unwrap_or(first), SkipReason::ScheduleChanged);
        self.shared.bus.emit(SkippedFireTimes::new(job, first, last, reason).into_event());
    }
}
