//! What can be given where a zone is wanted.

use chrono::FixedOffset;

use super::{Zone, ZoneError};

/// Anything that names a time zone: a [`Zone`], an IANA name, a `chrono_tz::Tz`, chrono's `Utc` or a fixed
/// offset.
///
/// ```
/// use punctual_core::{IntoZone, Zone};
///
/// assert_eq!(chrono_tz::Europe::Helsinki.into_zone(), "Europe/Helsinki".into_zone());
/// assert_eq!(chrono::Utc.into_zone(), Ok(Zone::utc()));
/// assert!("Europe/Nowhere".into_zone().is_err());
/// ```
pub trait IntoZone {
    /// Looks the zone up in the current [`ZoneDatabase`](super::ZoneDatabase).
    ///
    /// # Errors
    ///
    /// [`ZoneError::Unknown`] when there is no such zone.
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
    /// Only the name is taken over: chrono-tz's own tables compute nothing here.
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
