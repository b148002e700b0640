//! Fingerprints of time zone rules.
//!
//! A store's metadata holds a fingerprint of the rules of each zone that is used by a trigger in the store. They are
//! compared with the current rules at the start and after the zone database is reloaded, to find out whether jobs must
//! be replanned.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{Trigger, Zone};
use tokio::task::AbortHandle;

/// Fingerprint of a zone that is no longer in the zone database.
const UNKNOWN: &str = "unknown";

/// Fingerprints of zone rules by zone name.
pub(crate) type ZoneFingerprints = BTreeMap<String, String>;

/// Cached fingerprints of a store, and the state of the check.
#[derive(Default)]
pub(crate) struct ZoneRules {
    /// `None` before the fingerprints have been read.
    stored: Mutex<Option<ZoneFingerprints>>,
    /// The next pass compares the fingerprints with the current rules.
    unchecked: AtomicBool,
    /// The replanning task.
    replanning: Mutex<Option<AbortHandle>>,
}

impl ZoneRules {
    /// Resets the cached state when a store is opened.
    pub(crate) fn reset(&self) {
        self.abort_replanning();
        *self.stored.lock() = None;
        self.request_check();
    }

    /// Requests a comparison with the current rules in the next pass.
    pub(crate) fn request_check(&self) {
        self.unchecked.store(true, Ordering::Relaxed);
    }

    /// Sets the replanning task, and aborts the previous one.
    pub(crate) fn set_replanning(&self, task: AbortHandle) {
        self.abort_replanning();
        *self.replanning.lock() = Some(task);
    }

    /// Aborts the replanning task.
    pub(crate) fn abort_replanning(&self) {
        if let Some(replanning) = self.replanning.lock().take() {
            replanning.abort();
        }
    }

    /// Whether the fingerprints have been read.
    pub(super) fn are_cached(&self) -> bool {
        self.stored.lock().is_some()
    }

    /// Returns and clears the request for a comparison.
    pub(super) fn take_unchecked(&self) -> bool {
        self.unchecked.swap(false, Ordering::Relaxed)
    }

    pub(super) fn cache(&self, rules: impl IntoIterator<Item = (String, String)>) {
        self.stored.lock().get_or_insert_default().extend(rules);
    }

    /// The zones of a trigger whose fingerprints are not stored yet.
    pub(super) fn unstored_zones(&self, trigger: &dyn Trigger) -> Vec<Zone> {
        let mut unstored = Vec::new();
        let stored_rules = self.stored.lock();
        trigger.visit_zones(&mut |zone| {
            let is_stored = stored_rules
                .as_ref()
                .is_some_and(|stored_rules| stored_rules.contains_key(zone.name()));
            if !is_stored && can_change(zone) {
                unstored.push(zone.clone());
            }
        });
        unstored
    }
}

/// Whether a zone's rules come from the zone database. Those of UTC and fixed offsets never change.
fn can_change(zone: &Zone) -> bool {
    !zone.name().starts_with("UTC")
}

pub(super) fn fingerprint(zone: &Zone) -> String {
    format!("{:016x}", zone.fingerprint())
}

/// The fingerprint of a zone's current rules.
pub(super) fn current_rules(name: &str) -> String {
    Zone::named(name).map_or_else(|_| UNKNOWN.to_owned(), |zone| fingerprint(&zone))
}
