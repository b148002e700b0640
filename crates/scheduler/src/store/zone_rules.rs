//! Storing the rules of time zones, and comparing what is stored.

use punctual_core::{StoreError, Trigger};

use super::place::{Place, inside};
use super::slot::Slot;
use super::zones::{Rules, current_rules, fingerprint};

/// What the keys in the metadata begin with.
const KEY: &str = "zone:";

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
        if !self.zones.are_known() {
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
        if !self.zones.take_unchecked() {
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
