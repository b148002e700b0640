//! What becomes of run times when the rules of their time zone change.
//!
//! A store's metadata has the rules of every zone that a trigger in it names: a fingerprint. A look at
//! these few values, at the start and after a refresh, tells whether anything has to be planned anew; if so,
//! a task of its own walks through the jobs, and no pass waits for it.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{
    Event, JobRecord, RecordUpdate, Schedule, StoreError, StoreErrorKind, StoredJob, Timestamp,
    Trigger, Zone, ZoneDatabase, ZoneError,
};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::add::CONFLICT_RETRIES;
use super::cache::Cache;
use super::place::inside;
use super::slot::Slot;
use super::tick::job_ref;
use super::{Engine, Place};
use crate::events::EventBus;
use crate::plan;

/// What the keys in the metadata begin with.
const KEY: &str = "zone:";

/// The rules of a zone that was known once and is not any more.
const UNKNOWN: &str = "unknown";

/// How many jobs are looked at at a time.
const PAGE: usize = 10_000;

/// Zones by name, with their rules as fingerprints.
type Rules = BTreeMap<String, String>;

/// What the scheduler knows of the rules that a store has.
#[derive(Default)]
pub(crate) struct ZoneRules {
    /// None before they have been read.
    stored: Mutex<Option<Rules>>,
    /// The next pass compares them with the rules in force.
    unchecked: AtomicBool,
    /// Plans anew what has changed.
    replanning: Mutex<Option<AbortHandle>>,
}

impl ZoneRules {
    /// Forgets what was known, for a store that is opened.
    pub(super) fn reset(&self) {
        self.stop();
        *self.stored.lock() = None;
        self.unchecked.store(true, Ordering::Relaxed);
    }

    /// Plans nothing anew any more.
    pub(super) fn stop(&self) {
        if let Some(replanning) = self.replanning.lock().take() {
            replanning.abort();
        }
    }

    fn learn(&self, rules: impl IntoIterator<Item = (String, String)>) {
        self.stored.lock().get_or_insert_default().extend(rules);
    }

    /// The zones of a trigger whose rules are not stored yet.
    fn unknown(&self, trigger: &dyn Trigger) -> Vec<Zone> {
        let mut unknown = Vec::new();
        let noted = self.stored.lock();
        trigger.visit_zones(&mut |zone| {
            let is_noted = noted.as_ref().is_some_and(|noted| noted.contains_key(zone.name()));
            if !is_noted && can_change(zone) {
                unknown.push(zone.clone());
            }
        });
        unknown
    }
}

/// Whether a zone's rules come from the database: UTC and fixed offsets are what their names say.
fn can_change(zone: &Zone) -> bool {
    !zone.name().starts_with("UTC")
}

fn fingerprint(zone: &Zone) -> String {
    format!("{:016x}", zone.fingerprint())
}

/// The rules of a zone as they are now.
fn current_rules(name: &str) -> String {
    Zone::named(name).map_or_else(|_| UNKNOWN.to_owned(), |zone| fingerprint(&zone))
}

async fn read_rules(slot: &Slot, bus: &EventBus) -> Result<Rules, StoreError> {
    let metadata = slot.store.metadata().await?;
    slot.report_corrupt(bus, metadata.corrupt);
    let of_zone = |(key, rules): (String, String)| Some((key.strip_prefix(KEY)?.to_owned(), rules));
    Ok(metadata.values.into_iter().filter_map(of_zone).collect())
}

async fn store_rules(slot: &Slot, name: &str, rules: &str) -> Result<(), StoreError> {
    slot.store.set_metadata(&format!("{KEY}{name}"), rules).await?;
    slot.zones.learn([(name.to_owned(), rules.to_owned())]);
    Ok(())
}

impl Engine {
    /// Stores the rules by which a trigger computes, before a job with it is stored.
    pub(super) async fn store_zone_rules(
        &self,
        slot: &Slot,
        trigger: &dyn Trigger,
        place: &mut Place<'_>,
    ) -> Result<(), StoreError> {
        let unknown = slot.zones.unknown(trigger);
        if unknown.is_empty() {
            return Ok(());
        }
        if let Place::Inside(transaction) = place {
            // Nothing is learnt by it: the rules are there only if the transaction commits.
            for zone in unknown {
                let (key, text) = (format!("{KEY}{}", zone.name()), fingerprint(&zone));
                inside(slot, transaction)?.add_metadata_in(transaction, &key, &text).await?;
            }
            return Ok(());
        }
        if slot.zones.stored.lock().is_none() {
            let noted = read_rules(slot, &self.bus).await?;
            slot.zones.learn(noted);
        }
        for zone in slot.zones.unknown(trigger) {
            store_rules(slot, zone.name(), &fingerprint(&zone)).await?;
        }
        Ok(())
    }

