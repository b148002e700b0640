//! Lines of a crontab.

use std::collections::BTreeMap;

use punctual_core::TriggerError;

use super::expression::{Expression, Item, Items, parts};
use super::field::{Field, MONTHS};
use super::pattern::Expressions;
use super::refused::Refused;
use super::scan::{Fault, Scanner, value_of};

/// The fields of a line, in its order.
const FIELDS: [Field; 5] = [Field::Minute, Field::Hour, Field::Day, Field::Month, Field::DayOfWeek];

/// The macros of Vixie cron. `@reboot` is no time.
const MACROS: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Weekday names; Sunday is 0, as in Vixie cron.
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Splits a line into its five fields.
fn split(line: &str) -> Result<[&str; 5], Refused> {
    let mut fields = [""; 5];
    let mut count = 0;
    for part in line.split_whitespace() {
        if let Some(field) = fields.get_mut(count) {
            *field = part;
        }
        count += 1;
    }
    if count == fields.len() {
        return Ok(fields);
    }
    let reason =
        format!("{count} fields; expected 5: minute, hour, day of month, month, day of week");
    Err(Refused { field: None, value: line.to_owned(), reason })
}

/// The fields of a line in APScheduler's dialect, in which all must match and Monday is 0.
pub(super) fn apscheduler(line: &str) -> Result<BTreeMap<Field, String>, Refused> {
    Ok(FIELDS.into_iter().zip(split(line)?.map(str::to_owned)).collect())
}

/// Understands a line of a standard crontab, by the rules of Vixie cron: 0 and 7 are Sunday, and if neither
/// day field begins with a star, a day needs to match only one of them. Tells whether that is so.
pub(super) fn parse(line: &mut String) -> Result<(Expressions, bool), TriggerError> {
    if !is_normal(line) {
        *line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let expanded = expand_macro(line)?;
    let [minute, hour, day, month, weekday] = split(expanded)?;
    let expressions = [
        Expression::least(Field::Year),
        parse_field(Field::Month, month)?,
        parse_field(Field::Day, day)?,
        Expression::least(Field::Week),
        parse_field(Field::DayOfWeek, weekday)?,
        parse_field(Field::Hour, hour)?,
        parse_field(Field::Minute, minute)?,
        Expression::least(Field::Second),
    ];
    let either = !day.starts_with('*') && !weekday.starts_with('*');
    Ok((expressions, either))
}

/// Whether single spaces, and no other white space, separate the fields.
fn is_normal(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && bytes.windows(2).all(|pair| pair != b"  ")
        && bytes.trim_ascii().len() == bytes.len()
}

fn expand_macro(line: &str) -> Result<&str, TriggerError> {
    if !line.starts_with('@') {
        return Ok(line);
    }
    let found = MACROS.iter().find(|(name, _)| name.eq_ignore_ascii_case(line));
    found.map(|&(_, expanded)| expanded).ok_or_else(|| {
        let known: Vec<_> = MACROS.iter().map(|&(name, _)| name).collect();
        TriggerError::invalid_text(line, format!("unknown macro; known: {}", known.join(", ")))
    })
}

fn parse_field(field: Field, text: &str) -> Result<Expression, TriggerError> {
    if text == "*" {
        return Ok(Expression::star(field));
    }
    let mut items = Items::new();
    for (offset, part) in parts(text) {
        let item = parse_item(field, part).map_err(|fault| fault.in_field(field, text, offset))?;
        match item {
            Item::Stride { first, last, step } if field == Field::DayOfWeek => {
                items.extend(from_monday(first, last, step));
            }
            item => items.push(item),
        }
    }
    Ok(Expression { items, star: text.starts_with('*') })
}

/// The smallest and largest number and the names of a field; 7 is a second name of Sunday.
fn vocabulary(field: Field) -> (u32, u32, &'static [&'static str], &'static str) {
    match field {
        Field::DayOfWeek => (0, 7, &WEEKDAYS, "0-7 or sun-sat"),
        Field::Month => (1, 12, &MONTHS, field.allowed()),
        Field::Day => (1, 31, &[], "1-31"),
        _ => (field.min(), field.max(), &[], field.allowed()),
    }
}

/// Reads `*`, `a` or `a-b`, the first and the last also with `/s`.
fn parse_item(field: Field, text: &str) -> Result<Item, Fault> {
    let (min, max, _, allowed) = vocabulary(field);
    let mut scanner = Scanner::new(text);
    let (mut first, mut last) = (min, max);
    let mut is_range = true;
    if !scanner.eat('*') {
        first = parse_value(field, &mut scanner)?;
        last = first;
        is_range = scanner.eat('-');
        if is_range {
            last = parse_value(field, &mut scanner)?;
        }
        if last < first {
            return Err(Fault::new(0, "a range must not end before it begins"));
        }
    }
    let mut step = 1;
    let at = scanner.column();
    if scanner.eat('/') {
        if !is_range {
            let reason = format!("a step needs a range, as in {first}-{max}/2");
            return Err(Fault::new(at, reason));
        }
        let number = scanner.number().filter(|&step| step > 0);
        step = number.ok_or_else(|| Fault::new(at + 1, "a step must be a number from 1"))?;
    }
    scanner.finish(allowed)?;
    Ok(Item::Stride { first, last, step })
}

fn parse_value(field: Field, scanner: &mut Scanner<'_>) -> Result<u32, Fault> {
    let (min, max, names, allowed) = vocabulary(field);
    let at = scanner.column();
    let value = match scanner.number() {
        Some(number) => Some(number),
        None => value_of(names, scanner.word()).map(|position| position + min),
    };
    value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
        Fault::new(at, format!("a value is missing or out of range; allowed: {allowed}"))
    })
}

/// Weekdays counted from Sunday = 0 (and 7) as weekdays counted from Monday = 0.
fn from_monday(first: u32, last: u32, step: u32) -> impl Iterator<Item = Item> {
    let days = (first..=last).step_by(step as usize).map(|day| (day + 6) % 7);
    days.map(|day| Item::Stride { first: day, last: day, step: 1 })
}
