//! Parser for exclusion calendars in iCalendar files (RFC 5545).

mod rule;

use icalendar::parser::{Component, read_components, unfold};
use punctual_core::{IntoTrigger, Trigger, TriggerDefaults, TriggerError, Zone};
use std::sync::Arc;

use super::{Calendar, ExceptExt};
use crate::CronTriggerBuilder;
use crate::input::{DateTimeInput, day_text};

/// The maximum nesting depth of components. A `VEVENT` in a `VCALENDAR` has depth 2.
const MAX_DEPTH: usize = 8;

impl Calendar {
    /// Excludes the days of the events in an iCalendar file, such as the public holidays of a country.
    ///
    /// Events must consist of one or several whole days. They may have additional dates (`RDATE`), recur every year
    /// (`RRULE` with `FREQ=YEARLY`) and have exceptions (`EXDATE`). A yearly rule may have `INTERVAL`, `COUNT`,
    /// `UNTIL`, `BYMONTH`, `BYMONTHDAY` (1 to 31, or -1) and `BYDAY` (with 1 to 5 or -1 in a month, or without a
    /// number). Cancelled events are ignored.
    ///
    /// ```
    /// use punctual_triggers::{Calendar, CronTrigger, ExceptExt};
    ///
    /// let holidays = Calendar::from_ical("\
    /// BEGIN:VCALENDAR
    /// BEGIN:VEVENT
    /// SUMMARY:Christmas Day
    /// DTSTART;VALUE=DATE:20201225
    /// RRULE:FREQ=YEARLY
    /// END:VEVENT
    /// END:VCALENDAR
    /// ")?;
    /// let trigger = CronTrigger::builder().hour(9).except(holidays).timezone("UTC").build()?;
    /// # Ok::<(), punctual_core::TriggerError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the text is not a calendar, or if an event is invalid or uses an unsupported feature.
    /// Unsupported events are never ignored.
    pub fn from_ical(text: &str) -> Result<Self, TriggerError> {
        // The parser includes some carriage returns in the text before them.
        let text = unfold(&text.replace("\r\n", "\n"));
        let events = validate_structure(&text)?;
        let components = read_components(&text)
            .map_err(|error| TriggerError::invalid_text("an iCalendar file", error))?;
        let mut found = Vec::new();
        collect_events(&components, &mut found);
        if found.len() != events {
            let reason = format!("only {} of {events} events can be parsed", found.len());
            return Err(TriggerError::invalid_text("an iCalendar file", reason));
        }
        let events = found.into_iter().map(|event| Event::new(event)?.into_calendar());
        events.filter_map(Result::transpose).try_fold(Self::new(), |all, event| Ok(all.or(event?)))
    }
}

/// Performs the checks that the parser omits: the text must contain a VCALENDAR, and components must not be nested
/// deeper than [`MAX_DEPTH`]. Returns the number of VEVENTs.
fn validate_structure(text: &str) -> Result<usize, TriggerError> {
    let invalid = |reason| Err(TriggerError::invalid_text("an iCalendar file", reason));
    let (mut calendars, mut events, mut depth) = (0, 0, 0_usize);
    for line in text.lines() {
        let line = line.trim_end().to_ascii_uppercase();
        match line.split_once(':') {
            Some(("BEGIN", name)) => {
                calendars += usize::from(name == "VCALENDAR");
                events += usize::from(name == "VEVENT");
                depth += 1;
            }
            Some(("END", _)) => depth = depth.saturating_sub(1),
            _ if depth == 0 && !line.is_empty() => {
                return invalid("text outside of a component");
            }
            _ => {}
        }
        if depth > MAX_DEPTH {
            return invalid("components are nested too deeply");
        }
    }
    match calendars {
        0 => invalid("no VCALENDAR component"),
        _ => Ok(events),
    }
}

fn collect_events<'c, 'i>(components: &'c [Component<'i>], events: &mut Vec<&'c Component<'i>>) {
    for component in components {
        if component.name.as_str().eq_ignore_ascii_case("VEVENT") {
            events.push(component);
        }
        collect_events(&component.components, events);
    }
}

/// The evaluated properties of a VEVENT.
struct Event {
    name: String,
    cancelled: bool,
    /// The first day, as a day number.
    start: i32,
    days: u32,
    rule: Option<String>,
    /// Additional dates (RDATE).
    rdates: Vec<i32>,
    /// Excluded dates (EXDATE).
    exdates: Vec<i32>,
}

