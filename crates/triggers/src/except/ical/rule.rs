//! Conversion of yearly recurrence rules to cron triggers that fire at noon.

use std::collections::BTreeMap;

use punctual_core::{Timestamp, Trigger, Zone};

use crate::civil::{FIRST_YEAR, LAST_YEAR, date_from_day_number, day_at};
use crate::input::day_text;
use crate::{CronTrigger, CronTriggerBuilder};

/// The weekday names of recurrence rules and of cron.
const WEEKDAYS: [(&str, &str); 7] = [
    ("MO", "mon"),
    ("TU", "tue"),
    ("WE", "wed"),
    ("TH", "thu"),
    ("FR", "fri"),
    ("SA", "sat"),
    ("SU", "sun"),
];

/// The maximum `COUNT`. `COUNT` is limited because its occurrences are enumerated.
const MAX_COUNT: u32 = 100_000;

/// Returns the cron builder for a rule such as `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH` that starts on the day `start`. The
/// error is the reason why the rule is invalid or not supported.
pub(super) fn to_cron(rule: &str, start: i32) -> Result<CronTriggerBuilder, String> {
    let rule = rule.to_ascii_uppercase();
    let mut parts = BTreeMap::new();
    for part in rule.split(';').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').ok_or(format!("{part:?} has no value"))?;
        if parts.insert(name, value).is_some() {
            return Err(format!("{name} is given twice"));
        }
    }
    if parts.remove("FREQ") != Some("YEARLY") {
        return Err("only FREQ=YEARLY is supported".to_owned());
    }
    // The first day of the week does not affect any of the supported parts.
    parts.remove("WKST");
    let mut cron = days(&mut parts, start)?.hour(12).start_date(day_text(start));
    if let Some(interval) = parts.remove("INTERVAL") {
        cron = cron.year(years(date_from_day_number(start).0, number(interval, 1..=9999)?));
    }
    if let Some(until) = parts.remove("UNTIL") {
        let date = until.get(..8).filter(|date| date.bytes().all(|b| b.is_ascii_digit()));
        let date = date.ok_or(format!("UNTIL={until} is not a date"))?;
        let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
        cron = cron.end_date(format!("{year}-{month}-{day} 23:59:59"));
    }
    let count = parts.remove("COUNT").map(|count| number(count, 1..=MAX_COUNT)).transpose()?;
    match parts.keys().next() {
        Some(name) => Err(format!("{name} is not supported")),
        None => apply_count(cron, start, count),
    }
}

/// Sets the end date after `count` occurrences, if a count is given.
fn apply_count(
    cron: CronTriggerBuilder,
    start: i32,
    count: Option<u32>,
) -> Result<CronTriggerBuilder, String> {
    // The dates are the same in any zone.
    let utc = Zone::utc();
    let trigger = cron.clone().timezone(&utc).build().map_err(|error| error.to_string())?;
    let mut fire = trigger.next_fire_time(None, Timestamp::MIN);
    if start < 0 {
        return match count {
            Some(_) => Err("a rule with COUNT must start in 1970 or later".to_owned()),
            None => Ok(cron),
        };
    }
    if fire.map(|fire| day_at(&utc, fire)) != Some(start) {
        return Err(format!("DTSTART {} does not match the rule", day_text(start)));
    }
    let Some(count) = count else {
        return Ok(cron);
    };
    for _ in 1..count {
        let Some(next) = trigger.next_fire_time(fire, Timestamp::MIN) else {
            return Ok(cron);
        };
        fire = Some(next);
    }
    let last = fire.map_or(start, |fire| day_at(&utc, fire));
    Ok(cron.end_date(format!("{} 23:59:59", day_text(last))))
}

/// Returns the field expression for every `interval` years from `first` on.
fn years(first: i32, interval: u32) -> String {
    let interval = i32::try_from(interval).unwrap_or(LAST_YEAR);
    // The first year of cron triggers is 1970.
    let missed = (FIRST_YEAR - first).max(0);
    let first = first + (missed + interval - 1) / interval * interval;
    if first + interval > LAST_YEAR {
        return first.min(LAST_YEAR).to_string();
    }
    format!("{first}/{interval}")
}

/// Returns the cron builder for the days of a year that match the rule.
fn days(parts: &mut BTreeMap<&str, &str>, start: i32) -> Result<CronTriggerBuilder, String> {
    let (_, month, day) = date_from_day_number(start);
    let by_month = parts.remove("BYMONTH");
    let by_month_day = parts.remove("BYMONTHDAY").map(month_days).transpose()?;
    let (by_position, by_weekday) = parts.remove("BYDAY").map_or(Ok((None, None)), weekdays)?;
    if by_position.is_some() && (by_month.is_none() || by_month_day.is_some()) {
        return Err(
            "BYDAY with numbers requires BYMONTH and cannot be combined with BYMONTHDAY".to_owned()
        );
    }
    let has_day_rule = by_month_day.is_some() || by_weekday.is_some();
    let months = match by_month {
        Some(months) => list(months, |month| number(month, 1..=12).map(|month| month.to_string()))?,
        None if has_day_rule => "*".to_owned(),
        None => month.to_string(),
    };
    let days = match by_month_day.or(by_position) {
        Some(days) => days,
        None if has_day_rule => "*".to_owned(),
        None => day.to_string(),
    };
    let weekdays = by_weekday.unwrap_or_else(|| "*".to_owned());
    Ok(CronTrigger::builder().month(months).day(days).day_of_week(weekdays))
}

fn month_days(days: &str) -> Result<String, String> {
    list(days, |day| match day {
        "-1" => Ok("last".to_owned()),
        _ => number(day, 1..=31).map(|day| day.to_string()),
    })
}

/// Parses `BYDAY`. Returns the weekdays with a position in the month as the first value, or weekdays without a position
/// as the second.
fn weekdays(days: &str) -> Result<(Option<String>, Option<String>), String> {
    let is_plain = |day: &str| WEEKDAYS.iter().any(|(name, _)| *name == day);
    let plain = days.split(',').filter(|day| is_plain(day)).count();
    let text = list(days, |day| {
        let invalid = || format!("BYDAY={day} is not supported");
        let (position, weekday) =
            day.split_at_checked(day.len().saturating_sub(2)).ok_or_else(invalid)?;
        let known = WEEKDAYS.iter().find(|(name, _)| *name == weekday);
        let (_, weekday) = known.ok_or_else(invalid)?;
        Ok(match position.strip_prefix('+').unwrap_or(position) {
            "" => (*weekday).to_owned(),
            "-1" => format!("last {weekday}"),
            "1" => format!("1st {weekday}"),
            "2" => format!("2nd {weekday}"),
            "3" => format!("3rd {weekday}"),
            "4" => format!("4th {weekday}"),
            "5" => format!("5th {weekday}"),
            _ => return Err(invalid()),
        })
    })?;
    match plain {
        0 => Ok((Some(text), None)),
        _ if plain == days.split(',').count() => Ok((None, Some(text))),
        _ => Err("BYDAY must not combine days with and without numbers".to_owned()),
    }
}

/// Parses the items of a comma-separated list.
fn list(text: &str, item: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    Ok(text.split(',').map(item).collect::<Result<Vec<_>, _>>()?.join(","))
}

fn number(text: &str, allowed: std::ops::RangeInclusive<u32>) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        format!("{text:?} is not supported; allowed: {}-{}", allowed.start(), allowed.end())
    })
}
