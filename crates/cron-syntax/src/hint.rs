//! Hints for text that is not valid in a field, but in other dialects of cron or in English.

use crate::field::{Field, MONTHS, WEEKDAYS};

/// The syntax in which a field is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// The fields of APScheduler, given one by one.
    Fields,
    /// A line of a crontab.
    Crontab,
    /// An expression of Quartz.
    Quartz,
}

const FULL_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const FULL_WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Returns how a term that was rejected may be written.
pub(crate) fn hint(dialect: Dialect, field: Field, term: &str) -> Option<String> {
    let term = term.trim().to_ascii_lowercase();
    let mut words = term.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    if let Some(hint) = words.find_map(short_name) {
        return Some(hint);
    }
    if let Some(rest) = term.strip_prefix('h')
        && (rest.is_empty() || rest.starts_with(['/', '(']))
    {
        let value = field.min().max(7).min(field.max());
        return Some(format!(
            "\"H\" (a value derived from the job's name, as in Jenkins) is not supported: choose a value such as {value}"
        ));
    }
    match dialect {
        Dialect::Fields => in_fields(field, &term),
        Dialect::Crontab => is_quartz(&term).then(|| {
            "this is the syntax of Quartz, for which there is CronTrigger::from_quartz".to_owned()
        }),
        Dialect::Quartz => None,
    }
}

/// The hint for the full name of a month or weekday, or another abbreviation of it.
fn short_name(word: &str) -> Option<String> {
    let find = |full: &[&str], short: &[&'static str]| {
        let position = full.iter().position(|full| word.len() > 3 && full.starts_with(word))?;
        Some(short[position])
    };
    // "sept" and "tues" are beginnings of the full names; "thurs" is, too.
    let name = find(&FULL_MONTHS, &MONTHS).or_else(|| find(&FULL_WEEKDAYS, &WEEKDAYS))?;
    Some(format!("{word:?} is written as {name:?}"))
}

/// Whether the term has syntax of Quartz: `L`, `L-3`, `5L`, `LW`, `15W`, `2#1`, `?`.
fn is_quartz(term: &str) -> bool {
    term == "?"
        || term.contains('#')
        || (term.chars().all(|c| c.is_ascii_digit() || matches!(c, 'l' | 'w' | '-'))
            && term.contains(['l', 'w']))
        || term.strip_suffix('l').is_some_and(|day| WEEKDAYS.contains(&day))
}

/// How a term of Quartz is written in the fields of APScheduler.
fn in_fields(field: Field, term: &str) -> Option<String> {
    if !is_quartz(term) {
        return None;
    }
    Some(match (field, term) {
        (_, "?") => "any value is written as \"*\"".to_owned(),
        (Field::Day, "l") => "the last day of the month is written as \"last\"".to_owned(),
        (Field::DayOfWeek, _) if term.contains('#') => {
            "the second Friday of the month is written as day \"2nd fri\"".to_owned()
        }
        (Field::DayOfWeek, _) if term.ends_with('l') && term.len() > 1 => {
            "the last Friday of the month is written as day \"last fri\"".to_owned()
        }
        _ => "this is the syntax of Quartz, for which there is CronTrigger::from_quartz".to_owned(),
    })
}