impl Event {
    fn new(component: &Component<'_>) -> Result<Self, TriggerError> {
        let all = |name: &str| -> Vec<String> {
            let named = component.properties.iter();
            let named = named.filter(|property| property.name.as_str().eq_ignore_ascii_case(name));
            named.map(|property| property.val.as_str().trim().to_owned()).collect()
        };
        let one = |name: &str| all(name).into_iter().next();
        let name = one("SUMMARY").or_else(|| one("UID")).unwrap_or_default();
        let invalid =
            |reason: &str| Err(TriggerError::invalid_text(format!("event {name}"), reason));
        let Some(start) = one("DTSTART") else {
            return invalid("DTSTART is missing");
        };
        for unsupported in ["RECURRENCE-ID", "EXRULE"] {
            if one(unsupported).is_some() {
                return invalid(&format!("{unsupported} is not supported"));
            }
        }
        if all("RRULE").len() > 1 {
            return invalid("only one RRULE is supported");
        }
        let start = parse_day("DTSTART", &start)?;
        let end = match (one("DTEND"), one("DURATION")) {
            (Some(end), _) => parse_day("DTEND", &end)?,
            (None, Some(duration)) => start.saturating_add(duration_days(&duration)?),
            (None, None) => start + 1,
        };
        if end < start {
            return invalid("the end is before the start");
        }
        Ok(Self {
            cancelled: one("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")),
            start,
            // Some programs write an end equal to the start for an event of one day.
            days: start.abs_diff(end).max(1),
            rule: one("RRULE"),
            rdates: parse_days("RDATE", &all("RDATE"))?,
            exdates: parse_days("EXDATE", &all("EXDATE"))?,
            name,
        })
    }

    /// Returns the days to exclude, or `None` if the event is cancelled.
    fn into_calendar(self) -> Result<Option<Calendar>, TriggerError> {
        if self.cancelled {
            return Ok(None);
        }
        let dates = |calendar: Calendar, first: i32| {
            let last = first.saturating_add_unsigned(self.days - 1);
            calendar.dates(day_text(first), day_text(last))
        };
        let once = self.rule.is_none().then_some(self.start);
        let single = once.iter().chain(&self.rdates).filter(|day| !self.exdates.contains(day));
        let calendar = single.copied().fold(Calendar::new(), dates);
        let Some(rule) = &self.rule else {
            return Ok(Some(calendar));
        };
        let rule = rule::to_cron(rule, self.start).map_err(|reason| {
            TriggerError::invalid_text(format!("event {}: RRULE:{rule}", self.name), reason)
        })?;
        let exdates = self.exdates.iter().map(|&day| day_text(day));
        let yearly = Yearly { rule, exdates: exdates.fold(Calendar::new(), Calendar::date) };
        Ok(Some(calendar.days_from(yearly, self.days)))
    }
}

/// A yearly rule without the dates in `exdates`. It is converted into a trigger in the zone in which the calendar is
/// used.
#[derive(Clone)]
struct Yearly {
    rule: CronTriggerBuilder,
    exdates: Calendar,
}

impl IntoTrigger for Yearly {
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        if self.exdates.is_empty() {
            self.rule.into_trigger(defaults)
        } else {
            self.rule.except(self.exdates).into_trigger(defaults)
        }
    }
}

/// Parses a date in the form `20261224` to a day number.
fn parse_day(field: &'static str, text: &str) -> Result<i32, TriggerError> {
    if text.len() != 8 {
        let reason = "only whole days are supported, in the form YYYYMMDD";
        return Err(TriggerError::invalid_field(field, text, 1, reason));
    }
    DateTimeInput::from(text).day(field, &Zone::utc())
}

/// Parses comma-separated lists of dates.
fn parse_days(field: &'static str, lists: &[String]) -> Result<Vec<i32>, TriggerError> {
    let texts = lists.iter().flat_map(|list| list.split(','));
    texts.map(|text| parse_day(field, text)).collect()
}

/// Parses a duration such as `P3D` or `P1W` to a number of days.
fn duration_days(text: &str) -> Result<i32, TriggerError> {
    let upper = text.to_ascii_uppercase();
    let number = |unit: char| upper.strip_prefix('P')?.strip_suffix(unit)?.parse::<u16>().ok();
    let days = number('D').map(i32::from);
    let days = days.or_else(|| Some(i32::from(number('W')?) * 7));
    days.ok_or_else(|| {
        let reason = "only whole days are supported, in the forms P3D and P1W";
        TriggerError::invalid_field("DURATION", text, 1, reason)
    })
}
