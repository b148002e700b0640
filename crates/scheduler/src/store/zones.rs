//! The rules of time zones, as a store has them.
//!
//! A store's metadata has the rules of every zone that a trigger in it names: a fingerprint. A look at
//! these few values, at the start and after a refresh, tells whether anything has to be planned anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{Trigger, Zone};
use tokio::task::AbortHandle;

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

    /// Whether they have been read.
    pub(super) fn are_known(&self) -> bool {
        self.stored.lock().is_some()
    }

    /// Whether they have to be compared with the rules in force; they have not from now on.
    pub(super) fn take_unchecked(&self) -> bool {
        self.unchecked.swap(false, Ordering::Relaxed)
    }

    pub(super) fn learn(&self, rules: impl IntoIterator<Item = (String, String)>) {
        self.stored.lock().get_or_insert_default().extend(rules);
    }

    /// The zones of a trigger whose rules are not stored yet.
    pub(super) fn unknown(&self, trigger: &dyn Trigger) -> Vec<Zone> {
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

pub(super) fn fingerprint(zone: &Zone) -> String {
    format!("{:016x}", zone.fingerprint())
}

/// The rules of a zone as they are now.
pub(super) fn current_rules(name: &str) -> String {
    Zone::named(name).map_or_else(|_| UNKNOWN.to_owned(), |zone| fingerprint(&zone))
}
