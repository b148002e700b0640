//! The next fire times of a job.

use punctual_core::{Timestamp, Trigger};

use super::Jobs;
use super::find::Found;
use super::selector::JobSelector;
use crate::error::SchedulerError;
use crate::job::RunAt;
use crate::store::StoreAccess;

impl Jobs {
    /// The next fire times of a job as it is scheduled now, at most `count`.
    pub(crate) async fn next_fire_times(
        &self,
        selector: JobSelector,
        count: usize,
    ) -> Result<Vec<Timestamp>, SchedulerError> {
        match self.find(selector, &mut StoreAccess::Autocommit).await? {
            Found::Pending(job) => {
                let job = self.pending.get(&job)?;
                let now = self.now(None);
                let first = match job.first_run() {
                    RunAt::Trigger => job.trigger.next_fire_time(None, now),
                    RunAt::Immediately => Some(now),
                    RunAt::Instant(instant) => Some(instant),
                    RunAt::Paused => None,
                };
                Ok(fire_times(&*job.trigger, first, 0, count))
            }
            Found::Stored(store, job) => {
                let decoded = store.decode(&job.record).map_err(|problem| {
                    SchedulerError::job_unresolved(store.job_ref(&job.record.id), problem)
                })?;
                let next = job.record.next_run_time();
                Ok(fire_times(&*decoded.trigger, next, job.record.fire_count, count))
            }
        }
    }
}

/// At most `count` fire times from `first` on, of a job that has run `fire_count` times.
fn fire_times(
    trigger: &dyn Trigger,
    first: Option<Timestamp>,
    fire_count: u64,
    count: usize,
) -> Vec<Timestamp> {
    let left = trigger.max_runs().map_or(u64::MAX, |max| max.saturating_sub(fire_count));
    let count = usize::try_from(left).unwrap_or(usize::MAX).min(count);
    std::iter::successors(first, |fire| trigger.next_fire_time(Some(*fire), *fire))
        .take(count)
        .collect()
}