    /// Reads the zone database again; answers its release. What it changes is planned anew from the next
    /// pass on.
    pub(crate) fn refresh_zones(&self) -> Result<String, ZoneError> {
        let database = ZoneDatabase::current().reload()?;
        let release = database.release().to_owned();
        database.install();
        let own = Zone::named(self.settings.zone.read().name());
        if let Ok(own) = own {
            *self.settings.zone.write() = own;
        }
        for slot in self.slots().iter() {
            *slot.cache.lock() = Cache::default();
            slot.zones.unchecked.store(true, Ordering::Relaxed);
        }
        self.wake.notify_one();
        Ok(release)
    }

    /// Compares the rules in a store with those in force, if that is to be done, and lets whatever
    /// has changed be planned anew.
    pub(super) async fn check_zones(self: &Arc<Self>, slot: &Arc<Slot>) -> Result<(), StoreError> {
        if !slot.zones.unchecked.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let noted = match read_rules(slot, &self.bus).await {
            Ok(noted) => noted,
            Err(error) => {
                slot.zones.unchecked.store(true, Ordering::Relaxed);
                return Err(error);
            }
        };
        slot.zones.stop();
        let now = noted.keys().map(|name| (name.clone(), current_rules(name)));
        let changed: Rules = now.filter(|(name, rules)| noted.get(name) != Some(rules)).collect();
        slot.zones.learn(noted);
        if !changed.is_empty() {
            let (engine, slot) = (Arc::clone(self), Arc::clone(slot));
            let replanning = {
                let slot = Arc::clone(&slot);
                tokio::spawn(async move { engine.replan_until_done(&slot, &changed).await })
            };
            *slot.zones.replanning.lock() = Some(replanning.abort_handle());
        }
        Ok(())
    }

    async fn replan_until_done(&self, slot: &Arc<Slot>, changed: &Rules) {
        let zones: Vec<_> = changed.keys().collect();
        tracing::info!(store = %slot.alias, ?zones, "time zones have other rules; planning anew");
        while let Err(error) = self.replan_all(slot, changed).await {
            tracing::warn!(store = %slot.alias, %error, "planning anew failed; it is tried again");
            // Nothing signals that the store works again.
            let _ = timeout(self.settings.retry_interval, pending::<()>()).await;
        }
    }

    /// Looks at every job; the stored rules change when that is complete.
    async fn replan_all(&self, slot: &Arc<Slot>, changed: &Rules) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = slot.store.list(after.as_ref(), PAGE).await?;
            for record in &page.records {
                if self.replanned(slot, record, changed).is_some() {
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
            store_rules(slot, name, rules).await?;
        }
        Ok(())
    }

    /// The next run time of a job, and the schedule that takes its place, if it was computed by rules
    /// that have changed. What is due already, or was chosen by a user, stays.
    fn replanned(
        &self,
        slot: &Slot,
        record: &JobRecord,
        changed: &Rules,
    ) -> Option<(Timestamp, Schedule)> {
        let from = record.schedule?.next_run_time;
        let now = slot.now();
        if from <= now {
            return None;
        }
        let decoded = self.decode(slot, record).ok()?;
        let trigger = &*decoded.trigger;
        if decoded.definition.first_run == Some(from) || !names_any(trigger, changed) {
            return None;
        }
        let to = trigger.next_fire_time(None, now).filter(|&to| to != from)?;
        Some((from, plan::schedule(trigger, to, &mut |below| fastrand::u64(..below))))
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
            let Some((from, schedule)) = self.replanned(slot, &record, changed) else {
                return Ok(());
            };
            let update = RecordUpdate {
                schedule: Some(Some(schedule)),
                expected_run_time: Some(record.next_run_time()),
                ..Default::default()
            };
            match slot.store.update(&record.id, record.revision, update).await {
                Ok(_) => {
                    let (job, to) = (job_ref(&slot.alias, &record), schedule.next_run_time);
                    self.bus.emit(Event::JobReplanned { job, from, to });
                    self.changed(slot);
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

fn names_any(trigger: &dyn Trigger, changed: &Rules) -> bool {
    let mut named = false;
    trigger.visit_zones(&mut |zone| named |= changed.contains_key(zone.name()));
    named
}
