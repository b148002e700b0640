//! Parser for expressions of the Quartz scheduler.
//!
//! The rules are those of `CronExpression` in Quartz 2.5, but stricter: text after a complete term and a step of 0 are
//! errors here. Relative days such as `L` and `6#3` may be combined with other terms in a list.

use crate::error::SyntaxError;
use crate::expression::{Expression, Expressions, FieldTerm, FieldTerms, split_terms};
use crate::field::{Field, MONTHS};
use crate::hint::Dialect;
use crate::scan::{FieldSyntax, ParseError, Scanner, name_index};

/// Weekday names; Sunday is 1, as in Quartz.
const WEEKDAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Parses an expression and normalizes `text`: upper case, single spaces.
///
/// # Errors
///
/// Returns [`SyntaxError`] if the text or a field is invalid.
pub fn parse(text: &mut String) -> Result<Expressions, SyntaxError> {
    *text = text.to_ascii_uppercase();
    let parts: Vec<_> = text.split_whitespace().collect();
    let (second, minute, hour, day, month, weekday, year) = match parts[..] {
        [second, minute, hour, day, month, weekday] => {
            (second, minute, hour, day, month, weekday, "*")
        }
        [second, minute, hour, day, month, weekday, year] => {
            (second, minute, hour, day, month, weekday, year)
        }
        _ => {
            let reason = format!(
                "{} fields; expected 6 or 7: second, minute, hour, day of month, month, day of week \
                 and optionally year",
                parts.len()
            );
            return Err(SyntaxError::in_text(&**text, reason));
        }
    };
    if (day == "?") == (weekday == "?") {
        let reason = "exactly one of day of month and day of week must be \"?\"";
        return Err(SyntaxError::in_field(Field::DayOfWeek, weekday, 1, reason));
    }
    let mut day = parse_field(Field::Day, day)?;
    let mut weekday = parse_field(Field::DayOfWeek, weekday)?;
    if !weekday.terms.iter().all(is_range_term) {
        day.terms = weekday.terms.into_iter().flat_map(to_nth_terms).collect();
        weekday = Expression::wildcard(Field::DayOfWeek);
    }
    let expressions = [
        parse_field(Field::Year, year)?,
        parse_field(Field::Month, month)?,
        day,
        Expression::wildcard(Field::Week),
        weekday,
        parse_field(Field::Hour, hour)?,
        parse_field(Field::Minute, minute)?,
        parse_field(Field::Second, second)?,
    ];
    *text = parts.join(" ");
    Ok(expressions)
}

fn is_range_term(term: &FieldTerm) -> bool {
    matches!(term, FieldTerm::Range { .. })
}

/// Converts a weekday to its first to fifth occurrences in the month, so that it can be combined with other relative
/// days, all of which are terms of the day of the month.
fn to_nth_terms(term: FieldTerm) -> Vec<FieldTerm> {
    match term {
        FieldTerm::Range { first, .. } => {
            (0..5).map(|nth| FieldTerm::Nth { nth, weekday: first }).collect()
        }
        term => vec![term],
    }
}

fn parse_field(field: Field, text: &str) -> Result<Expression, SyntaxError> {
    if text == "?" && matches!(field, Field::Day | Field::DayOfWeek) {
        return Ok(Expression::wildcard(field));
    }
    let mut terms = FieldTerms::new();
    for (offset, part) in split_terms(text) {
        let parsed = parse_term(field, part)
            .map_err(|error| error.in_field(Dialect::Quartz, field, text, offset))?;
        terms.extend(parsed);
    }
    Ok(Expression { terms, has_wildcard: text.starts_with(['*', '/']) })
}

/// The syntax of a field.
fn field_syntax(field: Field) -> FieldSyntax {
    let (min, max, names, allowed): (_, _, &[&str], _) = match field {
        Field::DayOfWeek => {
            (1, 7, &WEEKDAYS, "1-7 from Sunday or SUN-SAT, also as 6L or 6#3; L; ?")
        }
        Field::Month => (1, 12, &MONTHS, "1-12 or JAN-DEC"),
        Field::Day => (1, 31, &[], "1-31, also as 15W; L, L-3, LW, L-3W; ?"),
        _ => (field.min(), field.max(), &[], field.allowed()),
    };
    FieldSyntax { min, max, names, allowed }
}

/// Parses one of the comma-separated parts of a field.
fn parse_term(field: Field, text: &str) -> Result<Vec<FieldTerm>, ParseError> {
    let mut scanner = Scanner::new(text);
    let terms = match field {
        Field::Day if scanner.eat('L') => vec![parse_days_before_last(&mut scanner)?],
        // `L` without a weekday is the last day of the week.
        Field::DayOfWeek if text == "L" && scanner.eat('L') => range_terms(field, 7, 7, 1),
        _ => parse_value_terms(field, &mut scanner)?,
    };
    scanner.expect_end(field_syntax(field).allowed)?;
    Ok(terms)
}

