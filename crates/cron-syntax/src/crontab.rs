//! Parser for crontab lines.

use std::collections::BTreeMap;

use crate::error::SyntaxError;
use crate::expression::{Expression, Expressions, FieldTerm, FieldTerms, split_terms};
use crate::field::{Field, MONTHS};
use crate::hint::Dialect;
use crate::scan::{FieldSyntax, ParseError, Scanner, name_index};

/// The fields of a line, in order.
const FIELDS: [Field; 5] = [Field::Minute, Field::Hour, Field::Day, Field::Month, Field::DayOfWeek];

/// The macros of Vixie cron, except `@reboot`, which does not specify a time.
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
fn split(line: &str) -> Result<[&str; 5], SyntaxError> {
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
    let mut reason =
        format!("{count} fields; expected 5: minute, hour, day of month, month, day of week");
    if matches!(count, 6 | 7) {
        reason.push_str("; for fields of seconds and years, use CronTrigger::from_quartz");
    }
    Err(SyntaxError::in_text(line, reason))
}

/// Splits a line in APScheduler's dialect into its fields. In this dialect, all fields must match and Monday is 0.
///
/// # Errors
///
/// Returns [`SyntaxError`] if there are not five fields.
pub fn split_apscheduler(line: &str) -> Result<BTreeMap<Field, String>, SyntaxError> {
    Ok(FIELDS.into_iter().zip(split(line)?.map(str::to_owned)).collect())
}

/// Parses a crontab line by the rules of Vixie cron, where 0 and 7 are Sunday, and normalizes its spaces. The second
/// return value is true if neither day field begins with `*`; a day then needs to match only one of the two.
///
/// # Errors
///
/// Returns [`SyntaxError`] if the line or a field is invalid.
pub fn parse(line: &mut String) -> Result<(Expressions, bool), SyntaxError> {
    if !is_normalized(line) {
        *line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let expanded = expand_macro(line)?;
    let [minute, hour, day, month, weekday] = split(expanded)?;
    let expressions = [
        Expression::default_for_unset(Field::Year),
        parse_field(Field::Month, month)?,
        parse_field(Field::Day, day)?,
        Expression::default_for_unset(Field::Week),
        parse_field(Field::DayOfWeek, weekday)?,
        parse_field(Field::Hour, hour)?,
        parse_field(Field::Minute, minute)?,
        Expression::default_for_unset(Field::Second),
    ];
    let day_fields_or = !day.starts_with('*') && !weekday.starts_with('*');
    Ok((expressions, day_fields_or))
}

/// Returns whether the line consists of printable ASCII characters, and its fields are separated by single spaces.
fn is_normalized(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.iter().all(|byte| matches!(byte, b' '..=b'~'))
        && bytes.windows(2).all(|pair| pair != b"  ")
        && bytes.trim_ascii().len() == bytes.len()
}

fn expand_macro(line: &str) -> Result<&str, SyntaxError> {
    if !line.starts_with('@') {
        return Ok(line);
    }
    let found = MACROS.iter().find(|(name, _)| name.eq_ignore_ascii_case(line));
    found.map(|&(_, expanded)| expanded).ok_or_else(|| {
        let known: Vec<_> = MACROS.iter().map(|&(name, _)| name).collect();
        SyntaxError::in_text(line, format!("unknown macro; known: {}", known.join(", ")))
    })
}

fn parse_field(field: Field, text: &str) -> Result<Expression, SyntaxError> {
    if text == "*" {
        return Ok(Expression::wildcard(field));
    }
    let mut terms = FieldTerms::new();
    for (offset, part) in split_terms(text) {
        let term = parse_term(field, part)
            .map_err(|error| error.in_field(Dialect::Crontab, field, text, offset))?;
        match term {
            FieldTerm::Range { first, last, step } if field == Field::DayOfWeek => {
                terms.extend(to_monday_based(first, last, step));
            }
            term => terms.push(term),
        }
    }
    Ok(Expression { terms, has_wildcard: text.starts_with('*') })
}

/// The syntax of a field. Weekday 7 is Sunday, like 0.
fn field_syntax(field: Field) -> FieldSyntax {
    let (min, max, names, allowed): (_, _, &[&str], _) = match field {
        Field::DayOfWeek => (0, 7, &WEEKDAYS, "0-7 or sun-sat"),
        Field::Month => (1, 12, &MONTHS, field.allowed()),
        Field::Day => (1, 31, &[], "1-31"),
        _ => (field.min(), field.max(), &[], field.allowed()),
    };
    FieldSyntax { min, max, names, allowed }
}

/// Parses `*`, `*/s`, `a`, `a-b` or `a-b/s`.
fn parse_term(field: Field, text: &str) -> Result<FieldTerm, ParseError> {
    let FieldSyntax { min, max, allowed, .. } = field_syntax(field);
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
            return Err(ParseError::new(0, "the end of a range must not be before its start"));
        }
    }
    let mut step = 1;
    let at = scanner.column();
    if scanner.eat('/') {
        if !is_range {
            let reason = format!("a step requires a range, as in {first}-{max}/2");
            return Err(ParseError::new(at, reason));
        }
        let number = scanner.number().filter(|&step| step > 0);
        step = number.ok_or_else(|| ParseError::new(at + 1, "a step must be a number from 1"))?;
    }
    scanner.expect_end(allowed)?;
    Ok(FieldTerm::Range { first, last, step })
}

fn parse_value(field: Field, scanner: &mut Scanner<'_>) -> Result<u32, ParseError> {
    let FieldSyntax { min, max, names, allowed } = field_syntax(field);
    let at = scanner.column();
    let value = match scanner.number() {
        Some(number) => Some(number),
        None => name_index(names, scanner.word()).map(|position| position + min),
    };
    value.filter(|value| (min..=max).contains(value)).ok_or_else(|| {
        ParseError::new(at, format!("a value is missing or out of range; allowed: {allowed}"))
    })
}

/// Converts a range of weekdays counted from Sunday = 0 (and 7) to weekdays counted from Monday = 0.
fn to_monday_based(first: u32, last: u32, step: u32) -> impl Iterator<Item = FieldTerm> {
    let days = (first..=last).step_by(step as usize).map(|day| (day + 6) % 7);
    days.map(|day| FieldTerm::Range { first: day, last: day, step: 1 })
}
