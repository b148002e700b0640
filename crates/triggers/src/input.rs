//! Date and time input of the builders.

use std::time::SystemTime;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone};
use punctual_core::{IntoZone, Timestamp, TriggerError, Zone};

use crate::civil::{date_from_day_number, day_number, is_valid_date, local_to_utc};

/// An instant, a local time or a date: a [`Timestamp`], a [`SystemTime`], a chrono value, or text.
///
/// A local time in a DST gap is shifted forward by the length of the gap. An ambiguous local time resolves to its
/// first occurrence. A date resolves to midnight.
///
/// The text format is `YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`, optionally with a `T` instead of the space, with a
/// fraction of 1 to 6 digits, and with `Z` or an offset such as `+02:00`. Text without an offset is local time.
///
/// ```
/// use punctual_core::Trigger;
/// use punctual_triggers::DateTrigger;
///
/// let local = DateTrigger::at("2026-03-29 03:30:00").timezone("Europe/Helsinki").build()?;
/// assert_eq!(local.to_string(), "date[2026-03-29 04:30:00 EEST]");
/// let fixed = DateTrigger::at("2026-03-29T03:30:00+02:00").build()?;
/// assert_eq!(fixed.run_date(), local.run_date());
/// # Ok::<(), punctual_core::TriggerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DateTimeInput(Repr);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Repr {
    /// An instant, with its zone if the value had one.
    Instant(Timestamp, Option<Zone>),
    Local(NaiveDateTime),
    Text(String),
}

impl DateTimeInput {
    /// Returns the instant. Local times are interpreted in `zone`.
    pub(crate) fn instant(
        &self,
        field: &'static str,
        zone: &Zone,
    ) -> Result<Timestamp, TriggerError> {
        Ok(self.resolve_with_zone(field, zone)?.0)
    }

    /// Returns the instant and the zone in which it is displayed: the zone or offset of the input, or else `zone`.
    pub(crate) fn resolve_with_zone(
        &self,
        field: &'static str,
        zone: &Zone,
    ) -> Result<(Timestamp, Zone), TriggerError> {
        let in_zone = |local: NaiveDateTime| (local_to_instant(local, zone), zone.clone());
        Ok(match &self.0 {
            Repr::Instant(instant, own) => (*instant, own.clone().unwrap_or_else(|| zone.clone())),
            Repr::Local(local) => in_zone(*local),
            Repr::Text(text) => match parse(field, text)? {
                (local, None) => in_zone(local),
                (local, Some(offset)) => {
                    let instant = local.and_utc().timestamp_micros()
                        - i64::from(offset.local_minus_utc()) * 1_000_000;
                    (Timestamp::from_micros(instant), Zone::fixed(offset))
                }
            },
        })
    }

    /// Returns the day number. Instants are converted to `zone`. Text must be a plain date.
    pub(crate) fn day(&self, field: &'static str, zone: &Zone) -> Result<i32, TriggerError> {
        let civil_day = |local: NaiveDateTime| {
            // chrono's dates are within the range of day numbers.
            local.and_utc().timestamp().div_euclid(crate::civil::SECONDS_PER_DAY) as i32
        };
        match &self.0 {
            Repr::Instant(instant, _) => Ok(civil_day(instant.in_zone(zone).naive_local())),
            Repr::Local(local) => Ok(civil_day(*local)),
            Repr::Text(text) => parse_day(field, text),
        }
    }
}

fn local_to_instant(local: NaiveDateTime, zone: &Zone) -> Timestamp {
    let civil = local.and_utc();
    let utc = local_to_utc(zone, civil.timestamp());
    Timestamp::from_seconds(utc).saturating_add_micros(i64::from(civil.timestamp_subsec_micros()))
}

/// Parses `YYYY-MM-DD[(T| )HH:MM:SS[.ffffff][Z|±HH:MM]]`. Month, day, hour, minute and second may have one digit, the
/// fraction has 1 to 6.
fn parse(
    field: &'static str,
    text: &str,
) -> Result<(NaiveDateTime, Option<FixedOffset>), TriggerError> {
    let mut parser = DateTimeParser { field, text, position: 0 };
    let (year, month, day) = parser.date()?;
    let mut time = NaiveTime::MIN;
    let mut offset = None;
    if !parser.at_end() {
        if !parser.eat('T') && !parser.eat(' ') {
            return Err(parser.error("expected \"T\" or a space before the time"));
        }
        time = parser.time()?;
        offset = parser.offset()?;
    }
    parser.expect_end()?;
    let date = NaiveDate::from_ymd_opt(year, month, day);
    let date = date.ok_or_else(|| parser.error("there is no such date"))?;
    Ok((date.and_time(time), offset))
}

/// Parses `YYYY-MM-DD` or `YYYYMMDD`.
fn parse_day(field: &'static str, text: &str) -> Result<i32, TriggerError> {
    let compact = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let dashed = match text.split_at_checked(4) {
        Some((year, rest)) if compact => format!("{year}-{}-{}", &rest[..2], &rest[2..]),
        _ => text.to_owned(),
    };
    let mut parser = DateTimeParser { field, text: &dashed, position: 0 };
    let (year, month, day) = parser.date()?;
    parser.expect_end()?;
    Ok(day_number(year, month, day))
}

