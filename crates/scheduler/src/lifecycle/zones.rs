//! Reloading the time zone database.

use punctual_core::{ZoneDatabase, ZoneError};

use super::Engine;

impl Engine {
    /// Reloads the time zone database and returns its release. Affected jobs are replanned from the next pass on.
    pub(crate) fn refresh_zones(&self) -> Result<String, ZoneError> {
        let database = ZoneDatabase::current().reload()?;
        let release = database.release().to_owned();
        database.install();
        self.shared.refresh_zone();
        for store in self.stores.all().iter() {
            store.clear_decode_cache();
            store.zones.request_check();
        }
        self.shared.wake.wake();
        Ok(release)
    }
}