/// Parses the rest of `L`, `L-n`, `LW` or `L-nW` in the day of the month, after the `L`.
fn parse_days_before_last(scanner: &mut Scanner<'_>) -> Result<FieldTerm, ParseError> {
    let mut days = 0;
    if scanner.eat('-') {
        let at = scanner.column();
        let number = scanner.number().filter(|days| (1..=30).contains(days));
        days = number
            .ok_or_else(|| ParseError::new(at, "expected a number of days; allowed: 1-30"))?;
    }
    Ok(if scanner.eat('W') {
        FieldTerm::NearestWorkdayToLastMinus(days)
    } else {
        FieldTerm::LastDayMinus(days)
    })
}

/// Parses `*`, `a` or `a-b`, each with an optional step, and `aW`, `aL` and `a#n`.
fn parse_value_terms(
    field: Field,
    scanner: &mut Scanner<'_>,
) -> Result<Vec<FieldTerm>, ParseError> {
    let FieldSyntax { min, max, .. } = field_syntax(field);
    if scanner.eat('*') || scanner.next_is(|c| c == '/') {
        let step = parse_step(scanner, max)?.unwrap_or(1);
        return Ok(range_terms(field, min, max, step));
    }
    let named = scanner.next_is(char::is_alphabetic);
    let first = parse_value(field, named, scanner)?;
    if field == Field::Day && scanner.eat('W') {
        return Ok(vec![FieldTerm::NearestWorkday(first)]);
    }
    if field == Field::DayOfWeek && scanner.eat('L') {
        return Ok(vec![FieldTerm::LastWeekday(to_monday_based(first))]);
    }
    if field == Field::DayOfWeek && scanner.eat('#') {
        let at = scanner.column();
        let number = scanner.number().filter(|nth| (1..=5).contains(nth));
        let nth = number.ok_or_else(|| ParseError::new(at, "expected a position; allowed: 1-5"))?;
        let weekday = to_monday_based(first);
        return Ok(vec![FieldTerm::Nth { nth: nth as usize - 1, weekday }]);
    }
    if !scanner.eat('-') {
        let step = if named { None } else { parse_step(scanner, max)? };
        return Ok(match step {
            None => range_terms(field, first, first, 1),
            Some(step) => range_terms(field, first, max, step),
        });
    }
    let last = parse_value(field, named, scanner)?;
    if last < first && field == Field::Year {
        return Err(ParseError::new(0, "the end of a range of years must not be before its start"));
    }
    let step = if named { None } else { parse_step(scanner, u32::MAX)? };
    Ok(range_terms(field, first, last, step.unwrap_or(1)))
}

/// Parses an optional `/s`.
fn parse_step(scanner: &mut Scanner<'_>, largest: u32) -> Result<Option<u32>, ParseError> {
    if !scanner.eat('/') {
        return Ok(None);
    }
    let at = scanner.column();
    let number = scanner.number().filter(|step| (1..=largest).contains(step));
    number
        .map(Some)
        .ok_or_else(|| ParseError::new(at, format!("expected a step; allowed: 1-{largest}")))
}

/// Parses a value, which must be a name if `named` is set, and a number otherwise.
fn parse_value(field: Field, named: bool, scanner: &mut Scanner<'_>) -> Result<u32, ParseError> {
    let FieldSyntax { min, max, names, allowed } = field_syntax(field);
    let at = scanner.column();
    let value = match named {
        true => name_index(names, scanner.letters(3)).map(|position| position + min),
        false => scanner.number(),
    };
    let value = value.filter(|value| (min..=max).contains(value));
    value.ok_or_else(|| {
        ParseError::new(at, format!("a value is missing or out of range; allowed: {allowed}"))
    })
}

/// Returns every `step`th value from `first` to `last`. If `last` is less than `first`, the range wraps around at the
/// maximum of the field.
fn range_terms(field: Field, first: u32, last: u32, step: u32) -> Vec<FieldTerm> {
    let FieldSyntax { min, max, .. } = field_syntax(field);
    if first <= last && field != Field::DayOfWeek {
        return vec![FieldTerm::Range { first, last, step }];
    }
    let count = max - min + 1;
    let end = if last < first { last + count } else { last };
    let wrapped = (first..=end).step_by(step as usize).map(|value| (value - min) % count + min);
    let single = |value| FieldTerm::Range { first: value, last: value, step: 1 };
    match field {
        Field::DayOfWeek => wrapped.map(to_monday_based).map(single).collect(),
        _ => wrapped.map(single).collect(),
    }
}

/// Converts a weekday counted from Sunday = 1 to one counted from Monday = 0.
fn to_monday_based(weekday: u32) -> u32 {
    (weekday + 5) % 7
}
