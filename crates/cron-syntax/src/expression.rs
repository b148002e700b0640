//! Parser for APScheduler's field expressions.

use smallvec::{SmallVec, smallvec};

use crate::error::SyntaxError;
use crate::field::{Field, WEEKDAYS};
use crate::hint::Dialect;
use crate::scan::{ParseError, Scanner, name_index};

/// One of the comma-separated terms of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldTerm {
    /// Every `step`th value from `first` to `last`.
    Range {
        /// The first value.
        first: u32,
        /// The last value, not less than the first.
        last: u32,
        /// The step, at least 1.
        step: u32,
    },
    /// The `nth` occurrence of the weekday in the month, counted from 0.
    Nth {
        /// The number of the occurrence, counted from 0.
        nth: usize,
        /// The weekday; Monday is 0.
        weekday: u32,
    },
    /// The last occurrence of the weekday in the month.
    LastWeekday(u32),
    /// This number of days before the last day of the month; 0 is the last day itself.
    LastDayMinus(u32),
    /// The day from Monday to Friday that is nearest to this day of the month and in the same month.
    NearestWorkday(u32),
    /// The day from Monday to Friday that is nearest to this number of days before the last day of the month.
    NearestWorkdayToLastMinus(u32),
}

/// The terms of a field. Most fields have one or two, which are stored inline to avoid an allocation per field.
pub type FieldTerms = SmallVec<[FieldTerm; 2]>;

/// The parsed expression of a field.
#[derive(Clone, Debug)]
pub struct Expression {
    /// The terms, at least one.
    pub terms: FieldTerms,
    /// Whether the expression contains a wildcard (`*`, with or without a step).
    pub has_wildcard: bool,
}

/// The expressions of all fields, including defaults, indexed by [`Field`].
pub type Expressions = [Expression; 8];

/// The positions of weekdays in the month.
const POSITIONS: [&str; 6] = ["1st", "2nd", "3rd", "4th", "5th", "last"];

impl Expression {
    /// The expression `*`.
    #[must_use]
    pub fn wildcard(field: Field) -> Self {
        Self {
            terms: smallvec![FieldTerm::Range { first: field.min(), last: field.max(), step: 1 }],
            has_wildcard: true,
        }
    }

    /// The default of a field that is not given and is less significant than all given fields: `*` for year, week and
    /// day of week, and the minimum for all others.
    #[must_use]
    pub fn default_for_unset(field: Field) -> Self {
        if matches!(field, Field::Year | Field::Week | Field::DayOfWeek) {
            return Self::wildcard(field);
        }
        Self {
            terms: smallvec![FieldTerm::Range { first: field.min(), last: field.min(), step: 1 }],
            has_wildcard: false,
        }
    }

    /// Parses the expression `value` of `field` and appends its normalized form, which is displayed and stored, to
    /// `normal`.
    ///
    /// # Errors
    ///
    /// Returns [`SyntaxError`] for the first invalid term.
    pub fn parse(field: Field, value: &str, normal: &mut String) -> Result<Self, SyntaxError> {
        let mut terms = FieldTerms::new();
        let mut has_wildcard = false;
        for (offset, part) in split_terms(value) {
            if !terms.is_empty() {
                normal.push(',');
            }
            let term = part.trim_start();
            let indent = part.len() - term.len();
            has_wildcard |= term.starts_with('*');
            terms.push(
                parse_term(field, term.trim_end(), normal).map_err(|error| {
                    error.in_field(Dialect::Fields, field, value, offset + indent)
                })?,
            );
        }
        Ok(Self { terms, has_wildcard })
    }
}

/// The comma-separated parts of an expression, each with its byte offset.
pub(crate) fn split_terms(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    value.split(',').map(move |part| {
        let start = offset;
        offset += part.len() + 1;
        (start, part)
    })
}

