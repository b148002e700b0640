//! Calendars from iCalendar files (RFC 5545).

mod rule;

use icalendar::parser::{Component, read_components, unfold};
use punctual_core::{IntoTrigger, Trigger, TriggerDefaults, TriggerError, Zone};
use std::sync::Arc;

use super::{Calendar, Except};
use crate::CronTriggerBuilder;
use crate::input::{DateTimeInput, day_text};

/// How deep components may lie in each other; `VCALENDAR` and `VEVENT` are two.
const DEPTH: usize = 8;

impl Calendar {
    /// The days of the events in an iCalendar file, such as the public holidays of a country.
    ///
    /// Events must be whole days: one or several, once, on more dates (`RDATE`), or every year (`RRULE` with
    /// `FREQ=YEARLY`), but for some dates (`EXDATE`). A yearly rule may have `INTERVAL`, `COUNT`, `UNTIL`, `BYMONTH`,
    /// `BYMONTHDAY` (1 to 31, or -1) and `BYDAY` (with 1 to 5 or -1 in a month, or without a number). Cancelled
    /// events are left out.
    ///
    /// ```
    /// use punctual_triggers::{Calendar, CronTrigger, Except};
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
    /// When the text is not a calendar, and for every event that can't be understood as a whole: nothing in
    /// the file is silently left out.
    pub fn from_ical(text: &str) -> Result<Self, TriggerError> {
        // The parser takes carriage returns for a part of what precedes them in some places.
        let text = unfold(&text.replace("\r\n", "\n"));
        let events = outline(&text)?;
        let components = read_components(&text)
            .map_err(|error| TriggerError::invalid_text("an iCalendar file", error))?;
        let mut found = Vec::new();
        collect(&components, &mut found);
        if found.len() != events {
            let reason = format!("{events} events begin, but only {} can be read", found.len());
            return Err(TriggerError::invalid_text("an iCalendar file", reason));
        }
        let events = found.into_iter().map(|event| Event::new(event)?.calendar());
        events.filter_map(Result::transpose).try_fold(Self::new(), |all, event| Ok(all.and(event?)))
    }
}

/// Checks what the parser would not: that there is a calendar, and that it is not nested beyond reason. Counts
/// its events.
fn outline(text: &str) -> Result<usize, TriggerError> {
    let refuse = |reason| Err(TriggerError::invalid_text("an iCalendar file", reason));
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
                return refuse("there is text outside of a component");
            }
            _ => {}
        }
        if depth > DEPTH {
            return refuse("its components lie too deep in each other");
        }
    }
    match calendars {
        0 => refuse("there is no VCALENDAR in it"),
        _ => Ok(events),
    }
}

fn collect<'c, 'i>(components: &'c [Component<'i>], events: &mut Vec<&'c Component<'i>>) {
    for component in components {
        if component.name.as_str().eq_ignore_ascii_case("VEVENT") {
            events.push(component);
        }
        collect(&component.components, events);
    }
}

/// What counts of an event.
struct Event {
    name: String,
    cancelled: bool,
    /// As a day number.
    start: i32,
    days: u32,
    rule: Option<String>,
    more: Vec<i32>,
    less: Vec<i32>,
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
        let refuse =
            |reason: &str| Err(TriggerError::invalid_text(format!("event {name}"), reason));
        let Some(start) = one("DTSTART") else {
            return refuse("it has no DTSTART");
        };
        for unsupported in ["RECURRENCE-ID", "EXRULE"] {
            if one(unsupported).is_some() {
                return refuse(&format!("{unsupported} is not supported"));
            }
        }
        if all("RRULE").len() > 1 {
            return refuse("only one RRULE is supported");
        }
        let start = day("DTSTART", &start)?;
        let end = match (one("DTEND"), one("DURATION")) {
            (Some(end), _) => day("DTEND", &end)?,
            (None, Some(duration)) => start.saturating_add(duration_days(&duration)?),
            (None, None) => start + 1,
        };
        if end < start {
            return refuse("it ends before it begins");
        }
        Ok(Self {
            cancelled: one("STATUS").is_some_and(|status| status.eq_ignore_ascii_case("CANCELLED")),
            start,
            // An end at the start, which some programs write, means the one day.
            days: start.abs_diff(end).max(1),
            rule: one("RRULE"),
            more: days("RDATE", &all("RDATE"))?,
            less: days("EXDATE", &all("EXDATE"))?,
            name,
        })
    }

    /// The days to exclude; none if the event is cancelled.
    fn calendar(self) -> Result<Option<Calendar>, TriggerError> {
        if self.cancelled {
            return Ok(None);
        }
        let dates = |calendar: Calendar, first: i32| {
            let last = first.saturating_add_unsigned(self.days - 1);
            calendar.dates(day_text(first), day_text(last))
        };
        let once = self.rule.is_none().then_some(self.start);
        let single = once.iter().chain(&self.more).filter(|day| !self.less.contains(day));
        let calendar = single.copied().fold(Calendar::new(), dates);
        let Some(rule) = &self.rule else {
            return Ok(Some(calendar));
        };
        let rule = rule::cron(rule, self.start).map_err(|reason| {
            TriggerError::invalid_text(format!("event {}: RRULE:{rule}", self.name), reason)
        })?;
        let less = self.less.iter().map(|&day| day_text(day));
        let yearly = Yearly { rule, less: less.fold(Calendar::new(), Calendar::date) };
        Ok(Some(calendar.days_from(yearly, self.days)))
    }
}

/// A yearly rule but for some dates, as a trigger in the zone in which the calendar is used.
#[derive(Clone)]
struct Yearly {
    rule: CronTriggerBuilder,
    less: Calendar,
}

impl IntoTrigger for Yearly {
    fn into_trigger(self, defaults: &TriggerDefaults) -> Result<Arc<dyn Trigger>, TriggerError> {
        if self.less.is_empty() {
            self.rule.into_trigger(defaults)
        } else {
            self.rule.except(self.less).into_trigger(defaults)
        }
    }
}

/// The number of a day that is written as `20261224`.
fn day(field: &'static str, text: &str) -> Result<i32, TriggerError> {
    if text.len() != 8 {
        let reason = "only whole days are supported, in the form YYYYMMDD";
        return Err(TriggerError::invalid_field(field, text, 1, reason));
    }
    DateTimeInput::from(text).day(field, &Zone::utc())
}

/// All the days in lists that are separated by commas.
fn days(field: &'static str, lists: &[String]) -> Result<Vec<i32>, TriggerError> {
    let texts = lists.iter().flat_map(|list| list.split(','));
    texts.map(|text| day(field, text)).collect()
}

/// The number of days in `P3D` or `P1W`.
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
