//! Storing fingerprints of time zone rules, and comparing them with the current rules.

use punctual_core::{StoreError, Trigger};

use super::access::{StoreAccess, transactional_store};
use super::registered::RegisteredStore;
use super::zones::{ZoneFingerprints, current_rules, fingerprint};

/// Prefix of the metadata keys.
const ZONE_KEY_PREFIX: &str = "zone:";

impl RegisteredStore {
    /// Stores the fingerprints of the zones of a trigger. Called before a job with this trigger is stored.
    pub(crate) async fn store_zone_rules(
        &self,
        trigger: &dyn Trigger,
        access: &mut StoreAccess<'_>,
    ) -> Result<(), StoreError> {
        let unstored = self.zones.unstored_zones(trigger);
        if unstored.is_empty() {
            return Ok(());
        }
        if let StoreAccess::Transaction(transaction) = access {
            // Not cached: the fingerprints are stored only if the transaction commits.
            for zone in unstored {
                let (key, text) = (format!("{ZONE_KEY_PREFIX}{}", zone.name()), fingerprint(&zone));
                transactional_store(self, transaction)?
                    .add_metadata_in(transaction, &key, &text)
                    .await?;
            }
            return Ok(());
        }
        if !self.zones.are_cached() {
            let stored_rules = self.read_rules().await?;
            self.zones.cache(stored_rules);
        }
        for zone in self.zones.unstored_zones(trigger) {
            self.store_rules(zone.name(), &fingerprint(&zone)).await?;
        }
        Ok(())
    }

    /// Compares the stored fingerprints with the current rules if a check is pending. Returns the current fingerprints
    /// that differ.
    pub(crate) async fn changed_rules(&self) -> Result<ZoneFingerprints, StoreError> {
        if !self.zones.take_unchecked() {
            return Ok(ZoneFingerprints::new());
        }
        let stored_rules = self.read_rules().await.inspect_err(|_| self.zones.request_check())?;
        self.zones.abort_replanning();
        let now = stored_rules.keys().map(|name| (name.clone(), current_rules(name)));
        let changed = now.filter(|(name, rules)| stored_rules.get(name) != Some(rules)).collect();
        self.zones.cache(stored_rules);
        Ok(changed)
    }

    /// Stores the fingerprint of a zone's rules.
    pub(crate) async fn store_rules(&self, name: &str, rules: &str) -> Result<(), StoreError> {
        self.backend.set_metadata(&format!("{ZONE_KEY_PREFIX}{name}"), rules).await?;
        self.zones.cache([(name.to_owned(), rules.to_owned())]);
        Ok(())
    }

    async fn read_rules(&self) -> Result<ZoneFingerprints, StoreError> {
        let metadata = self.backend.metadata().await?;
        self.report_corrupt(metadata.corrupt);
        let of_zone = |(key, rules): (String, String)| {
            Some((key.strip_prefix(ZONE_KEY_PREFIX)?.to_owned(), rules))
        };
        Ok(metadata.values.into_iter().filter_map(of_zone).collect())
    }
}
