//! Reading the zone database again.

use punctual_core::{ZoneDatabase, ZoneError};

use super::Engine;

impl Engine {
    /// Reads the zone database again; returns its release. What it changes is planned anew from the next
    /// pass on.
    pub(crate) fn refresh_zones(&self) -> Result<String, ZoneError> {
        let database = ZoneDatabase::current().reload()?;
        let release = database.release().to_owned();
        database.install();
        self.shared.refresh_zone();
        for slot in self.stores.all().iter() {
            slot.forget_decoded();
            slot.zones.check_again();
        }
        self.shared.wake.wake();
        Ok(release)
    }
}