/// Parses one term and appends its normalized form to `normal`.
fn parse_term(field: Field, text: &str, normal: &mut String) -> Result<FieldTerm, ParseError> {
    if text.is_empty() {
        return Err(ParseError::new(0, format!("empty value; allowed: {}", field.allowed())));
    }
    if field == Field::Day
        && let Some(position) = parse_position(text, normal)
    {
        return position;
    }
    let mut scanner = Scanner::new(text);
    let term = if scanner.eat('*') {
        normal.push('*');
        let step = parse_step(&mut scanner, field.max() - field.min(), normal)?;
        FieldTerm::Range { first: field.min(), last: field.max(), step }
    } else if let Some(first) = scanner.number() {
        parse_numbers(field, first, &mut scanner, normal)?
    } else if field.names().is_empty() {
        return Err(unrecognized(field, text));
    } else {
        parse_names(field, &mut scanner, normal)?
    };
    scanner.expect_end(field.allowed())?;
    Ok(term)
}

fn unrecognized(field: Field, text: &str) -> ParseError {
    ParseError::new(0, format!("invalid value {text:?}; allowed: {}", field.allowed()))
}

/// Parses the rest of `a`, `a/s`, `a-b` or `a-b/s`, after `a`.
fn parse_numbers(
    field: Field,
    first: u32,
    scanner: &mut Scanner<'_>,
    normal: &mut String,
) -> Result<FieldTerm, ParseError> {
    check_range(field, first, 0)?;
    push_decimal(normal, first);
    let mut last = None;
    if scanner.eat('-') {
        let at = scanner.column();
        let Some(number) = scanner.number() else {
            return Err(ParseError::new(
                at,
                format!("expected a number; allowed: {}", field.allowed()),
            ));
        };
        check_range(field, number, at)?;
        check_order(first, number, 0)?;
        if number != first {
            normal.push('-');
            push_decimal(normal, number);
        }
        last = Some(number);
    }
    let before_step = *scanner;
    let stepped = scanner.eat('/');
    *scanner = before_step;
    let end = last.unwrap_or(if stepped { field.max() } else { first });
    let step = parse_step(scanner, end - first, normal)?;
    Ok(FieldTerm::Range { first, last: end, step })
}

/// Parses an optional `/s`.
fn parse_step(
    scanner: &mut Scanner<'_>,
    range: u32,
    normal: &mut String,
) -> Result<u32, ParseError> {
    if !scanner.eat('/') {
        return Ok(1);
    }
    let at = scanner.column();
    let reason = match scanner.number() {
        None => "a step must be a number".to_owned(),
        Some(0) => "a step must be at least 1".to_owned(),
        Some(step) if step > range => {
            format!("the step {step} is larger than the range it applies to, which is {range}")
        }
        Some(step) => {
            normal.push('/');
            push_decimal(normal, step);
            return Ok(step);
        }
    };
    Err(ParseError::new(at, reason))
}

/// Parses `name` or `name-name`.
fn parse_names(
    field: Field,
    scanner: &mut Scanner<'_>,
    normal: &mut String,
) -> Result<FieldTerm, ParseError> {
    let first = parse_name(field, scanner)?;
    normal.push_str(field.names()[first as usize]);
    let mut last = first;
    if scanner.eat('-') {
        last = parse_name(field, scanner)?;
        check_order(first, last, 0)?;
        if last != first {
            normal.push('-');
            normal.push_str(field.names()[last as usize]);
        }
    }
    Ok(FieldTerm::Range { first: field.min() + first, last: field.min() + last, step: 1 })
}

/// Parses a name. January and Monday are 0.
fn parse_name(field: Field, scanner: &mut Scanner<'_>) -> Result<u32, ParseError> {
    let at = scanner.column();
    let word = scanner.word();
    name_index(field.names(), word).ok_or_else(|| {
        ParseError::new(at, format!("unknown name {word:?}; allowed: {}", field.allowed()))
    })
}

/// Parses `last`, `last wday` or `Nth wday`. Returns `None` if `text` does not begin with a position.
fn parse_position(text: &str, normal: &mut String) -> Option<Result<FieldTerm, ParseError>> {
    let (head, tail) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let nth = POSITIONS.iter().position(|known| known.eq_ignore_ascii_case(head))?;
    let tail = tail.trim_start();
    normal.push_str(POSITIONS[nth]);
    let is_last = nth == POSITIONS.len() - 1;
    if tail.is_empty() && is_last {
        return Some(Ok(FieldTerm::LastDayMinus(0)));
    }
    let Some(weekday) = name_index(&WEEKDAYS, tail) else {
        let at = text.chars().count() - tail.chars().count();
        let reason = format!("{tail:?} is not a weekday; allowed: mon-sun");
        return Some(Err(ParseError::new(at, reason)));
    };
    normal.push(' ');
    normal.push_str(WEEKDAYS[weekday as usize]);
    Some(Ok(if is_last {
        FieldTerm::LastWeekday(weekday)
    } else {
        FieldTerm::Nth { nth, weekday }
    }))
}

