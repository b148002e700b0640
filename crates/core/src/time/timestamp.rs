//! Instants in microseconds.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, SecondsFormat, TimeZone, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Zone;

/// An instant: whole microseconds since 1970-01-01T00:00:00Z.
///
/// All stored, compared and computed instants are `Timestamp`s; chrono's types are used for input and display. The
/// range is that of RFC 3339, the years 0001 to 9999. Values outside of it are clamped, so that an invalid number in
/// a store can't cause a later conversion to panic.
///
/// ```
/// use punctual_core::{Timestamp, Zone};
///
/// let noon = Timestamp::from_micros(1_772_452_800_000_000);
/// assert_eq!(noon.to_string(), "2026-03-02T12:00:00Z");
/// assert_eq!("2026-03-02T12:00:00Z".parse(), Ok(noon));
/// let helsinki = Zone::named("Europe/Helsinki").unwrap();
/// assert_eq!(noon.in_zone(&helsinki).to_rfc3339(), "2026-03-02T14:00:00+02:00");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);

    /// Returns the instant `micros` microseconds after the Unix epoch, clamped to [`MIN`](Self::MIN) and
    /// [`MAX`](Self::MAX).
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    /// Returns the instant `seconds` seconds after the Unix epoch, clamped like [`from_micros`](Self::from_micros).
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_micros(seconds.saturating_mul(1_000_000))
    }

    /// Returns the microseconds since the Unix epoch, negative before it.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Adds `micros` microseconds and clamps the result to the range.
    #[must_use]
    pub const fn saturating_add_micros(self, micros: i64) -> Self {
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// Adds `duration`, truncated to microseconds, and clamps the result to the range.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.saturating_add_micros(micros_of(duration))
    }

    /// Subtracts `duration`, truncated to microseconds, and clamps the result to the range.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        self.saturating_add_micros(-micros_of(duration))
    }

    /// Returns the duration from `earlier` to this instant; zero if `earlier` is later.
    #[must_use]
    pub fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Converts the instant to chrono's UTC type.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        // The clamped range is within that of chrono.
        DateTime::from_timestamp_micros(self.0).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// Converts the instant to local time in `zone`.
    #[must_use]
    pub fn in_zone(self, zone: &Zone) -> DateTime<Zone> {
        self.to_utc().with_timezone(zone)
    }
}

fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl<Tz: TimeZone> From<DateTime<Tz>> for Timestamp {
    fn from(value: DateTime<Tz>) -> Self {
        Self::from_micros(value.timestamp_micros())
    }
}

impl<Tz: TimeZone> From<&DateTime<Tz>> for Timestamp {
    fn from(value: &DateTime<Tz>) -> Self {
        Self::from_micros(value.timestamp_micros())
    }
}

impl From<SystemTime> for Timestamp {
    fn from(value: SystemTime) -> Self {
        match value.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => Self::UNIX_EPOCH.saturating_add(after),
            Err(before) => Self::UNIX_EPOCH.saturating_sub(before.duration()),
        }
    }
}

impl Serialize for Timestamp {
    /// Serializes the microseconds since the Unix epoch, as stored.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_micros)
    }
}

impl FromStr for Timestamp {
    type Err = chrono::ParseError;

    /// Parses RFC 3339, the format of `Display`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        DateTime::parse_from_rfc3339(text).map(Self::from)
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(value: Timestamp) -> Self {
        value.to_utc()
    }
}

impl fmt::Display for Timestamp {
    /// Formats the instant as RFC 3339 in UTC, with 0, 3 or 6 fractional digits as required.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_utc().to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
