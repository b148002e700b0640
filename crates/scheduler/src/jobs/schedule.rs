//! The first schedule of a job.

use punctual_core::{JobId, Schedule, Trigger};

use super::Jobs;
use crate::error::SchedulerError;
use crate::job::{CheckedJob, RunAt};
use crate::plan;
use crate::store::RegisteredStore;

impl Jobs {
    pub(super) fn first_schedule(
        &self,
        store: &RegisteredStore,
        job: &CheckedJob,
    ) -> Result<Option<Schedule>, SchedulerError> {
        let trigger = &*job.trigger;
        match job.first_run() {
            RunAt::Paused => Ok(None),
            RunAt::Immediately => Ok(Some(Schedule::at(self.now(Some(store))))),
            RunAt::Instant(instant) => Ok(Some(Schedule::at(instant))),
            RunAt::Trigger => {
                self.schedule_from_now(Some(store), job.chosen_id(), trigger).map(Some)
            }
        }
    }

    /// The first schedule of a trigger from the current time on.
    pub(super) fn schedule_from_now(
        &self,
        store: Option<&RegisteredStore>,
        id: Option<&JobId>,
        trigger: &dyn Trigger,
    ) -> Result<Schedule, SchedulerError> {
        let now = self.now(store);
        let fire = trigger.next_fire_time(None, now);
        let fire = fire.ok_or_else(|| SchedulerError::never_fires(id, trigger, now))?;
        Ok(plan::schedule(trigger, fire, &mut |below| fastrand::u64(..below)))
    }
}