struct DateTimeParser<'t> {
    field: &'static str,
    text: &'t str,
    position: usize,
}

impl DateTimeParser<'_> {
    fn error(&self, reason: &str) -> TriggerError {
        let column = self.text[..self.position].chars().count() + 1;
        let form = "format: YYYY-MM-DD or YYYY-MM-DD HH:MM:SS[.ffffff][Z or +HH:MM]";
        TriggerError::invalid_field(self.field, self.text, column, format!("{reason}; {form}"))
    }

    fn at_end(&self) -> bool {
        self.position == self.text.len()
    }

    fn expect_end(&self) -> Result<(), TriggerError> {
        if self.at_end() {
            Ok(())
        } else {
            Err(self.error("unexpected text after the date and time"))
        }
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.text[self.position..].starts_with(c);
        if found {
            self.position += c.len_utf8();
        }
        found
    }

    fn expect(&mut self, c: char) -> Result<(), TriggerError> {
        if self.eat(c) { Ok(()) } else { Err(self.error(&format!("expected {c:?}"))) }
    }

    /// Reads `least` to `most` digits.
    fn digits(&mut self, least: usize, most: usize) -> Result<&str, TriggerError> {
        let rest = &self.text.as_bytes()[self.position..];
        let count = rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        if count < least {
            return Err(self.error("expected a digit"));
        }
        let start = self.position;
        self.position += count;
        Ok(&self.text[start..self.position])
    }

    /// Reads a number of one or two digits, at most `max`.
    fn component(&mut self, name: &str, max: u32) -> Result<u32, TriggerError> {
        let before = self.position;
        let value = self.digits(1, 2)?.parse().unwrap_or(u32::MAX);
        if value > max {
            self.position = before;
            return Err(self.error(&format!("the {name} must be at most {max}")));
        }
        Ok(value)
    }

    fn date(&mut self) -> Result<(i32, u32, u32), TriggerError> {
        let year = self.digits(4, 4)?.parse().unwrap_or(0);
        self.expect('-')?;
        let month = self.component("month", 12)?;
        self.expect('-')?;
        let day = self.component("day", 31)?;
        if !is_valid_date(year, month, day) {
            return Err(self.error("there is no such date"));
        }
        Ok((year, month, day))
    }

    fn time(&mut self) -> Result<NaiveTime, TriggerError> {
        let hour = self.component("hour", 23)?;
        self.expect(':')?;
        let minute = self.component("minute", 59)?;
        self.expect(':')?;
        let second = self.component("second", 59)?;
        let mut micros = 0;
        if self.eat('.') {
            micros = format!("{:0<6}", self.digits(1, 6)?).parse().unwrap_or(0);
        }
        NaiveTime::from_hms_micro_opt(hour, minute, second, micros)
            .ok_or_else(|| self.error("there is no such time"))
    }

    fn offset(&mut self) -> Result<Option<FixedOffset>, TriggerError> {
        let sign = if self.eat('+') {
            1
        } else if self.eat('-') {
            -1
        } else {
            let utc = self.eat('Z');
            return Ok(utc.then(|| chrono::Utc.fix()));
        };
        let hours = self.offset_component(23)?;
        self.expect(':')?;
        let minutes = self.offset_component(59)?;
        Ok(FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)))
    }

    fn offset_component(&mut self, max: i32) -> Result<i32, TriggerError> {
        let value = self.digits(2, 2)?.parse().unwrap_or(i32::MAX);
        if value > max { Err(self.error("the offset must be at most 23:59")) } else { Ok(value) }
    }
}

/// Formats a day number as `YYYY-MM-DD`.
pub(crate) fn day_text(day: i32) -> String {
    let (year, month, day) = date_from_day_number(day);
    format!("{year:04}-{month:02}-{day:02}")
}

impl<Tz: TimeZone + IntoZone> From<DateTime<Tz>> for DateTimeInput {
    fn from(value: DateTime<Tz>) -> Self {
        let offset = value.offset().fix();
        // If the zone is not in the zone database, its offset at this instant is used as a fixed zone. The instant is
        // not affected.
        let zone = value.timezone().into_zone().unwrap_or_else(|_| Zone::fixed(offset));
        Self(Repr::Instant(value.into(), Some(zone)))
    }
}

impl From<Timestamp> for DateTimeInput {
    fn from(value: Timestamp) -> Self {
        Self(Repr::Instant(value, None))
    }
}

impl From<SystemTime> for DateTimeInput {
    fn from(value: SystemTime) -> Self {
        Timestamp::from(value).into()
    }
}

impl From<NaiveDateTime> for DateTimeInput {
    fn from(value: NaiveDateTime) -> Self {
        Self(Repr::Local(value))
    }
}

impl From<NaiveDate> for DateTimeInput {
    fn from(value: NaiveDate) -> Self {
        Self(Repr::Local(value.and_time(NaiveTime::MIN)))
    }
}

impl From<&str> for DateTimeInput {
    fn from(value: &str) -> Self {
        Self(Repr::Text(value.to_owned()))
    }
}

impl From<String> for DateTimeInput {
    fn from(value: String) -> Self {
        Self(Repr::Text(value))
    }
}
