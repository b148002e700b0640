//! What becomes of run times when the rules of their time zone change: a task of its own walks through the jobs, and
//! no pass waits for it.

use std::future::pending;
use std::sync::Arc;

use punctual_core::{
    Event, JobRecord, RecordUpdate, Schedule, StoreError, StoreErrorKind, StoredJob, Timestamp,
    Trigger, error_chain,
};
use tokio::time::timeout;

use super::Passes;
use crate::plan;
use crate::shared::CONFLICT_RETRIES;
use crate::store::{Rules, Slot};

/// How many jobs are looked at at a time.
const PAGE: usize = 10_000;

impl Passes {
    /// Compares the rules in a store with those in force, if that is to be done, and lets whatever
    /// has changed be planned anew.
    pub(super) async fn check_zones(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), StoreError> {
        let changed = slot.changed_rules().await?;
        if !changed.is_empty() {
            let passes = Arc::clone(self);
            let replanned = Arc::clone(slot);
            let task =
                tokio::spawn(async move { passes.replan_until_done(&replanned, &changed).await });
            slot.zones.set_replanning(task.abort_handle());
        }
        Ok(())
    }

    async fn replan_until_done(&self, slot: &Arc<Slot>, changed: &Rules) {
        let zones: Vec<_> = changed.keys().collect();
        tracing::info!(store = %slot.alias, ?zones, "time zones have other rules; planning anew");
        while let Err(error) = self.replan_all(slot, changed).await {
            tracing::warn!(store = %slot.alias, error = %error_chain(&error), "planning anew failed; it is tried again");
            // Nothing signals that the store works again.
            let _ = timeout(self.shared.settings.retry_interval, pending::<()>()).await;
        }
    }

    /// Looks at every job; the stored rules change when that is complete.
    async fn replan_all(&self, slot: &Arc<Slot>, changed: &Rules) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = slot.store.list(after.as_ref(), PAGE).await?;
            for record in &page.records {
                if replanned(slot, record, changed).is_some() {
                    self.replan(slot, record, changed).await?;
                }
            }
            // Those without a next run time come last.
            after = page.next.filter(|next| next.next_run_time.is_some());
            if after.is_none() {
                break;
            }
        }
        for (name, rules) in changed {
            slot.store_rules(name, rules).await?;
        }
        Ok(())
    }

    async fn replan(
        &self,
        slot: &Arc<Slot>,
        listed: &JobRecord,
        changed: &Rules,
    ) -> Result<(), StoreError> {
        for _ in 0..CONFLICT_RETRIES {
            // As it is by now: it may have run since it was listed.
            let Some(StoredJob { record, .. }) = slot.store.get(&listed.id).await? else {
                return Ok(());
            };
            let Some((from, schedule)) = replanned(slot, &record, changed) else {
                return Ok(());
            };
            let update = RecordUpdate {
                schedule: Some(Some(schedule)),
                expected_run_time: Some(record.next_run_time()),
                ..Default::default()
            };
            match slot.store.update(&record.id, record.revision, update).await {
                Ok(_) => {
                    let (job, to) = (slot.job_ref(&record.id), schedule.next_run_time);
                    self.shared.bus.emit(Event::JobReplanned { job, from, to });
                    slot.changed();
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

/// The next run time of a job, and the schedule that takes its place, if it was computed by rules
/// that have changed. What is due already, or was chosen by a user, stays.
fn replanned(slot: &Slot, record: &JobRecord, changed: &Rules) -> Option<(Timestamp, Schedule)> {
    let from = record.schedule?.next_run_time;
    let now = slot.now();
    if from <= now {
        return None;
    }
    let decoded = slot.decode(record).ok()?;
    let trigger = &*decoded.trigger;
    if decoded.definition.first_run == Some(from) || !names_any(trigger, changed) {
        return None;
    }
    let to = trigger.next_fire_time(None, now).filter(|&to| to != from)?;
    Some((from, plan::schedule(trigger, to, &mut |below| fastrand::u64(..below))))
}

fn names_any(trigger: &dyn Trigger, changed: &Rules) -> bool {
    let mut named = false;
    trigger.visit_zones(&mut |zone| named |= changed.contains_key(zone.name()));
    named
}
