//! APScheduler's field expressions.

use punctual_core::TriggerError;
use smallvec::{SmallVec, smallvec};

use super::field::{Field, WEEKDAYS};
use super::scan::{Fault, Scanner, value_of};

/// One of the comma-separated parts of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// Every `step`th value from `first` to `last`.
    Stride { first: u32, last: u32, step: u32 },
    /// The `nth` such weekday of the month, counted from 0.
    Nth { nth: usize, weekday: u32 },
    /// The last such weekday of the month.
    LastWeekday(u32),
    /// So many days before the last day of the month; 0 is the last day itself.
    BeforeLast(u32),
    /// The weekday, Monday to Friday, that is nearest to that day without leaving the month.
    Nearest(u32),
    /// The weekday that is nearest to that many days before the last day of the month.
    NearestBeforeLast(u32),
}

/// Most fields have one item or two: a schedule is understood without asking for memory for each of them.
pub(super) type Items = SmallVec<[Item; 2]>;

/// A field's expression, understood.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    pub(super) items: Items,
    /// Whether one of the items is a star: such a field follows the clock.
    pub(super) star: bool,
}

/// Days of the month that are told by position.
const POSITIONS: [&str; 6] = ["1st", "2nd", "3rd", "4th", "5th", "last"];

impl Expression {
    /// `*`.
    pub(super) fn star(field: Field) -> Self {
        Self {
            items: smallvec![Item::Stride { first: field.min(), last: field.max(), step: 1 }],
            star: true,
        }
    }

    /// What a field is when it is not given, and neither is a less significant one: its least value, but weeks
    /// and weekdays stay free.
    pub(super) fn least(field: Field) -> Self {
        if matches!(field, Field::Year | Field::Week | Field::DayOfWeek) {
            return Self::star(field);
        }
        Self {
            items: smallvec![Item::Stride { first: field.min(), last: field.min(), step: 1 }],
            star: false,
        }
    }

    /// Reads the expression `value` of `field`, and appends to `normal` its normal form: what is shown and
    /// stored.
    pub(super) fn parse(
        field: Field,
        value: &str,
        normal: &mut String,
    ) -> Result<Self, TriggerError> {
        let mut items = Items::new();
        let mut star = false;
        for (offset, part) in parts(value) {
            if !items.is_empty() {
                normal.push(',');
            }
            let item = part.trim_start();
            let indent = part.len() - item.len();
            star |= item.starts_with('*');
            items.push(
                parse_item(field, item.trim_end(), normal)
                    .map_err(|fault| fault.in_field(field, value, offset + indent))?,
            );
        }
        Ok(Self { items, star })
    }
}

/// The comma-separated parts of an expression, with the number of bytes before each.
pub(super) fn parts(value: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    value.split(',').map(move |part| {
        let start = offset;
        offset += part.len() + 1;
        (start, part)
    })
}

/// Reads one item and appends its normal form to `normal`.
fn parse_item(field: Field, text: &str, normal: &mut String) -> Result<Item, Fault> {
    if text.is_empty() {
        return Err(Fault::new(
            0,
            format!("nothing is written here; allowed: {}", field.allowed()),
        ));
    }
    if field == Field::Day
        && let Some(position) = parse_position(text, normal)
    {
        return position;
    }
    let mut scanner = Scanner::new(text);
    let item = if scanner.eat('*') {
        normal.push('*');
        let step = parse_step(&mut scanner, field.max() - field.min(), normal)?;
        Item::Stride { first: field.min(), last: field.max(), step }
    } else if let Some(first) = scanner.number() {
        parse_numbers(field, first, &mut scanner, normal)?
    } else if field.names().is_empty() {
        return Err(unrecognized(field, text));
    } else {
        parse_names(field, &mut scanner, normal)?
    };
    scanner.finish(field.allowed())?;
    Ok(item)
}

fn unrecognized(field: Field, text: &str) -> Fault {
    Fault::new(0, format!("{text:?} is not understood; allowed: {}", field.allowed()))
}

