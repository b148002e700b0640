//! The rules of time zones, as a store has them.
//!
//! A store's metadata has the rules of every zone that a trigger in it names: a fingerprint. A look at
//! these few values, at the start and after a refresh, tells whether anything has to be planned anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{StoreError, Trigger, Zone};
use tokio::task::AbortHandle;

use super::place::{Place, inside};
use super::slot::Slot;

/// What the keys in the metadata begin with.
const KEY: &str = "zone:";

/// The rules of a zone that was known once and is not any more.
const UNKNOWN: &str = "unknown";

/// Zones by name, with their rules as fingerprints.
pub(crate) type Rules = BTreeMap<String, String>;

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
    pub(crate) fn reset(&self) {
        self.stop();
        *self.stored.lock() = None;
        self.check_again();
    }

    /// Lets the next pass compare them with the rules in force.
    pub(crate) fn check_again(&self) {
        self.unchecked.store(true, Ordering::Relaxed);
    }

    /// Puts this task in the place of the one that plans anew.
    pub(crate) fn set_replanning(&self, task: AbortHandle) {
        self.stop();
        *self.replanning.lock() = Some(task);
    }

    /// Plans nothing anew any more.
    pub(crate) fn stop(&self) {
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

impl Slot {
    /// Stores the rules by which a trigger computes, before a job with it is stored.
    pub(crate) async fn store_zone_rules(
        &self,
        trigger: &dyn Trigger,
        place: &mut Place<'_>,
    ) -> Result<(), StoreError> {
        let unknown = self.zones.unknown(trigger);
        if unknown.is_empty() {
            return Ok(());
        }
        if let Place::Inside(transaction) = place {
            // Nothing is learnt by it: the rules are there only if the transaction commits.
            for zone in unknown {
                let (key, text) = (format!("{KEY}{}", zone.name()), fingerprint(&zone));
                inside(self, transaction)?.add_metadata_in(transaction, &key, &text).await?;
            }
            return Ok(());
        }
        if self.zones.stored.lock().is_none() {
            let noted = self.read_rules().await?;
            self.zones.learn(noted);
        }
        for zone in self.zones.unknown(trigger) {
            self.store_rules(zone.name(), &fingerprint(&zone)).await?;
        }
        Ok(())
    }

    /// Compares the rules that are stored with those in force, if that is to be done; returns those in force that are
    /// others.
    pub(crate) async fn changed_rules(&self) -> Result<Rules, StoreError> {
        if !self.zones.unchecked.swap(false, Ordering::Relaxed) {
            return Ok(Rules::new());
        }
        let noted = self.read_rules().await.inspect_err(|_| self.zones.check_again())?;
        self.zones.stop();
        let now = noted.keys().map(|name| (name.clone(), current_rules(name)));
        let changed = now.filter(|(name, rules)| noted.get(name) != Some(rules)).collect();
        self.zones.learn(noted);
        Ok(changed)
    }

    /// Stores the rules of a zone.
    pub(crate) async fn store_rules(&self, name: &str, rules: &str) -> Result<(), StoreError> {
        self.store.set_metadata(&format!("{KEY}{name}"), rules).await?;
        self.zones.learn([(name.to_owned(), rules.to_owned())]);
        Ok(())
    }

    async fn read_rules(&self) -> Result<Rules, StoreError> {
        let metadata = self.store.metadata().await?;
        self.report_corrupt(metadata.corrupt);
        let of_zone =
            |(key, rules): (String, String)| Some((key.strip_prefix(KEY)?.to_owned(), rules));
        Ok(metadata.values.into_iter().filter_map(of_zone).collect())
    }
}