fn check_range(field: Field, value: u32, at: usize) -> Result<(), ParseError> {
    if (field.min()..=field.max()).contains(&value) {
        return Ok(());
    }
    Err(ParseError::new(at, format!("{value} is out of range; allowed: {}", field.allowed())))
}

fn check_order(first: u32, last: u32, at: usize) -> Result<(), ParseError> {
    if first <= last {
        return Ok(());
    }
    Err(ParseError::new(at, "the end of a range must not be before its start"))
}

fn push_decimal(text: &mut String, number: u32) {
    if number >= 10 {
        push_decimal(text, number / 10);
    }
    text.push(char::from(b'0' + (number % 10) as u8));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(field: Field, value: &str) -> String {
        let mut text = String::new();
        Expression::parse(field, value, &mut text).unwrap();
        text
    }

    #[test]
    fn expressions_are_normalized() {
        assert_eq!(text(Field::Month, " JAN-mar , 06"), "jan-mar,6");
        assert_eq!(text(Field::Day, "1ST  FRI,last,LAST sun"), "1st fri,last,last sun");
        assert_eq!(text(Field::Hour, "3-3,*/6,4/5,1-9/2"), "3,*/6,4/5,1-9/2");
        assert_eq!(text(Field::DayOfWeek, "fri-fri"), "fri");
    }

    #[test]
    fn errors_contain_field_column_and_allowed_values() {
        let error = |field, value| {
            let parsed = Expression::parse(field, value, &mut String::new());
            parsed.unwrap_err().to_string()
        };
        assert_eq!(
            error(Field::Hour, "3, 24"),
            r#"hour "3, 24" (column 4): 24 is out of range; allowed: 0-23"#
        );
        assert_eq!(
            error(Field::Day, "2nd monday"),
            r#"day "2nd monday" (column 5): "monday" is not a weekday; allowed: mon-sun; "monday" is written as "mon""#
        );
        for (field, value, hint) in [
            (Field::DayOfWeek, "mon,thursday-fri", r#""thursday" is written as "thu""#),
            (Field::Month, "sept", r#""sept" is written as "sep""#),
            (
                Field::Minute,
                "H",
                r#""H" (a value derived from the job's name, as in Jenkins) is not supported"#,
            ),
            (Field::Hour, "h/2", "is not supported: choose a value such as 7"),
            (Field::Day, "L", r#"the last day of the month is written as "last""#),
            (Field::Day, "15W", "CronTrigger::from_quartz"),
            (Field::Day, "?", r#"any value is written as "*""#),
            (Field::DayOfWeek, "friL", r#"is written as day "last fri""#),
            (Field::DayOfWeek, "6#2", r#"is written as day "2nd fri""#),
        ] {
            let text = error(field, value);
            assert!(text.contains(hint), "{text}");
        }
        assert_eq!(
            error(Field::DayOfWeek, "mon-fri/2"),
            r#"day_of_week "mon-fri/2" (column 8): unexpected "/2"; allowed: 0-6 or mon-sun"#
        );
    }

    #[test]
    fn malformed_text_is_an_error() {
        for (field, value) in [
            (Field::Day, "lastx"),
            (Field::Day, "last-1"),
            (Field::Day, "1st"),
            (Field::Day, "6th fri"),
            (Field::Hour, "1-5-7"),
            (Field::Hour, "*/2/3"),
            (Field::Hour, "0-0/5"),
            (Field::Hour, "１"),
            (Field::Month, "jan/2"),
            (Field::Month, "1-jan"),
            (Field::Month, "dec-feb"),
            (Field::Month, "jan-feb-"),
            (Field::Minute, "99999999999999999999"),
            (Field::Minute, "5,"),
            (Field::Minute, "+5"),
        ] {
            let parsed = Expression::parse(field, value, &mut String::new());
            assert!(parsed.is_err(), "{value}");
        }
    }
}
