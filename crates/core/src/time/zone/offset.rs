//! Implementation of chrono's traits.

use std::fmt;

use chrono::{FixedOffset, MappedLocalTime, NaiveDate, NaiveDateTime, Offset, TimeZone};

use super::{CivilOffset, Zone, ZoneSpan};

/// The offset of a [`Zone`] from UTC at some instant, with its abbreviation.
///
/// `Display`, and thus chrono's `%Z`, formats the abbreviation, such as `CEST`, or `+03` in zones without
/// abbreviations.
#[derive(Clone)]
pub struct ZoneOffset {
    zone: Zone,
    seconds: i32,
    abbreviation: u16,
}

impl ZoneOffset {
    fn new(zone: &Zone, span: ZoneSpan) -> Self {
        Self { zone: zone.clone(), seconds: span.offset, abbreviation: span.abbreviation }
    }

    /// Returns the abbreviation, such as `CEST`.
    #[must_use]
    pub fn abbreviation(&self) -> &str {
        self.zone.0.table.abbreviation(self.abbreviation)
    }
}

impl Offset for ZoneOffset {
    fn fix(&self) -> FixedOffset {
        // Tables contain only offsets of less than a day, as chrono requires.
        FixedOffset::east_opt(self.seconds).unwrap_or_else(|| chrono::Utc.fix())
    }
}

impl fmt::Display for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.abbreviation())
    }
}

impl fmt::Debug for ZoneOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.abbreviation())
    }
}

impl TimeZone for Zone {
    type Offset = ZoneOffset;

    fn from_offset(offset: &ZoneOffset) -> Self {
        offset.zone.clone()
    }

    fn offset_from_local_date(&self, local: &NaiveDate) -> MappedLocalTime<ZoneOffset> {
        self.offset_from_local_datetime(&local.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_local_datetime(&self, local: &NaiveDateTime) -> MappedLocalTime<ZoneOffset> {
        let civil = local.and_utc().timestamp();
        let at = |offset: i32| ZoneOffset::new(self, self.span_at(civil - i64::from(offset)));
        match self.resolve_civil(civil) {
            CivilOffset::Unique(offset) => MappedLocalTime::Single(at(offset)),
            CivilOffset::Fold { first, second, .. } => {
                MappedLocalTime::Ambiguous(at(first), at(second))
            }
            CivilOffset::Gap { .. } => MappedLocalTime::None,
        }
    }

    fn offset_from_utc_date(&self, utc: &NaiveDate) -> ZoneOffset {
        self.offset_from_utc_datetime(&utc.and_time(chrono::NaiveTime::MIN))
    }

    fn offset_from_utc_datetime(&self, utc: &NaiveDateTime) -> ZoneOffset {
        ZoneOffset::new(self, self.span_at(utc.and_utc().timestamp()))
    }
}
