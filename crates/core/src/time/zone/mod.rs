//! Time zones by IANA name.

mod database;
mod error;
mod into;
mod load;
mod offset;
mod suggest;
mod table;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, LazyLock};

use chrono::FixedOffset;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

pub use database::ZoneDatabase;
pub use error::ZoneError;
pub use into::IntoZone;
pub use offset::ZoneOffset;
use table::TransitionTable;
pub use table::{CivilOffset, ZoneSpan};

/// A time zone, identified by its IANA name.
///
/// Cheap to clone, implements chrono's [`TimeZone`](chrono::TimeZone), and is serialized and compared by name. Its
/// rules are those of the [`ZoneDatabase`] that was current when it was looked up.
///
/// ```
/// use chrono::TimeZone;
/// use punctual_core::Zone;
///
/// let helsinki = Zone::named("Europe/Helsinki")?;
/// let noon = helsinki.with_ymd_and_hms(2026, 7, 1, 12, 0, 0).unwrap();
/// assert_eq!(noon.format("%F %T %Z").to_string(), "2026-07-01 12:00:00 EEST");
/// # Ok::<(), punctual_core::ZoneError>(())
/// ```
#[derive(Clone)]
pub struct Zone(Arc<Rules>);

struct Rules {
    name: Box<str>,
    table: TransitionTable,
}

impl Zone {
    /// Returns the zone with an IANA name, such as `Europe/Helsinki`, from the current [`ZoneDatabase`].
    ///
    /// Names are case-sensitive. Names of fixed offsets, such as `UTC+05:30`, are supported as well.
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::Unknown`] if the zone does not exist.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        match fixed_offset(name) {
            Some(offset) => Ok(Self::fixed(offset)),
            None => ZoneDatabase::current().get(name),
        }
    }

    /// Returns the zone of Coordinated Universal Time.
    #[must_use]
    pub fn utc() -> Self {
        static UTC: LazyLock<Zone> =
            LazyLock::new(|| Zone::new("UTC", TransitionTable::fixed(0, "UTC")));
        UTC.clone()
    }

    /// Returns a zone with a fixed `offset` from UTC. Its name has the form `UTC+05:30`.
    #[must_use]
    pub fn fixed(offset: FixedOffset) -> Self {
        if offset.local_minus_utc() == 0 {
            return Self::utc();
        }
        let name = format!("UTC{offset}");
        Self::new(&name, TransitionTable::fixed(offset.local_minus_utc(), &name))
    }

    /// Returns the system time zone: the value of `TZ`, or else the setting of the operating system.
    ///
    /// # Errors
    ///
    /// Returns [`ZoneError::NoLocal`] if the system time zone can't be determined or has no IANA name.
    pub fn local() -> Result<Self, ZoneError> {
        let local = jiff::tz::TimeZone::try_system().map_err(|_| ZoneError::NoLocal)?;
        Self::named(local.iana_name().ok_or(ZoneError::NoLocal)?)
    }

    fn new(name: &str, table: TransitionTable) -> Self {
        Self(Arc::new(Rules { name: name.into(), table }))
    }

    /// Returns the IANA name, or the name of a fixed offset.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns whether the rules are those of the current [`ZoneDatabase`]: false for a zone of another database, such
    /// as one that was replaced by [`ZoneDatabase::install`].
    #[must_use]
    pub fn is_current(&self) -> bool {
        fixed_offset(self.name()).is_some()
            || ZoneDatabase::current()
                .get(self.name())
                .is_ok_and(|current| Arc::ptr_eq(&self.0, &current.0))
    }

    /// Returns the span of constant offset that contains an instant, which is given in seconds since the Unix epoch.
    ///
    /// This method and [`resolve_civil`](Self::resolve_civil), on which triggers are based, take a few nanoseconds
    /// and do not allocate.
    #[must_use]
    pub fn span_at(&self, utc_seconds: i64) -> ZoneSpan {
        self.0.table.span_at(utc_seconds)
    }

    /// Resolves a local time, which exists once, never or twice. It is given in seconds since 1970-01-01T00:00:00
    /// local time.
    #[must_use]
    pub fn resolve_civil(&self, civil_seconds: i64) -> CivilOffset {
        self.0.table.resolve(civil_seconds)
    }

    /// Returns a hash of this zone's offsets and transitions since 1970.
    ///
    /// The hash takes some microseconds to compute and is the same on every machine, so that it can be stored with
    /// times that were computed in the zone. If a stored hash differs from the current one, these times must be
    /// recomputed.
    ///
    /// ```
    /// use punctual_core::Zone;
    ///
    /// let (helsinki, mariehamn) = (Zone::named("Europe/Helsinki")?, Zone::named("Europe/Mariehamn")?);
    /// assert_eq!(helsinki.fingerprint(), mariehamn.fingerprint());
    /// assert_ne!(helsinki.fingerprint(), Zone::named("Europe/Paris")?.fingerprint());
    /// # Ok::<(), punctual_core::ZoneError>(())
    /// ```
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.0.table.fingerprint()
    }

    /// Returns the smallest and the largest offset from UTC, in seconds, that this zone ever has.
    #[must_use]
    pub fn offset_range(&self) -> (i32, i32) {
        self.0.table.offset_range()
    }
}

/// Parses names of fixed offsets, as created by [`Zone::fixed`]: `UTC+05:30`, `UTC-00:25:21`.
fn fixed_offset(name: &str) -> Option<FixedOffset> {
    let digits = name.strip_prefix("UTC")?;
    let (sign, digits) = match digits.split_at_checked(1)? {
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let mut seconds = 0;
    let mut unit = 3600;
    for part in digits.split(':') {
        let two_digits = part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit());
        let value: i32 = part.parse().ok().filter(|&v| two_digits && v < 60)?;
        seconds += value * unit;
        unit /= 60;
    }
    // Hours and minutes are required. A fourth part would have had the unit zero.
    let parts = digits.split(':').count();
    (parts == 2 || parts == 3).then(|| FixedOffset::east_opt(sign * seconds))?
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.name() == other.name()
    }
}

impl Eq for Zone {}

impl Hash for Zone {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Zone").field(&self.name()).finish()
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::named(&name).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
