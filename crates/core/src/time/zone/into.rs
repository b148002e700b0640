//! Conversions to time zones.

use chrono::FixedOffset;

use super::{Zone, ZoneError};

/// Conversion into a [`Zone`]: implemented for zones, IANA names, `chrono_tz::Tz`, `chrono::Utc` and fixed offsets.
///
/// ```
/// use punctual_core::{IntoZone, Zone};
///
/// assert_eq!(chrono_tz::Europe::Helsinki.into_zone(), "Europe/Helsinki".into_zone());
/// assert_eq!(chrono::Utc.into_zone(), Ok(Zone::utc()));
/// assert!("Europe/Nowhere".into_zone().is_err());
/// ```
pub trait IntoZone {
    /// Looks up the zone in the current [`ZoneDatabase`](super::ZoneDatabase).
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::Unknown`] if the zone does not exist.
    fn into_zone(self) -> Result<Zone, ZoneError>;
}

impl IntoZone for Zone {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Ok(self)
    }
}

impl IntoZone for &Zone {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Ok(self.clone())
    }
}

impl IntoZone for &str {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Zone::named(self)
    }
}

impl IntoZone for String {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Zone::named(&self)
    }
}

impl IntoZone for &String {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Zone::named(self)
    }
}

impl IntoZone for chrono_tz::Tz {
    /// Uses only the name; the rules are those of the current database and not of chrono-tz.
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Zone::named(self.name())
    }
}

impl IntoZone for chrono::Utc {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Ok(Zone::utc())
    }
}

impl IntoZone for FixedOffset {
    fn into_zone(self) -> Result<Zone, ZoneError> {
        Ok(Zone::fixed(self))
    }
}