/// Reads `a`, `a/s`, `a-b` or `a-b/s`, of which `a` has been read.
fn parse_numbers(
    field: Field,
    first: u32,
    scanner: &mut Scanner<'_>,
    normal: &mut String,
) -> Result<Item, Fault> {
    check_range(field, first, 0)?;
    push(normal, first);
    let mut last = None;
    if scanner.eat('-') {
        let at = scanner.column();
        let Some(number) = scanner.number() else {
            return Err(Fault::new(
                at,
                format!("a number is missing; allowed: {}", field.allowed()),
            ));
        };
        check_range(field, number, at)?;
        check_order(first, number, 0)?;
        if number != first {
            normal.push('-');
            push(normal, number);
        }
        last = Some(number);
    }
    let before_step = *scanner;
    let stepped = scanner.eat('/');
    *scanner = before_step;
    let end = last.unwrap_or(if stepped { field.max() } else { first });
    let step = parse_step(scanner, end - first, normal)?;
    Ok(Item::Stride { first, last: end, step })
}

/// Reads `/s` if it is there.
fn parse_step(scanner: &mut Scanner<'_>, range: u32, normal: &mut String) -> Result<u32, Fault> {
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
            push(normal, step);
            return Ok(step);
        }
    };
    Err(Fault::new(at, reason))
}

/// Reads `name` or `name-name`.
fn parse_names(
    field: Field,
    scanner: &mut Scanner<'_>,
    normal: &mut String,
) -> Result<Item, Fault> {
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
    Ok(Item::Stride { first: field.min() + first, last: field.min() + last, step: 1 })
}

/// Reads a name; January and Monday are 0.
fn parse_name(field: Field, scanner: &mut Scanner<'_>) -> Result<u32, Fault> {
    let at = scanner.column();
    let word = scanner.word();
    value_of(field.names(), word).ok_or_else(|| {
        Fault::new(at, format!("{word:?} is not a name here; allowed: {}", field.allowed()))
    })
}

/// Reads `last`, `last wday` or `Nth wday`, if `text` begins with a position.
fn parse_position(text: &str, normal: &mut String) -> Option<Result<Item, Fault>> {
    let (head, tail) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let nth = POSITIONS.iter().position(|known| known.eq_ignore_ascii_case(head))?;
    let tail = tail.trim_start();
    normal.push_str(POSITIONS[nth]);
    let is_last = nth == POSITIONS.len() - 1;
    if tail.is_empty() && is_last {
        return Some(Ok(Item::BeforeLast(0)));
    }
    let Some(weekday) = value_of(&WEEKDAYS, tail) else {
        let at = text.chars().count() - tail.chars().count();
        let reason = format!("{tail:?} is not a weekday; allowed: mon-sun");
        return Some(Err(Fault::new(at, reason)));
    };
    normal.push(' ');
    normal.push_str(WEEKDAYS[weekday as usize]);
    Some(Ok(if is_last { Item::LastWeekday(weekday) } else { Item::Nth { nth, weekday } }))
}

fn check_range(field: Field, value: u32, at: usize) -> Result<(), Fault> {
    if (field.min()..=field.max()).contains(&value) {
        return Ok(());
    }
    Err(Fault::new(at, format!("{value} is out of range; allowed: {}", field.allowed())))
}

fn check_order(first: u32, last: u32, at: usize) -> Result<(), Fault> {
    if first <= last {
        return Ok(());
    }
    Err(Fault::new(at, "a range must not end before it begins"))
}

fn push(text: &mut String, number: u32) {
    if number >= 10 {
        push(text, number / 10);
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
    fn expressions_have_a_normal_form() {
        assert_eq!(text(Field::Month, " JAN-mar , 06"), "jan-mar,6");
        assert_eq!(text(Field::Day, "1ST  FRI,last,LAST sun"), "1st fri,last,last sun");
        assert_eq!(text(Field::Hour, "3-3,*/6,4/5,1-9/2"), "3,*/6,4/5,1-9/2");
        assert_eq!(text(Field::DayOfWeek, "fri-fri"), "fri");
    }

    #[test]
    fn errors_name_field_column_and_allowed_values() {
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
            r#"day "2nd monday" (column 5): "monday" is not a weekday; allowed: mon-sun"#
        );
        assert_eq!(
            error(Field::DayOfWeek, "mon-fri/2"),
            r#"day_of_week "mon-fri/2" (column 8): unexpected "/2"; allowed: 0-6 or mon-sun"#
        );
    }

    #[test]
    fn malformed_text_is_refused() {
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
