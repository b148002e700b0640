//! Recomputes run times when the rules of their time zone change. A separate task iterates over the jobs, so that no
//! pass is delayed.

use std::future::pending;
use std::sync::Arc;

use punctual_core::{
    Event, JobRecord, RecordUpdate, Schedule, StoreError, StoreErrorKind, StoredJob, Timestamp,
    Trigger, error_chain,
};
use tokio::time::timeout;

use super::PassRunner;
use crate::plan;
use crate::shared::MAX_CONFLICT_ATTEMPTS;
use crate::store::{RegisteredStore, ZoneFingerprints};

/// Number of jobs listed in one call.
const PAGE_SIZE: usize = 10_000;

impl PassRunner {
    /// Compares the stored zone rules with the current ones if a check is pending, and starts replanning the affected
    /// jobs.
    pub(super) async fn check_zones(
        self: &Arc<Self>,
        store: &Arc<RegisteredStore>,
    ) -> Result<(), StoreError> {
        let changed = store.changed_rules().await?;
        if !changed.is_empty() {
            let passes = Arc::clone(self);
            let replanned = Arc::clone(store);
            let task =
                tokio::spawn(async move { passes.replan_until_done(&replanned, &changed).await });
            store.zones.set_replanning(task.abort_handle());
        }
        Ok(())
    }

    async fn replan_until_done(&self, store: &Arc<RegisteredStore>, changed: &ZoneFingerprints) {
        let zones: Vec<_> = changed.keys().collect();
        tracing::info!(target: "punctual::scheduler", store = %store.alias, ?zones, "time zone rules changed; replanning jobs");
        while let Err(error) = self.replan_all(store, changed).await {
            tracing::warn!(target: "punctual::scheduler", store = %store.alias, error = %error_chain(&error), "replanning failed; retrying");
            // Stores do not signal recovery.
            let _ = timeout(self.shared.settings.max_retry_delay, pending::<()>()).await;
        }
    }

    /// Checks every job. The stored rules are updated after all jobs have been checked.
    async fn replan_all(
        &self,
        store: &Arc<RegisteredStore>,
        changed: &ZoneFingerprints,
    ) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = store.backend.list(after.as_ref(), PAGE_SIZE).await?;
            for record in &page.records {
                if replanned(store, record, changed).is_some() {
                    self.replan(store, record, changed).await?;
                }
            }
            // Jobs without a next run time are listed last.
            after = page.next.filter(|next| next.next_run_time.is_some());
            if after.is_none() {
                break;
            }
        }
        for (name, rules) in changed {
            store.store_rules(name, rules).await?;
        }
        Ok(())
    }

    async fn replan(
        &self,
        store: &Arc<RegisteredStore>,
        listed: &JobRecord,
        changed: &ZoneFingerprints,
    ) -> Result<(), StoreError> {
        for _ in 0..MAX_CONFLICT_ATTEMPTS {
            // Read the job again: it may have run since it was listed.
            let Some(StoredJob { record, .. }) = store.backend.get(&listed.id).await? else {
                return Ok(());
            };
            let Some((from, schedule)) = replanned(store, &record, changed) else {
                return Ok(());
            };
            let update = RecordUpdate {
                schedule: Some(Some(schedule)),
                expected_run_time: Some(record.next_run_time()),
                ..Default::default()
            };
            match store.backend.update(&record.id, record.revision, update).await {
                Ok(_) => {
                    let (job, to) = (store.job_ref(&record.id), schedule.next_run_time);
                    self.shared.bus.emit(Event::job_replanned(job, from, to));
                    store.notify_changed();
                    return Ok(());
                }
                Err(error) if error.kind() == StoreErrorKind::Conflict => {}
                Err(error) if error.kind() == StoreErrorKind::NotFound => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The current next run time of a job and its new schedule, if the run time was computed with changed rules. Returns
/// `None` for a job that is already due, or whose run time was chosen by a user.
fn replanned(
    store: &RegisteredStore,
    record: &JobRecord,
    changed: &ZoneFingerprints,
) -> Option<(Timestamp, Schedule)> {
    let from = record.schedule?.next_run_time;
    let now = store.now();
    if from <= now {
        return None;
    }
    let decoded = store.decode(record).ok()?;
    let trigger = &*decoded.trigger;
    if decoded.definition.first_run == Some(from) || !uses_any_zone(trigger, changed) {
        return None;
    }
    let to = trigger.next_fire_time(None, now).filter(|&to| to != from)?;
    Some((from, plan::schedule(trigger, to, &mut |below| fastrand::u64(..below))))
}

fn uses_any_zone(trigger: &dyn Trigger, changed: &ZoneFingerprints) -> bool {
    let mut named = false;
    trigger.visit_zones(&mut |zone| named |= changed.contains_key(zone.name()));
    named
}
